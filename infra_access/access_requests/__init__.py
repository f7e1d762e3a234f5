"""The lifecycle from a way in to what was granted: routes, requests, approvals, agreements, allocations."""
