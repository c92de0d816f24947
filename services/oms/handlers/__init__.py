"""The use cases: commands in batches, and queries."""
