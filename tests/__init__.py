"""The tests: the tree mirrors the package; a test says in its name what holds."""
