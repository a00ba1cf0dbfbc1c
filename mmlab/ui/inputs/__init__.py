"""How a person gives an input: one file per kind, found because it is there (`mmlab.ui.inputs.registry`)."""
