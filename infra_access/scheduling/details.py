"""The details of an instrument as somebody may see them: all of them for its staff and for whom access was granted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, AccessRequestInstrument, Allocation, Participant
from infra_access.access_requests.vocabularies import AllocationState
from infra_access.catalogue.models import Instrument
from infra_access.core.authority import Actor, Permission, may
from infra_access.policy.applicants import facts_of
from infra_access.policy.details import DETAILS, hidden_from, is_ruled
from infra_access.policy.facts import Facts
from infra_access.policy.places import places_of
from infra_access.policy.rulebook import rulebook
from infra_access.scheduling.lifecycle import BookingState
from infra_access.scheduling.models import Booking

_STANDING = (BookingState.CONFIRMED, BookingState.READY, BookingState.CHECKED_IN)


@dataclass(frozen=True, slots=True)
class Details:
    """The details by name, empty where they are hidden, and the names of those that are."""

    shown: Mapping[str, Any]
    hidden: tuple[str, ...] = ()


def details_of(session: Session, instrument: Instrument, *, actor: Actor | None, now: datetime) -> Details:
    """Return the details of an instrument as the actor may see them; None is a visitor, of whom nothing is known.

    What a visitor says to be opens nothing: it is an answer to "what if". One statement where no rule is about
    details, and three more at most.
    """
    hidden = hidden_of(session, [instrument], actor=actor, now=now).get(instrument.id, frozenset())
    shown = {name: _empty(instrument, name) if name in hidden else getattr(instrument, name) for name in DETAILS}
    return Details(shown, tuple(name for name in DETAILS if name in hidden))


def hidden_of(
    session: Session, instruments: Iterable[Instrument], *, actor: Actor | None, now: datetime
) -> dict[int, frozenset[str]]:
    """Return which details of which instruments are hidden from somebody, by key; nothing where all are shown."""
    book = rulebook(session)
    if not is_ruled(book):
        return {}
    known = Facts()
    if actor is not None and actor.account_id is not None:
        known = facts_of(session, actor, acting_for_id=None, now=now, book=book)
    found: dict[int, frozenset[str]] = {}
    for key, place in places_of(session, [one.id for one in instruments]).items():
        if not may(actor, Permission.DETAILS_READ, tuple(place.scopes())):
            hidden = hidden_from(book, place, known, now=now)
            if hidden and not _has_access(session, key, actor, now):
                found[key] = hidden
    return found


def _has_access(session: Session, instrument_id: int, actor: Actor | None, now: datetime) -> bool:
    """Tell whether the actor is on the team of a grant for an instrument, or has a session on it to come."""
    if actor is None or actor.account_id is None:
        return False
    on_team = select(Participant.access_request_id).where(Participant.account_id == actor.account_id)
    granted = (
        select(Allocation.id)
        .join(AccessRequest, AccessRequest.id == Allocation.access_request_id)
        .join(AccessRequestInstrument, AccessRequestInstrument.access_request_id == AccessRequest.id)
        .where(
            AccessRequestInstrument.instrument_id == instrument_id,
            AccessRequestInstrument.left_out.is_(False),
            or_(AccessRequest.requester_id == actor.account_id, AccessRequest.id.in_(on_team)),
            Allocation.state == AllocationState.ACTIVE,
            Allocation.valid_until > now,
        )
    )
    booked = select(Booking.id).where(
        Booking.instrument_id == instrument_id,
        Booking.account_id == actor.account_id,
        Booking.state.in_(_STANDING),
        Booking.ends > now,
    )
    return bool(session.scalar(select(or_(exists(granted), exists(booked)))))


def _empty(instrument: Instrument, name: str) -> str | list[Any] | None:
    """Return what stands for a hidden detail: as little as a record that states none."""
    value = getattr(instrument, name)
    if isinstance(value, list):
        return []
    return None if Instrument.__table__.c[name].nullable else ""
