"""Time: opening hours, availability, bookings and the occupancy that the database guards."""
