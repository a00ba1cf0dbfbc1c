"""The vocabulary: modalities, batches, outputs, tasks, methods, results. Imports nothing else of mmlab."""
