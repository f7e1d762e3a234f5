"""Gates: what a session waits for, worked out whenever it is read."""
