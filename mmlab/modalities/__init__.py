"""Kinds of modality, one folder each: decode, preprocess, augment, corrupt, encode, draw (`core.modality_kinds`)."""
