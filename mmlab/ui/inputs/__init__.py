"""How a person gives an input: one control per file, found because it is there (`mmlab.ui.inputs.registry`)."""
