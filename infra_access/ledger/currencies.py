"""In which currency a way in counts what use is worth."""

from collections.abc import Mapping
from typing import Any

_DEFAULT = "EUR"


def currency_of(tariff: Mapping[str, Any], regime: str) -> str:
    """Return the currency of a tariff under a regime; where it names no price for this one, that of another.

    >>> swiss = {"proprietary": {"amount": "900", "currency": "CHF", "per": "shift"}}
    >>> currency_of(swiss, "open"), currency_of({}, "open")
    ('CHF', 'EUR')
    """
    entry = tariff.get(regime) or next(iter(tariff.values()), None)
    return str(entry["currency"]) if entry else _DEFAULT
