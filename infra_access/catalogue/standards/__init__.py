"""Exchange standards of the catalogue: pure functions, both directions, no database."""
