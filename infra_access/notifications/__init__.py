"""What people are told, and the transports that carry it."""
