"""Simulated counterparties to trade against."""
