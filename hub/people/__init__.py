"""Who belongs to the school, who may be told what, and where they are reached."""
