"""Conversations: enquiries and what is written on requests and bookings, and how soon it is answered."""
