"""The `tradeloom` command."""
