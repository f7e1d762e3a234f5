"""Upkeep: closing resources and plants, what happens to the bookings in the way, and time that was lost."""
