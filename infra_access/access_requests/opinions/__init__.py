"""Opinions of experts from outside, asked by whoever decides: whom, what, until when, and what they said."""
