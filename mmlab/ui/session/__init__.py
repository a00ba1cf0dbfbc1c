"""What one visitor has: the address, uploads, and what is cached for them."""
