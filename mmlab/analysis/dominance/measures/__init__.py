"""One file per measure of dominance: what a file registers in `MEASURES` is in the tables, on the page, in exports."""
