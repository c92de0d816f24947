"""Sessions and throttling, pure."""
