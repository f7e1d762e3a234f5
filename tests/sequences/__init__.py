"""Long sequences of commands on a real database, compared after every step with a small model of what should be."""
