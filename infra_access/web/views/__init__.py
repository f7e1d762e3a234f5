"""The views: load, one call of the domain, show."""
