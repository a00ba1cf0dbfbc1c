"""Input controls: one per file, discovered because it is in this folder (`mmlab.ui.inputs.registry`)."""
