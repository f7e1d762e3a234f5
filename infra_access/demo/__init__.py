"""A demonstration network: real places, invented companies, and a month of use."""
