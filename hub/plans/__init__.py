"""What is pressed for later: kept, changed, moved, cancelled; and how it leaves when its moment has come."""
