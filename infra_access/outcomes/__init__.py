"""What came of an access: its end, its outcomes, and the report that is owed."""
