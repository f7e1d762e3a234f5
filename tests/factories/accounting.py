"""Quotes, funding sources, pools and lines of the ledger for tests, made through the commands."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from infra_access.accounting.funding import create_funding
from infra_access.accounting.ledger import write_usage
from infra_access.accounting.models import AccessPeriod, AccessPool, FundingSource, Quote
from infra_access.accounting.pools import create_period, create_pool
from infra_access.accounting.quotes import give_quote
from infra_access.catalogue.models import Facility, Instrument
from infra_access.core.authority import Actor, system_actor
from infra_access.ledger.models import UsageLine
from infra_access.scheduling.models import Booking
from tests.factories.access_requests import World, make_world

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SYSTEM = system_actor("tests")
TARIFF = {
    "open": {"amount": "0", "currency": "EUR", "per": "shift"},
    "proprietary": {
        "amount": "1000.00",
        "currency": "EUR",
        "per": "shift",
        "reductions": [
            {"when": {"startup": True}, "percent": "50", "ground": "Half price for startups"},
            {"when": {"country_group": "LDC"}, "percent": "20", "ground": "Least developed countries"},
        ],
    },
}


def make_priced_world(session: Session, *, tariff: dict[str, Any] | None = None, **route: Any) -> World:
    """Make a facility with a route that has a price, and a startup of Kenya."""
    return make_world(session, tariff=TARIFF if tariff is None else tariff, **route)


def make_quote(session: Session, world: World, **overrides: Any) -> Quote:
    """Give the startup a quote for two shifts of proprietary use."""
    values: dict[str, Any] = {
        "actor": world.applicant,
        "now": NOW,
        "instrument": world.instrument,
        "facility": world.facility,
        "route": world.route,
        "regime": "proprietary",
        "units": Decimal(2),
    }
    return give_quote(session, **values | overrides)


def make_funding(session: Session, actor: Actor, **overrides: Any) -> FundingSource:
    """Make a voucher of 1000 EUR for the year."""
    values: dict[str, Any] = {
        "now": NOW,
        "kind": "voucher",
        "name": "Access voucher",
        "reference": "V-17",
        "currency": "EUR",
        "limit_amount": Decimal(1000),
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2026, 12, 31),
    }
    return create_funding(session, actor=actor, **values | overrides)


def make_usage(session: Session, world: World, booking_id: int, **overrides: Any) -> UsageLine:
    """Write a line of two shifts for a booking."""
    values: dict[str, Any] = {
        "now": NOW,
        "actor": SYSTEM,
        "facility": world.facility,
        "instrument": world.instrument,
        "kind": "used",
        "units": Decimal(2),
        "access_unit": "shift",
        "list_value": Decimal(2000),
        "price": Decimal(1000),
        "currency": "EUR",
        "booking_id": booking_id,
        "subject": session.get_one(Booking, booking_id).public_id,
    }
    return write_usage(session, **values | overrides)


def make_period(session: Session, facility: Facility, **overrides: Any) -> AccessPeriod:
    """Announce the first half of the year as a period of a facility."""
    values: dict[str, Any] = {
        "actor": SYSTEM,
        "now": NOW,
        "name": "First half",
        "starts": datetime(2026, 1, 1, tzinfo=UTC),
        "ends": datetime(2026, 7, 1, tzinfo=UTC),
    }
    return create_period(session, facility=facility, **values | overrides)


def make_pool(session: Session, period: AccessPeriod, *instruments: Instrument, **overrides: Any) -> AccessPool:
    """Set apart ten hours on instruments for the open call."""
    purpose = overrides.get("purpose", "open-call")
    values: dict[str, Any] = {
        "actor": SYSTEM,
        "now": NOW,
        "name": purpose,
        "purpose": purpose,
        "access_unit": "hour",
        "amount": Decimal(10),
    }
    return create_pool(session, period=period, instruments=instruments, **values | overrides)
