"""A family's own page: who is at it and how that was proved, what was sent there, and what each adult wishes."""
