"""Drawings of the Dominance page: tables whose cells can be picked, curves, arrows."""
