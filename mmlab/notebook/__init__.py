"""The app's views of a trained model, as objects that display themselves in a notebook."""
