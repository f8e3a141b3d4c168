"""The ways out to families: each an island that knows its provider and nothing of the school."""
