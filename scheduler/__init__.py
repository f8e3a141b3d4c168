"""When things happen: the drains, the rounds, the bell and the clock."""
