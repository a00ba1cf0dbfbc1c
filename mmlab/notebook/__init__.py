"""What the pages of the app show of a trained model, as objects that draw themselves in a notebook."""
