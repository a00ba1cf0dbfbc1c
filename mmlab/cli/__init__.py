"""The command line. One file under `commands/` is one command; nothing here imports torch before it must."""
