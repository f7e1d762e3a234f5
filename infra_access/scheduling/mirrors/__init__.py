"""Mirrored calendars: what another system says is busy, shown with its age and never relied on."""
