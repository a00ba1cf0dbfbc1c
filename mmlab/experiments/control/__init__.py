"""Controllers on frozen representations (reinforcement learning): trained on complete, run on incomplete input."""
