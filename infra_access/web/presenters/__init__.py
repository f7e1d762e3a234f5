"""Plain data made ready for templates: what is shown, in which words, and nothing that queries."""
