"""Between the contracts and the domain."""
