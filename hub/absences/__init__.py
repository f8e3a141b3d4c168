"""Who is missing: rolls, absence cases, and the register."""
