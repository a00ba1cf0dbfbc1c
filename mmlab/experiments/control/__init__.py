"""Controllers on frozen representations: trained with every input there, run with some (reinforcement learning)."""
