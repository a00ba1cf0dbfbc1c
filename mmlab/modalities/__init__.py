"""Kinds of input, one folder each: decode, preprocess, augment, corrupt, encode, draw (`mmlab.core.modality_kinds`)."""
