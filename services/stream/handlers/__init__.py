"""What happens when a client says something, a quote moves, or an account changes."""
