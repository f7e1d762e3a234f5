"""What parties gave each other, and what each gave and received in all. Plain values, no database.

A party is a country, or an organisation. What it uses of its own is no exchange, so that is left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

_NOTHING = Decimal(0)


class Side(StrEnum):
    """By what the exchange is told."""

    COUNTRY = "country"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """Who gave or received: the country alone, or an organisation with it; without both, persons of no known country.

    `organisation` is its public id, empty for a country and for persons who act for none.
    """

    country: str = ""
    name: str = ""
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """What one party gave another, in one access unit and currency: units used, their list value and their price."""

    host: Party
    user: Party
    access_unit: str
    currency: str
    lines: int
    units: Decimal
    list_value: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """What a party gave and received in one access unit and currency, in units and at the list value."""

    party: Party
    access_unit: str
    currency: str
    gave_units: Decimal
    gave_value: Decimal
    received_units: Decimal
    received_value: Decimal


def exchanged(flows: Iterable[Flow]) -> list[Flow]:
    """Return what went from one party to another, each pair once for each access unit and currency, in a fixed order.

    >>> german = Party("DE")
    >>> exchanged([Flow(german, german, "shift", "EUR", 1, Decimal(2), Decimal(500), Decimal(0))])
    []
    """
    found: dict[tuple[Party, Party, str, str], Flow] = {}
    for flow in flows:
        if _same(flow.host, flow.user):
            continue
        key = (flow.host, flow.user, flow.access_unit, flow.currency)
        known = found.get(key)
        if known is None:
            found[key] = flow
            continue
        found[key] = replace(
            flow,
            lines=known.lines + flow.lines,
            units=known.units + flow.units,
            list_value=known.list_value + flow.list_value,
            price=known.price + flow.price,
        )
    return [found[key] for key in sorted(found)]


def balances(flows: Iterable[Flow]) -> list[Balance]:
    """Return what each party of an exchange gave and received, by party, access unit and currency.

    >>> german, kenyan = Party("DE"), Party("KE")
    >>> flow = Flow(german, kenyan, "shift", "EUR", 1, Decimal(2), Decimal(500), Decimal(0))
    >>> [(one.party.country, str(one.gave_units), str(one.received_units)) for one in balances([flow])]
    [('DE', '2', '0'), ('KE', '0', '2')]
    """
    found: dict[tuple[Party, str, str], Balance] = {}
    for flow in flows:
        for party, gives in ((flow.host, True), (flow.user, False)):
            key = (party, flow.access_unit, flow.currency)
            known = found.get(key) or Balance(*key, _NOTHING, _NOTHING, _NOTHING, _NOTHING)
            if gives:
                units, value = known.gave_units + flow.units, known.gave_value + flow.list_value
                found[key] = replace(known, gave_units=units, gave_value=value)
            else:
                units, value = known.received_units + flow.units, known.received_value + flow.list_value
                found[key] = replace(known, received_units=units, received_value=value)
    return [found[key] for key in sorted(found)]


def _same(host: Party, user: Party) -> bool:
    """Tell whether both are one; persons without an organisation are another party than any organisation."""
    return host.organisation == user.organisation if host.organisation else host == user
