"""Measuring what the network does: who gave whom how much."""
