"""Delivery of stored events and other work that no one waits for."""
