"""Parts of pages: frame, pickers, figures, progress. Each is used by several pages."""
