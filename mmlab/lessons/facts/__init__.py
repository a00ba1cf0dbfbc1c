"""The facts that lessons ask for; a file is discovered because it is in this folder."""
