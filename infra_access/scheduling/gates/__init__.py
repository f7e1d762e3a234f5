"""Gates of a booking: read with what clears them, cleared by the facility, and asked when the session begins."""
