"""The quotes and the funding sources that a booking form offers."""

from dataclasses import dataclass
from datetime import datetime

from pyramid.request import Request

from infra_access.accounting.funding import funding_of
from infra_access.accounting.quotes import quotes_for
from infra_access.catalogue.models import Instrument
from infra_access.web.presenters.money import money


@dataclass(frozen=True, slots=True)
class Paying:
    """Quotes given to the reader for an instrument, and the sources that can pay them, as (public id, words)."""

    quotes: list[tuple[str, str]]
    sources: list[tuple[str, str]]


def paying_for(request: Request, instrument: Instrument, *, now: datetime) -> Paying:
    """Return what can be chosen at this moment; sources only where there is a quote to pay."""
    locale = request.locale_name
    quotes = quotes_for(request.db, actor=request.actor, instrument=instrument, now=now)
    sources = funding_of(request.db, actor=request.actor, now=now) if quotes else []
    return Paying(
        [(one.public_id, f"{one.number}: {money(one.price, one.currency, locale)}") for one in quotes],
        [
            (one.public_id, f"{one.name}: {money(one.limit_amount - one.used, one.currency, locale)}")
            for one in sources
            if one.active and one.valid_from <= now.date() <= one.valid_until
        ],
    )
