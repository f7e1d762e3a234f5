"""How many SQL statements a view may take to read, on the whole demonstration."""

from collections.abc import Mapping

MOST_USUALLY = 12

MOST: Mapping[str, int] = {
    "api.agreement": 20,
    "api.instrument": 14,
    "facility": 20,
    "instrument": 34,
}
"""Views that need more, by route."""
