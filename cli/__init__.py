"""The `passerelle` command: the one place that opens every door and puts the house together."""
