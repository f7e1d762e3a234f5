"""Series: one recurrence rule in local wall time, kept as one booking for each occurrence."""
