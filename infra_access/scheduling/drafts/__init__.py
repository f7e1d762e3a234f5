"""Schedules that a facility drafts: many sessions at once, published once, then answered by each team."""
