"""What missing inputs cost, whether certainty can be trusted, which answers change."""
