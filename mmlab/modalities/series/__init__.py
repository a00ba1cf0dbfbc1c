"""Series of measurements over time."""
