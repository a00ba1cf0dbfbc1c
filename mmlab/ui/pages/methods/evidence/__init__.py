"""Evidence views of the Methods page, one file each; a method names those that it shows (`evidence_views`)."""
