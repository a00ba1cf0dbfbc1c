"""Texts on screen: one TOML file of terms per page, metrics and numbers in words, method cards."""
