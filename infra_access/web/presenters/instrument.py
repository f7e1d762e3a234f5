"""What an instrument can do, in words and numbers, and the one obvious next step."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import format_decimal

from infra_access.catalogue.offers import Offer
from infra_access.core.i18n import Text, _
from infra_access.http.localisation import cldr


@dataclass(frozen=True, slots=True)
class Step:
    """The next step: the words of the button and the route that it leads to."""

    words: Text
    route: str


def next_step(offer: Offer, *, has_routes: bool, may_book: bool) -> Step:
    """Return what somebody should do next; where nothing is on offer here, ask."""
    if offer is Offer.BOOK and may_book:
        return Step(_("Book a time"), "instrument_book")
    if offer is not Offer.ASK and has_routes:
        return Step(_("Request access"), "instrument_request_steps")
    if offer is Offer.ASK_FOR_TIME:
        return Step(_("Ask for a time"), "instrument_ask")
    return Step(_("Ask the facility"), "instrument_ask")


def capabilities(stated: Iterable[dict[str, Any]], locale: str) -> list[tuple[str, str]]:
    """Return what is measured and how far: ("energy", "5–20 keV")."""
    return [(str(one.get("quantity", "")), _range(one, locale)) for one in stated]


def _range(one: dict[str, Any], locale: str) -> str:
    low, high = _number(one.get("min"), locale), _number(one.get("max"), locale)
    size = low or (f"≤ {high}" if high else "")
    if low and high and low != high:
        size = f"{low}–{high}"
    return f"{size} {one.get('unit') or ''}".strip()


def _number(value: Any, locale: str) -> str:
    if value in (None, ""):
        return ""
    try:
        return format_decimal(Decimal(str(value)), locale=cldr(locale), decimal_quantization=False)
    except InvalidOperation:
        return str(value)
