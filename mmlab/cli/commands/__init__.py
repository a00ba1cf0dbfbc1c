"""The commands: the module is the name, its function `command` the signature, the docstring the help."""
