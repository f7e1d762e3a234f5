"""Offering time that came free to those who wait: first come, first served, and never the same time to two.

An offer is a hold of its own, so that the database keeps its time for one person alone. Whoever does not answer loses
the offer and the place in the list, and the next one is asked.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.models import AccessRoute
from infra_access.audit.record import record
from infra_access.core.apart import each_apart
from infra_access.core.authority import Actor, system_actor
from infra_access.core.db import Database
from infra_access.core.errors import DomainError, NotFound
from infra_access.core.timespan import TimeSpan
from infra_access.outbox.events import publish
from infra_access.people.actors import load_actor
from infra_access.policy.applicants import facts_of
from infra_access.policy.rulebook import rulebook
from infra_access.scheduling.find_time.fitting import Fitter
from infra_access.scheduling.find_time.grounds import grounds_of, subjects_of
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.making import ready
from infra_access.scheduling.models import Booking
from infra_access.scheduling.places import locked_place
from infra_access.scheduling.plan import Wish
from infra_access.scheduling.waiting.keeping import keep, refuse_many
from infra_access.scheduling.waiting.models import WaitListEntry
from infra_access.scheduling.waiting.states import OPEN, WaitState
from infra_access.scheduling.waiting.wait_list import locked_entry

WORKER = system_actor("worker")
_GONE = (BookingState.RELEASED, BookingState.CANCELLED)


def make_offers(database: Database, *, now: datetime) -> int:
    """Settle what became of earlier offers, then offer what is free to those who wait, in their order.

    Returns how many offers were made. Each is a transaction of its own, so that one that fails keeps nobody else from
    theirs.
    """
    with database.reader() as session:
        if not session.scalar(select(WaitListEntry.id).where(WaitListEntry.state.in_(OPEN)).limit(1)):
            return 0
    with database.writer() as session:
        _settle(session, now)
    with database.reader() as session:
        waiting = session.scalars(
            select(WaitListEntry.id).where(WaitListEntry.state == WaitState.WAITING).order_by(WaitListEntry.id)
        ).all()
    return each_apart(waiting, lambda key: _offer(database, key, now), "offers were not made")


def _settle(session: Session, now: datetime) -> None:
    """Note which offers were taken and which came to nothing, and who has waited in vain."""
    offered = WaitListEntry.state == WaitState.OFFERED
    of = select(Booking.id).where(Booking.id == WaitListEntry.booking_id)
    for state, condition in (
        (WaitState.LAPSED, of.where(Booking.state.in_(_GONE)).exists()),
        (WaitState.TAKEN, of.where(Booking.state.not_in((*_GONE, BookingState.HELD))).exists()),
    ):
        session.execute(update(WaitListEntry).where(offered, condition).values(state=state))
    session.execute(
        update(WaitListEntry)
        .where(WaitListEntry.state == WaitState.WAITING, WaitListEntry.latest <= now)
        .values(state=WaitState.LAPSED)
    )


def _offer(database: Database, key: int, now: datetime) -> bool:
    with database.reader() as session:
        entry = session.get_one(WaitListEntry, key)
        try:
            owner = load_actor(session, entry.account_id, now=now)
        except NotFound:
            return False  # their account was shut: those behind them are asked
        span = _first_fit(session, entry, owner, now)
    if span is None:
        return False
    try:
        with database.writer() as session:
            return _hold(session, key, owner, span, now)
    except DomainError:
        # Taken meanwhile, or a rule or the policy says no for now: the next round looks again.
        return False


def _first_fit(session: Session, entry: WaitListEntry, owner: Actor, now: datetime) -> TimeSpan | None:
    """Return the first span for which there is room. Some six statements."""
    book = rulebook(session)
    applicant = facts_of(session, owner, acting_for_id=None, now=now, book=book)
    by_way = session.scalar(select(AccessRoute.booking_rules).where(AccessRoute.public_id == entry.way)) or {}
    subjects = subjects_of(session, {entry.instrument_id: by_way}, applicant, now)
    start = max(entry.earliest, now)
    if start >= entry.latest or entry.instrument_id not in subjects:
        return None
    window = TimeSpan(start, entry.latest)
    ground = grounds_of(session, subjects, {entry.instrument_id: window}, now)[entry.instrument_id]
    return Fitter(ground, timedelta(minutes=entry.minutes), now).next_fit(start)


def _hold(session: Session, key: int, owner: Actor, span: TimeSpan, now: datetime) -> bool:
    entry = locked_entry(session, key)
    if entry.state != WaitState.WAITING:
        return False
    refuse_many(session, actor=owner, now=now)
    place = locked_place(session, entry.instrument_id)
    granted = allocations.lock_by_key(session, entry.allocation_id, now=now) if entry.allocation_id else None
    made = ready(session, owner=owner, place=place, wishes=[Wish(span)], granted=granted, now=now)
    booking = keep(session, made, minutes=made.rules.offer_minutes, now=now)
    entry.state, entry.booking_id = WaitState.OFFERED, booking.id
    session.flush()
    record(
        session,
        actor=WORKER,
        action="wait_list.offered",
        object_kind="wait_list_entry",
        object_id=entry.public_id,
        now=now,
        details={"booking": booking.public_id},
    )
    publish(session, "booking.offered", {"booking": booking.public_id}, now=now)
    return True
