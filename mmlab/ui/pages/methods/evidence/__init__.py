"""Evidence views of the Methods page, one file each; a method names the ones it shows (`evidence_views`)."""
