"""Loading what is shared out and paid for in the demonstration: a period with four pools, a voucher, a quote."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.routes import route_by_public_id
from infra_access.accounting.favouring import favoured
from infra_access.accounting.funding import create_funding
from infra_access.accounting.models import AccessPeriod, FundingSource, Quote
from infra_access.accounting.pools import create_period, create_pool
from infra_access.accounting.quotes import give_quote
from infra_access.core.zones import day_start
from infra_access.demo.ways_loading import FAVOURED
from infra_access.ledger.models import UsageLine
from infra_access.people.actors import load_actor
from infra_access.scheduling.attendance import SIGNED_OFF_AFTER, complete_unattended
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking

if TYPE_CHECKING:
    from infra_access.demo.loading import World

_FACILITY, _SHARED, _QUOTED = "swiss-light-source", "sls-tomography", "sls-micro-xas"
_PAYING_ROUTE = "sls-proprietary"
_FOUNDER = "startup@demo.example"


def pools(session: Session, world: World) -> None:
    """Load the half of the year of this week with what is shared out of it."""
    facility, instrument = world.facilities[_FACILITY], world.instruments[_SHARED]
    year, first = world.monday.year, world.monday.month <= 6
    name = f"{year}, first half" if first else f"{year}, second half"
    known = select(AccessPeriod.id).where(AccessPeriod.facility_id == facility.id, AccessPeriod.name == name)
    if session.scalar(known) is not None:
        return
    starts = day_start(date(year, 1 if first else 7, 1), facility.timezone)
    ends = day_start(date(year, 7, 1) if first else date(year + 1, 1, 1), facility.timezone)
    told: dict[str, Any] = {"actor": world.actor, "now": world.long_ago}
    period = create_period(session, **told, facility=facility, name=name, starts=starts, ends=ends)
    units: dict[str, Any] = {"access_unit": "shift", "instruments": [instrument], "period": period}
    everyone = create_pool(session, **told, **units, name="Open call", purpose="open-call", amount=Decimal(240))
    create_pool(session, **told, **units, name="Paid access", purpose="proprietary", amount=Decimal(60))
    create_pool(
        session,
        **told,
        **units,
        name="Startups",
        purpose="set-aside",
        amount=Decimal(40),
        serves={"startup": True},
        falls_back_on=(ends - timedelta(days=31)).date(),
        falls_back_to=everyone,
    )
    create_pool(
        session,
        **told,
        **units,
        name=f"Startups and SMEs of {FAVOURED}",
        purpose="set-aside",
        amount=Decimal(20),
        serves=favoured(FAVOURED),
        falls_back_on=(ends - timedelta(days=31)).date(),
        falls_back_to=everyone,
    )


def voucher_and_quote(session: Session, world: World) -> None:
    """Load the voucher of the founder, and the price that they were quoted."""
    account = world.accounts[_FOUNDER]
    made = world.days_ago(3)
    founder = load_actor(session, account, now=made)
    if session.scalar(select(FundingSource.id).where(FundingSource.account_id == account)) is None:
        create_funding(
            session,
            actor=founder,
            now=made,
            kind="voucher",
            name="Innovation voucher",
            reference="IV-2041",
            currency="CHF",
            limit_amount=Decimal(20_000),
            valid_from=date(world.monday.year, 1, 1),
            valid_until=date(world.monday.year + 1, 12, 31),
        )
    route = route_by_public_id(session, world.routes[_PAYING_ROUTE])
    if session.scalar(select(Quote.id).where(Quote.account_id == account, Quote.route_id == route.id).limit(1)) is None:
        give_quote(
            session,
            actor=founder,
            now=made,
            instrument=world.instruments[_QUOTED],
            facility=world.facilities[_FACILITY],
            route=route,
            regime="proprietary",
            units=Decimal(2),
        )


def first_line(session: Session, world: World) -> None:
    """Complete the founder's first session there, so that the ledger has a line."""
    facility = world.facilities[_FACILITY]
    if session.scalar(select(UsageLine.id).where(UsageLine.facility_id == facility.id).limit(1)) is not None:
        return
    booking = session.scalars(
        select(Booking)
        .where(
            Booking.account_id == world.accounts[_FOUNDER],
            Booking.instrument_id == world.instruments[_QUOTED].id,
            Booking.state == BookingState.CONFIRMED,
            Booking.ends <= world.days_ago(0),
        )
        .order_by(Booking.starts)
        .limit(1)
    ).one_or_none()
    if booking is not None:
        complete_unattended(session, actor=world.actor, now=booking.ends + SIGNED_OFF_AFTER, booking=booking)
