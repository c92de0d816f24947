"""Market data messages and books, pure."""
