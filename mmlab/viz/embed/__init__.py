"""Drawings of embeddings: the clouds of all samples, their colours, and the path of one sample through them.

A cloud is a plain Plotly specification with packed arrays, and what changes its colours is a list of changes, so that
the browser draws it once and changes it in place. Points carry nothing but combination * samples + sample.
"""
