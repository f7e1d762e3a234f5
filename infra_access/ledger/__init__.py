"""The ledger: what was used and contributed, and what parties gave each other by it. Rules may read of it."""
