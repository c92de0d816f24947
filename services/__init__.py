"""The services of Tradeloom, and what they share: `kernel` (the words) and `kit` (the wires)."""
