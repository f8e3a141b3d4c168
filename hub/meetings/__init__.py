"""Appointments between families and teachers: times offered, chosen, moved, waited for."""
