"""What a class does: its homework diary and its results."""
