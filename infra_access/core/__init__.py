"""What every package stands on: database, columns, time, errors, ids; it knows nothing of the domains."""
