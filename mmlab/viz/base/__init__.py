"""What all drawings share: theme, charts, heatmaps, intervals."""
