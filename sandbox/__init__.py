"""The outside world in a box, for demos and tests; nothing in the school knows that it exists."""
