"""What every page and every API call shares: identity, rights, transactions, errors, headers."""
