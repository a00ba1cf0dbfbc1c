"""Inference with trained models: predictor, model pool, sweep, imputation."""
