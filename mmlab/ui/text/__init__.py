"""Words of the screen: one TOML file of terms per page, metrics and numbers in words, cards of the methods."""
