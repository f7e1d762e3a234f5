"""Ending an access whose work is done: nothing more is booked on it, and its report falls due.

What still stands on it keeps it from ending: a session to come is cancelled first, or held. A quote that nobody ordered
does not, and ends with it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations
from infra_access.access_requests.lifecycle import RequestTransition
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.standing import advance, locked, own_relations, tell
from infra_access.access_requests.vocabularies import AllocationState
from infra_access.audit.record import record
from infra_access.catalogue.models import Instrument
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _, plain
from infra_access.core.input_text import clean_text
from infra_access.orders.ending import end_orders, lock_orders
from infra_access.orders.lifecycle import OPEN
from infra_access.orders.models import ServiceOrder
from infra_access.outcomes.owing import owe
from infra_access.outcomes.reporting import place_nothing, place_outcome, scopes_of
from infra_access.scheduling.lifecycle import FINAL, BookingState
from infra_access.scheduling.models import Booking

_LAPSING = (BookingState.HELD, BookingState.PROPOSED)


def complete(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    outcomes: Sequence[Mapping[str, Any]] = (),
    nothing_to_report: str | None = None,
    reason: str = "",
    expected_version: int | None = None,
) -> AccessRequest:
    """Complete an active request; its outcomes, or why there are none, may come along or later.

    Staff do so for a team that does not answer, and give the `reason`. Raises Conflict `access_request.unfinished`
    naming the session or the order that still stands, `access_request.state`; Invalid, PreconditionFailed.
    """
    own = own_relations(access_request, actor)
    require(actor, Permission.REQUEST_COMPLETE, scopes_of(session, access_request), own)
    quoted = lock_orders(session, access_request)
    access_request = locked(session, access_request, expected_version)
    reason = clean_text(reason, field="reason", max_length=2_000, required=not own)
    if outcomes and nothing_to_report is not None:
        message = _("Either report outcomes or say that there are none.")
        raise Invalid("report.both", message, fields={"nothing_to_report": [message]})
    advance(access_request, RequestTransition.COMPLETE, now, reason)
    allocations.set_state(session, access_request, AllocationState.ENDED)
    _refuse_unfinished(session, access_request, now)
    said = plain(_("The access that it belonged to was completed."))
    end_orders(session, actor=actor, now=now, access_request=access_request, locked=quoted, reason=said)
    for position, outcome in enumerate(outcomes):
        _placed(session, actor, now, access_request, outcome, f"outcomes.{position}")
    owed = owe(session, access_request, now, now)
    if nothing_to_report is not None:
        place_nothing(session, access_request, nothing_to_report, now)
    session.flush()
    tell(session, access_request, "completed", now)
    due = owed.due_at.isoformat() if owed is not None else None
    details = {"outcomes": len(outcomes), "report_due": due, "reason": reason}
    record(
        session,
        actor=actor,
        action="access_request.completed",
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details=details,
    )
    return access_request


def _placed(
    session: Session,
    actor: Actor,
    now: datetime,
    access_request: AccessRequest,
    outcome: Mapping[str, Any],
    place: str,
) -> None:
    try:
        place_outcome(session, actor=actor, now=now, access_request=access_request, outcome=outcome)
    except Invalid as error:
        named = {f"{place}.{field}": messages for field, messages in error.fields.items()}
        raise Invalid(error.code, error.message, fields=named) from error


def _refuse_unfinished(session: Session, access_request: AccessRequest, now: datetime) -> None:
    """Refuse to end what sessions or orders still stand on; the locked allocation keeps new ones away."""
    granted = allocations.allocation_of(session, access_request)
    if granted is None:
        return
    lapsed = and_(Booking.state.in_(_LAPSING), Booking.answer_by <= now)
    booked = session.execute(
        select(Booking.public_id, Booking.starts, Instrument.name)
        .join(Instrument, Instrument.id == Booking.instrument_id)
        .where(
            Booking.allocation_id == granted.id, Booking.state.not_in(FINAL), or_(Booking.answer_by.is_(None), ~lapsed)
        )
        .order_by(Booking.starts, Booking.id)
        .limit(1)
    ).one_or_none()
    if booked is not None:
        raise Conflict(
            "access_request.unfinished",
            _(
                "A session on ${instrument} still stands, from ${start}. Cancel it or wait for its end, then complete.",
                mapping={"instrument": booked.name, "start": booked.starts.isoformat(" ", "minutes")},
            ),
            details={"booking": booked.public_id},
        )
    order = session.execute(
        select(ServiceOrder.public_id, Instrument.name)
        .join(Instrument, Instrument.id == ServiceOrder.instrument_id)
        .where(ServiceOrder.allocation_id == granted.id, ServiceOrder.state.in_(OPEN))
        .order_by(ServiceOrder.id)
        .limit(1)
    ).one_or_none()
    if order is not None:
        raise Conflict(
            "access_request.unfinished",
            _(
                "Samples for ${instrument} are still in work. Wait for the results or cancel the order, then complete.",
                mapping={"instrument": order.name},
            ),
            details={"service_order": order.public_id},
        )
