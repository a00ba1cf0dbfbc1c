"""The sections of the Dominance page, one file each; `view` is the page, `kept` what is computed once."""
