"""The facts that lessons ask for; a file here is found because it is here."""
