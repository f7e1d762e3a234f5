"""Names on sanction lists: lists that a site supplies, candidates for a human, and what the human decided."""
