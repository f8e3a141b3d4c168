"""The calendar: holidays of the zone, what the school adds, and the feed that families' calendars read."""
