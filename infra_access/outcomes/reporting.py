"""Reporting what came of an access: adding an outcome, taking one off the list, and saying that there is none.

Titles and addresses stay out of the record: of what is kept private they may tell too much.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import AccessRequest, AccessRequestInstrument, AccessRoute
from infra_access.access_requests.request_queries import relations_to
from infra_access.access_requests.standing import locked
from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, Instrument
from infra_access.catalogue.scopes import facility_scopes
from infra_access.core.authority import Actor, Permission, Scopes, require
from infra_access.core.errors import Conflict, NotFound
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_text
from infra_access.outcomes import outcome_fields
from infra_access.outcomes.models import Outcome
from infra_access.outcomes.owing import has_outcomes, report_of, settle
from infra_access.people.models import OwedReport

MOST = 200
REPORTED_IN = (RequestState.ACTIVE, RequestState.COMPLETED, RequestState.EXPIRED)


def is_reported(session: Session, access_request: AccessRequest) -> bool:
    """Tell whether outcomes are reported of a request as it stands: one that was withdrawn where it owes a report."""
    return access_request.state in REPORTED_IN or report_of(session, access_request) is not None


def add_outcome(
    session: Session, *, actor: Actor, now: datetime, access_request: AccessRequest, outcome: Mapping[str, Any]
) -> Outcome:
    """Add what came of an access: `outcome` has kind, title, and what `outcome_fields.cleaned` takes.

    Its `instrument` is the public id of one of the request's; of a request for one instrument that is it. Raises
    Invalid naming the fields at fault, Conflict `outcome.state`, `outcome.known` or `outcome.many`, Forbidden.
    """
    access_request = _to_report(session, actor, access_request)
    added = place_outcome(session, actor=actor, now=now, access_request=access_request, outcome=outcome)
    owed = report_of(session, access_request)
    if owed is not None:
        owed.nothing_reason = None
    settle(session, access_request, now)
    _record(session, actor, "outcome.added", access_request, now, {"outcome": added.public_id, "kind": added.kind})
    return added


def place_outcome(
    session: Session, *, actor: Actor, now: datetime, access_request: AccessRequest, outcome: Mapping[str, Any]
) -> Outcome:
    """Write an outcome of a locked request; the command around it checks the right, settles the report and audits."""
    given = dict(outcome)
    instrument_id = _instrument_id(session, access_request, given.pop("instrument", None))
    values = outcome_fields.cleaned(access_request, **given)
    _refuse_more(session, access_request, values["identifier"])
    added = Outcome(
        public_id=new_public_id(),
        access_request_id=access_request.id,
        instrument_id=instrument_id,
        added_by_id=actor.account_id,
        added_at=now,
        **values,
    )
    session.add(added)
    session.flush()
    return added


def remove_outcome(
    session: Session, *, actor: Actor, now: datetime, access_request: AccessRequest, public_id: str, reason: str
) -> Outcome:
    """Take an outcome off the list, with the reason; it stays on record. Raises NotFound `outcome.unknown`."""
    access_request = _to_report(session, actor, access_request)
    reason = clean_text(reason, field="reason", max_length=2_000, required=True)
    found = session.scalars(
        select(Outcome).where(
            Outcome.public_id == public_id,
            Outcome.access_request_id == access_request.id,
            Outcome.removed_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        raise NotFound("outcome.unknown", _("There is no such outcome of this request, or it was removed already."))
    found.removed_at, found.removed_by_id, found.removed_reason = now, actor.account_id, reason
    session.flush()
    settle(session, access_request, now)
    _record(session, actor, "outcome.removed", access_request, now, {"outcome": public_id, "reason": reason})
    return found


def report_nothing(
    session: Session, *, actor: Actor, now: datetime, access_request: AccessRequest, reason: str
) -> OwedReport:
    """Say why nothing came of an access that owes a report, which meets it. Raises Conflict `report.none`."""
    access_request = _to_report(session, actor, access_request)
    owed = place_nothing(session, access_request, reason, now)
    _record(session, actor, "report.nothing", access_request, now, {"reason": owed.nothing_reason})
    return owed


def place_nothing(session: Session, access_request: AccessRequest, reason: str, now: datetime) -> OwedReport:
    """Write that nothing came of a locked request; the command around it checks the right and audits."""
    reason = clean_text(reason, field="reason", max_length=2_000, required=True)
    owed = report_of(session, access_request)
    if owed is None:
        message = _("No report is owed here: the access has not ended, or its way in asks for none.")
        raise Conflict("report.none", message)
    if has_outcomes(session, access_request):
        message = _("Outcomes are reported already. Remove them first, if nothing came of it after all.")
        raise Conflict("report.outcomes", message)
    owed.nothing_reason = reason
    settle(session, access_request, now)
    return owed


def scopes_of(session: Session, access_request: AccessRequest) -> Scopes:
    """Return the scopes of the facility that a request was sent to."""
    route = session.get_one(AccessRoute, access_request.route_id)
    return facility_scopes(session, session.get_one(Facility, route.facility_id))


def _to_report(session: Session, actor: Actor, access_request: AccessRequest) -> AccessRequest:
    relations = relations_to(session, access_request, actor)
    require(actor, Permission.OUTCOME_WRITE, scopes_of(session, access_request), relations)
    access_request = locked(session, access_request)
    if not is_reported(session, access_request):
        message = _("Outcomes are reported once the access is granted. This request does not stand there.")
        raise Conflict("outcome.state", message, details={"state": access_request.state})
    return access_request


def _instrument_id(session: Session, access_request: AccessRequest, public_id: str | None) -> int | None:
    rows = session.execute(
        select(Instrument.public_id, Instrument.id)
        .join(AccessRequestInstrument, AccessRequestInstrument.instrument_id == Instrument.id)
        .where(
            AccessRequestInstrument.access_request_id == access_request.id,
            AccessRequestInstrument.left_out.is_(False),
        )
    )
    own: dict[str, int] = {row.public_id: row.id for row in rows}
    if public_id is None:
        return next(iter(own.values())) if len(own) == 1 else None
    if public_id not in own:
        message = _("This request was not for that instrument. Name one of its own, or none.")
        raise fields.fault("outcome.instrument", "instrument", message)
    return own[public_id]


def _refuse_more(session: Session, access_request: AccessRequest, identifier: str) -> None:
    standing = (Outcome.access_request_id == access_request.id, Outcome.removed_at.is_(None))
    if identifier and session.scalar(select(Outcome.id).where(*standing, Outcome.identifier == identifier)):
        message = _("This is reported already: ${identifier}.", mapping={"identifier": identifier})
        raise Conflict("outcome.known", message)
    if (session.scalar(select(func.count()).where(*standing)) or 0) >= MOST:
        message = _("A request has at most ${most} outcomes. Name a collection instead.", mapping={"most": MOST})
        raise Conflict("outcome.many", message)


def _record(
    session: Session, actor: Actor, action: str, access_request: AccessRequest, now: datetime, details: dict[str, Any]
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="access_request",
        object_id=access_request.public_id,
        now=now,
        details=details,
    )
