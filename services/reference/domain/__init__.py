"""Instruments and groups as values."""
