"""Whole-school evenings: families say when they can come, a fair plan is proposed, adopted, and told once."""
