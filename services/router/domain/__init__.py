"""Routing rules as values."""
