"""Trained models answering: predictor, model pool, sweep, imputation."""
