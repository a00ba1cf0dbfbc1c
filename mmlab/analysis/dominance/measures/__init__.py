"""One file per measure of dominance: each one in `MEASURES` appears in tables, on the page and in exports."""
