"""What is recorded while a model learns."""
