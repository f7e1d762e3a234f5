"""Plain functions that make rows for tests, one module for each domain."""
