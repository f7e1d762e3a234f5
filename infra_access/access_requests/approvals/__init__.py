"""Approvals of requests and bookings: who is asked, who may decide, what was decided and on what it rests."""
