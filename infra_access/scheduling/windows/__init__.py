"""Free windows: a search index of bookable time, kept beside the truth and never instead of it."""
