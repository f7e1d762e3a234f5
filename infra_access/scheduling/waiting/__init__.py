"""Waiting for time: holds that lapse, and a wait list whose offers are holds."""
