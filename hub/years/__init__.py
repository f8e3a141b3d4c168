"""The turn of the year: classes close, pupils move on or leave, and what a family takes with it."""
