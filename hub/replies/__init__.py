"""What families answer, and what it means, whatever the way it came by."""
