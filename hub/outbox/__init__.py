"""The outbox: rungs, claims, tries and what became of them. The rows are the truth."""
