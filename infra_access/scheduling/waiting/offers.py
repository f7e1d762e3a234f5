"""Offering time that came free to those who wait: first come, first served, and never the same time to two.

An offer is a hold of its own, so that the database keeps its time for one person alone. Whoever does not answer loses
the offer and the place in the list, and the next one is asked.
"""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.models import AccessRequest, AccessRoute, Allocation
from infra_access.audit.record import record
from infra_access.core.apart import each_apart
from infra_access.core.authority import Actor, system_actor
from infra_access.core.db import Database
from infra_access.core.errors import DomainError, Forbidden, NotFound
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import day_start, named_zone
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
from infra_access.scheduling.quotas import Holder
from infra_access.scheduling.waiting.keeping import keep, refuse_many
from infra_access.scheduling.waiting.models import WaitListEntry
from infra_access.scheduling.waiting.states import OPEN, WaitState
from infra_access.scheduling.waiting.wait_list import locked_entry

WORKER = system_actor("worker")
_GONE = (BookingState.RELEASED, BookingState.CANCELLED)
_MOST_TRIED = 4
"""Days on which a time is tried for one who waits."""


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
    _end_waits(database, now)
    with database.reader() as session:
        waiting = session.scalars(
            select(WaitListEntry.id)
            .outerjoin(Allocation, Allocation.id == WaitListEntry.allocation_id)
            .where(
                WaitListEntry.state == WaitState.WAITING,
                # Nothing new can be drawn on a consent that lapsed; whoever can renew it was told.
                or_(Allocation.review_at.is_(None), Allocation.review_at > now),
            )
            .order_by(WaitListEntry.id)
        ).all()
    return each_apart(waiting, lambda key: _offer(database, key, now), "offers were not made")


def _settle(session: Session, now: datetime) -> None:
    """Note which offers were taken and which came to nothing; of these the release of the hold tells."""
    rows = session.execute(
        select(WaitListEntry, Booking.state)
        .join(Booking, Booking.id == WaitListEntry.booking_id)
        .where(WaitListEntry.state == WaitState.OFFERED, Booking.state != BookingState.HELD)
        .order_by(WaitListEntry.id)
        .with_for_update(key_share=True, of=WaitListEntry)
        .execution_options(populate_existing=True)
    ).all()
    for entry, state in rows:
        if entry.state == WaitState.OFFERED:
            entry.state = WaitState.LAPSED if state in _GONE else WaitState.TAKEN
            _note(session, entry, f"wait_list.{entry.state}", now)
    session.flush()


def _end_waits(database: Database, now: datetime) -> None:
    """End the waits whose time is over, and tell who waited in vain."""
    over = (WaitListEntry.state == WaitState.WAITING, WaitListEntry.latest <= now)
    with database.reader() as session:
        keys = session.scalars(select(WaitListEntry.id).where(*over).order_by(WaitListEntry.id)).all()

    def end(key: int) -> bool:
        with database.writer() as session:
            entry = locked_entry(session, key)
            if entry.state != WaitState.WAITING:
                return False
            entry.state = WaitState.LAPSED
            _note(session, entry, "wait_list.lapsed", now)
            publish(session, "wait_list.lapsed", {"wait": entry.public_id}, now=now)
            return True

    each_apart(keys, end, "waits were not ended")


def _note(session: Session, entry: WaitListEntry, action: str, now: datetime, **details: str) -> None:
    record(
        session,
        actor=WORKER,
        action=action,
        object_kind="wait_list_entry",
        object_id=entry.public_id,
        now=now,
        details=details,
    )


def _offer(database: Database, key: int, now: datetime) -> bool:
    with database.reader() as session:
        entry = session.get_one(WaitListEntry, key)
        try:
            owner = load_actor(session, entry.account_id, now=now)
        except NotFound:
            return False  # their account was shut: those behind them are asked
        fits = _fits(session, entry, owner, now)
    for span in fits:
        try:
            with database.writer() as session:
                return _hold(session, key, owner, span, now)
        except Forbidden:
            # The policy says no for now: the next round asks again.
            return False
        except DomainError:
            # Taken meanwhile, or refused by what looks at the day, such as a pool: another day may do.
            continue
    return False


def _fits(session: Session, entry: WaitListEntry, owner: Actor, now: datetime) -> list[TimeSpan]:
    """Return the first span for which there is room, and the first on each of a few days after. Some seven statements.

    They are few, since each that is refused costs a transaction in every round.
    """
    book = rulebook(session)
    acting_for_id = min(owner.organisation_ids, default=None)
    if entry.allocation_id is not None:
        request = select(AccessRequest.acting_for_id).join(Allocation, Allocation.access_request_id == AccessRequest.id)
        acting_for_id = session.scalar(request.where(Allocation.id == entry.allocation_id))
    applicant = facts_of(session, owner, acting_for_id=None, now=now, book=book)
    by_way = session.scalar(select(AccessRoute.booking_rules).where(AccessRoute.public_id == entry.way)) or {}
    subjects = subjects_of(session, {entry.instrument_id: by_way}, applicant, now)
    start = max(entry.earliest, now)
    if start >= entry.latest or entry.instrument_id not in subjects:
        return []
    window = TimeSpan(start, entry.latest)
    holder = Holder(entry.account_id, entry.allocation_id, acting_for_id)
    ground = grounds_of(session, subjects, {entry.instrument_id: window}, now, holder)[entry.instrument_id]
    fitter = Fitter(ground, timedelta(minutes=entry.minutes), now)
    zone = named_zone(subjects[entry.instrument_id].timezone)
    found: list[TimeSpan] = []
    while len(found) < _MOST_TRIED and (span := fitter.next_fit(start)) is not None:
        found.append(span)
        start = day_start(span.start.astimezone(zone).date() + timedelta(days=1), zone)
    return found


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
    _note(session, entry, "wait_list.offered", now, booking=booking.public_id)
    publish(session, "booking.offered", {"booking": booking.public_id}, now=now)
    return True
