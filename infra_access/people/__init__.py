"""Who acts: accounts, affiliations, roles with their scopes, sessions and API tokens, and what each may do."""
