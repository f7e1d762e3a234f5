"""Many at once: one holder for each slot, on both databases."""
