"""Predict: what it shows is in `mmlab/ui/pages/predict/`."""

from mmlab.ui.components import page_frame

page_frame.show("predict")
