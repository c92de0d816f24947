"""Execution at a quote."""
