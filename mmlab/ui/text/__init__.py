"""Words of the screen: glossary, wording, cards."""
