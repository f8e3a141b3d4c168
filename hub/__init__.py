"""The school: its people, its notices, and whether they were reached."""
