"""Kinds of input, one folder each: decode, preprocess, augment, corrupt."""
