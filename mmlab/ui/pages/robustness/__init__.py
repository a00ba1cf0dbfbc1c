"""The content of the Robustness page: one file per section, all of them on one graded sweep per model."""
