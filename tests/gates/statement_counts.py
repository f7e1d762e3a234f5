"""How many SQL statements a view may take to read, on the whole demonstration."""

from collections.abc import Mapping

MOST_USUALLY = 12

MOST: Mapping[str, int] = {
    "access_request": 29,
    "access_request_check": 21,
    "access_request_edit": 20,
    "access_request_exceptions": 20,
    "access_request_step": 25,
    "api.access_request_outcomes": 14,
    "api.agreement": 20,
    "api.instrument": 14,
    "approval": 16,
    "booking": 16,
    "facility": 20,
    "instrument": 34,
    "instrument_book": 20,
    "my_things": 15,
    "policy": 20,
    "schedule": 20,
}
"""Views that need more, by route."""
