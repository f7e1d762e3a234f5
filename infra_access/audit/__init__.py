"""The append-only record of who did what, written in the transaction of the change itself."""
