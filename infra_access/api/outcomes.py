"""What came of an access: completing a request, its outcomes and its report, and what everybody sees of it."""

from collections.abc import Mapping
from typing import Any

from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.request_queries import request_by_public_id
from infra_access.api.access_request_shapes import AccessRequestOut, whole
from infra_access.api.access_requests import VERSION
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Day, Flag, Instant, Line, Lines, ListOf, Part, PublicId
from infra_access.api.schemas import Body, Out, page_of
from infra_access.api.serving import Created
from infra_access.core.authority import Permission
from infra_access.core.paging import Page
from infra_access.core.zones import named_zone
from infra_access.outcomes.completing import complete
from infra_access.outcomes.models import Outcome
from infra_access.outcomes.outcome_queries import OutcomeView, outcomes_of, public_outcomes_of
from infra_access.outcomes.owing import is_overdue, report_of
from infra_access.outcomes.reporting import MOST, add_outcome, remove_outcome, report_nothing
from infra_access.outcomes.vocabularies import OutcomeKind


class OutcomeBody(Body):
    """Something that came of an access."""

    kind = Choice(OutcomeKind, required=True)
    title = Line(most=300, filled=True, required=True)
    identifier = Line("A DOI, a web address, or the number of a patent.", most=500)
    licence = Line("An id of SPDX, such as CC-BY-4.0; a data set needs one.", most=100, allow_none=True)
    embargo_until = Day("Of an embargoed access: from which day on everybody may see it.", allow_none=True)
    instrument = PublicId("One of the request's; all of them, if left out.", allow_none=True)
    credit = Lines("Whom and what it credits.", most=2_000)


class CompletionBody(Body):
    """What came of the access, as far as it is known yet."""

    outcomes = ListOf(Part(OutcomeBody), most=MOST)
    nothing_to_report = Lines("Why nothing came of it, in place of outcomes.", most=2_000, filled=True, allow_none=True)
    reason = Lines("Of staff who complete for a team: why.", most=2_000)


class WhyBody(Body):
    """Why, for the record."""

    reason = Lines(most=2_000, filled=True, required=True)


class OutcomeOut(Out):
    """Something that came of an access; a removed one stays with its reason."""

    id = PublicId()
    kind = Choice(OutcomeKind)
    title = Line(most=300)
    identifier = Line(most=500)
    licence = Line(most=100, allow_none=True)
    embargo_until = Day(allow_none=True)
    instrument = PublicId(allow_none=True)
    instrument_pid = Line("The persistent identifier of the instrument.", most=200, allow_none=True)
    credit = Lines(most=2_000)
    added_by = Line(most=200, allow_none=True)
    added_at = Instant()
    removed_at = Instant(allow_none=True)
    removed_reason = Lines(most=2_000, allow_none=True)


class ReportOwedOut(Out):
    """The report that is owed of an access that has ended."""

    due_at = Instant()
    overdue = Flag("Whether it is due and not there.")
    met_at = Instant(allow_none=True)
    nothing_to_report = Lines("Why nothing came of it.", most=2_000, allow_none=True)


class PublicOutcomeOut(Out):
    """What everybody may know that came of an instrument."""

    kind = Choice(OutcomeKind)
    title = Line(most=300)
    identifier = Line(most=500)
    licence = Line(most=100, allow_none=True)


@resource(
    "api.access_request_complete",
    "POST",
    permission=Permission.REQUEST_COMPLETE,
    body=CompletionBody,
    out=AccessRequestOut,
    version=VERSION,
    errors=(409,),
)
def end(call: Call) -> dict[str, Any]:
    """Complete an active request; nothing more is booked on it, and its report falls due."""
    completed = complete(call.db, access_request=_asked(call), **call.body, **call.changes)
    return whole(request_by_public_id(call.db, completed.public_id, actor=call.actor))


@resource(
    "api.access_request_outcomes",
    "GET",
    permission=Permission.REQUEST_READ,
    out=page_of(OutcomeOut, report=Part(ReportOwedOut, allow_none=True)),
)
def list_all(call: Call) -> dict[str, Any]:
    """List what came of a request, removed outcomes last, with the report that is owed."""
    items = [_shown(view) for view in outcomes_of(call.db, _asked(call))]
    return {"items": items, "next": None, "report": _report(call)}


@resource(
    "api.access_request_outcomes",
    "POST",
    permission=Permission.OUTCOME_WRITE,
    body=OutcomeBody,
    out=OutcomeOut,
    status=201,
    errors=(409,),
)
def add(call: Call) -> Created:
    """Add something that came of an access, while it is active or afterwards."""
    asked = _asked(call)
    added = add_outcome(call.db, actor=call.actor, now=call.now, access_request=asked, outcome=call.body)
    return Created(_one(call, added), f"/api/v1/access-requests/{asked.public_id}/outcomes")


@resource(
    "api.access_request_outcome_remove",
    "POST",
    permission=Permission.OUTCOME_WRITE,
    body=WhyBody,
    out=OutcomeOut,
    errors=(409,),
)
def remove(call: Call) -> dict[str, Any]:
    """Take an outcome off the list; it stays on record with the reason."""
    removed = remove_outcome(
        call.db,
        actor=call.actor,
        now=call.now,
        access_request=_asked(call),
        public_id=str(call.request.matchdict["outcome"]),
        reason=call.body["reason"],
    )
    return _one(call, removed)


@resource(
    "api.access_request_nothing_to_report",
    "POST",
    permission=Permission.OUTCOME_WRITE,
    body=WhyBody,
    out=ReportOwedOut,
    errors=(409,),
)
def say_nothing_came(call: Call) -> Mapping[str, Any] | None:
    """Say why nothing came of an access, which meets its report."""
    reason = call.body["reason"]
    report_nothing(call.db, actor=call.actor, now=call.now, access_request=_asked(call), reason=reason)
    return _report(call)


@resource(
    "api.instrument_outcomes", "GET", permission=Permission.CATALOGUE_READ, out=page_of(PublicOutcomeOut), errors=(410,)
)
def list_public(call: Call) -> Page[Outcome]:
    """List what everybody may know that came of an instrument, newest first."""
    place = call.row
    today = call.now.astimezone(named_zone(place.facility.timezone)).date()
    return Page(list(public_outcomes_of(call.db, place.instrument.id, today=today)), None)


def _asked(call: Call) -> AccessRequest:
    asked: AccessRequest = call.row.access_request
    return asked


def _one(call: Call, outcome: Outcome) -> dict[str, Any]:
    return next(_shown(view) for view in outcomes_of(call.db, _asked(call)) if view.outcome.id == outcome.id)


def _report(call: Call) -> dict[str, Any] | None:
    owed = report_of(call.db, _asked(call))
    if owed is None:
        return None
    return {
        "due_at": owed.due_at,
        "overdue": is_overdue(owed, call.now),
        "met_at": owed.met_at,
        "nothing_to_report": owed.nothing_reason,
    }


def _shown(view: OutcomeView) -> dict[str, Any]:
    same = ("kind", "title", "identifier", "licence", "embargo_until", "credit", "added_at", "removed_at")
    return {name: getattr(view.outcome, name) for name in (*same, "removed_reason")} | {
        "id": view.outcome.public_id,
        "instrument": view.instrument.public_id if view.instrument else None,
        "instrument_pid": view.instrument.pid if view.instrument else None,
        "added_by": view.added_by,
    }
