"""Ways to explain an answer, one file each, registered by being here."""
