"""/closures and what goes with them: closing a resource over bookings, outages, and the time that was lost."""

from collections.abc import Mapping
from typing import Any

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Flag, Instant, Integer, Line, Lines, ListOf, Number, Part, PublicId
from infra_access.api.schemas import Body, Out, PageQuery, SpanOut, page_of
from infra_access.api.serving import Created
from infra_access.core.authority import Permission
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.paging import Page
from infra_access.core.timespan import TimeSpan
from infra_access.scheduling.upkeep.closure_queries import (
    ClosureView,
    closure_by_public_id,
    closures_of,
    resource_of,
)
from infra_access.scheduling.upkeep.closures import close, preview_closure, withdraw_closure
from infra_access.scheduling.upkeep.lost_time import lost_time_of, record_lost_time, record_outage
from infra_access.scheduling.upkeep.models import LostTime
from infra_access.scheduling.upkeep.report import OUTCOMES, Displaced, Report
from infra_access.scheduling.upkeep.vocabularies import Cause, ClosureKind, ClosureState, Displace

MOST = 20_000


class ClosurePlanBody(Body):
    """What is to be closed, and when."""

    resource = PublicId(
        "A copy of an instrument, a room, a person, or a plant with all that depends on it.", required=True
    )
    start = Instant(required=True)
    end = Instant(required=True)
    kind = Choice(ClosureKind)
    rrule = Line("How it repeats (RFC 5545) in the facility's wall time.", most=500)
    displace = Choice(Displace, "What becomes of the bookings in its time.")


class ClosureBody(ClosurePlanBody):
    """A new closure."""

    label = Line("What for; only the staff read it.", most=200, filled=True, required=True)
    preview = Line(
        "The token of the preview that was looked at: where it would come to something else, a 409.", most=64
    )


class DisplacedOut(Out):
    """A booking in the way: its old time, and its new one, null where it is cancelled or stays in the way."""

    booking = PublicId()
    instrument_name = Line(most=300)
    owner = Line("Whose booking it is.", most=200)
    before = Part(SpanOut)
    after = Part(SpanOut, allow_none=True)
    outcome = Choice(OUTCOMES)


class BlockingOut(SpanOut):
    """Something in the way that is never displaced."""

    kind = Line(most=20)


class ReportOut(Out):
    """What a closure comes to."""

    preview = Line("Names exactly this; send it with the closure.", most=64)
    possible = Flag("Whether nothing keeps it from being made.")
    occurrences = ListOf(Part(SpanOut), most=1_000)
    skipped = ListOf(Line(most=40), "Wall times that a clock change leaves out.", most=1_000)
    bookings = ListOf(Part(DisplacedOut), most=MOST)
    blocking = ListOf(Part(BlockingOut), most=MOST)


class ClosureOut(Out):
    """A closure."""

    id = PublicId()
    facility = PublicId()
    resource = PublicId()
    resource_name = Line(most=200)
    kind = Choice(ClosureKind)
    label = Line(most=200)
    start = Instant()
    end = Instant()
    rrule = Line(most=500, allow_none=True)
    state = Choice(ClosureState)
    occurrences = ListOf(Part(SpanOut), most=1_000)
    version = Integer(low=1)


class ClosureMadeOut(ClosureOut):
    """A new closure, with what it came to."""

    report = Part(ReportOut)


class ClosureQuery(PageQuery):
    """Which closures."""

    start = Instant("Those that still close something after this; now by default.")


class LostTimeBody(Body):
    """When and why the instrument could not be used."""

    start = Instant(required=True)
    end = Instant(required=True)
    cause = Choice(Cause, required=True)
    note = Lines(most=2_000)


class LostTimeOut(SpanOut):
    """Lost time of a session."""

    id = PublicId()
    cause = Choice(Cause)
    note = Lines(most=2_000)


class LostTimesOut(Out):
    """The lost time of a session, by start."""

    items = ListOf(Part(LostTimeOut), most=1_000)


class OutageBody(LostTimeBody):
    """When and why a plant or an instrument was out."""

    resource = PublicId(required=True)


class OutageOut(Out):
    """What an outage cost."""

    bookings = ListOf(PublicId(), "Those that lost time which was not recorded yet.", most=MOST)
    hours = Number("Hours lost, all sessions together.", low=0, high=10**9)


@resource(
    "api.facility_closures", "GET", permission=Permission.MAINTENANCE_WRITE, query=ClosureQuery,
    out=page_of(ClosureOut), errors=(410,),
)  # fmt: skip
def list_ahead(call: Call) -> Page[dict[str, Any]]:
    """List the closures of a facility that are not over."""
    page = closures_of(call.db, facility=call.row, **{"start": call.now, **call.query})
    return Page([_closure(view) for view in page.items], page.next)


@resource(
    "api.facility_closures", "POST", permission=Permission.MAINTENANCE_WRITE, body=ClosureBody, out=ClosureMadeOut,
    status=201, errors=(409, 410),
)  # fmt: skip
def create(call: Call) -> Created:
    """Close a resource, and move or cancel the bookings in its time, in one action."""
    more = {key: call.body[key] for key in ("label", "preview") if key in call.body}
    closure, report = close(call.db, **_planned(call), **more)
    view = closure_by_public_id(call.db, closure.public_id, actor=call.actor)
    return Created({**_closure(view), "report": shown(report)}, f"/api/v1/closures/{closure.public_id}")


@resource(
    "api.facility_closures_preview", "POST", permission=Permission.MAINTENANCE_WRITE, body=ClosurePlanBody,
    out=ReportOut, errors=(409, 410),
)  # fmt: skip
def preview(call: Call) -> dict[str, Any]:
    """Show what closing would come to; nothing is kept of it."""
    return shown(preview_closure(call.db, **_planned(call)))


@resource("api.closure", "GET", permission=Permission.MAINTENANCE_WRITE, out=ClosureOut)
def read(call: Call) -> dict[str, Any]:
    """Show a closure."""
    return _closure(call.row)


@resource(
    "api.closure_withdraw", "POST", permission=Permission.MAINTENANCE_WRITE, out=ClosureOut, version="closure.version",
    errors=(409,),
)  # fmt: skip
def withdraw(call: Call) -> dict[str, Any]:
    """Open a resource again from now on."""
    closure = withdraw_closure(call.db, closure=call.row.closure, **call.changes)
    return _closure(closure_by_public_id(call.db, closure.public_id, actor=call.actor))


@resource("api.booking_lost_time", "GET", permission=Permission.BOOKING_READ, out=LostTimesOut)
def list_lost(call: Call) -> dict[str, Any]:
    """List the lost time of a session."""
    return {"items": [_lost(row) for row in lost_time_of(call.db, call.row.booking.id)]}


@resource(
    "api.booking_lost_time", "POST", permission=Permission.MAINTENANCE_WRITE, body=LostTimeBody, out=LostTimesOut,
    status=201, errors=(409,),
)  # fmt: skip
def lose(call: Call) -> dict[str, Any]:
    """Record lost time of a session; the answer is all of it."""
    record_lost_time(call.db, actor=call.actor, now=call.now, booking=call.row.booking, **_loss(call.body))
    return {"items": [_lost(row) for row in lost_time_of(call.db, call.row.booking.id)]}


@resource(
    "api.facility_outages", "POST", permission=Permission.MAINTENANCE_WRITE, body=OutageBody, out=OutageOut,
    status=201, errors=(409, 410),
)  # fmt: skip
def outage(call: Call) -> dict[str, Any]:
    """Record lost time of every session that needed a plant or an instrument in a span."""
    found = record_outage(
        call.db,
        actor=call.actor,
        now=call.now,
        facility=call.row,
        resource=resource_of(call.db, call.row, call.body["resource"]),
        **_loss(call.body),
    )
    return {"bookings": sorted(found.lost), "hours": float(found.hours)}


def shown(report: Report) -> dict[str, Any]:
    """Return a report as the contract shows it to staff."""
    return {
        "preview": report.token,
        "possible": report.possible,
        "occurrences": [_span(one) for one in report.spans],
        "skipped": list(report.skipped),
        "bookings": [_displaced(one) for one in report.bookings],
        "blocking": [{"kind": one.kind, **_span(one.span)} for one in report.blocking],
    }


def _planned(call: Call) -> dict[str, Any]:
    body = call.body
    return {
        "actor": call.actor,
        "now": call.now,
        "facility": call.row,
        "resource": resource_of(call.db, call.row, body["resource"]),
        "span": _span_in(body),
        **{key: body[key] for key in ("kind", "rrule", "displace") if key in body},
    }


def _loss(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"span": _span_in(body), "cause": body["cause"], "note": body.get("note", "")}


def _span_in(body: Mapping[str, Any]) -> TimeSpan:
    if body["end"] <= body["start"]:
        message = _("The end must lie after the start.")
        raise Invalid("time.order", message, fields={"end": [message]})
    return TimeSpan(body["start"], body["end"])


def _closure(view: ClosureView) -> dict[str, Any]:
    row = view.closure
    return {
        "id": row.public_id,
        "facility": view.facility.public_id,
        "resource": view.resource.public_id,
        "resource_name": view.resource.name,
        "kind": row.kind,
        "label": row.label,
        "start": row.starts,
        "end": row.ends,
        "rrule": row.rrule,
        "state": row.state,
        "occurrences": [_span(one) for one in view.occurrences],
        "version": row.version,
    }


def _displaced(one: Displaced) -> dict[str, Any]:
    return {
        "booking": one.booking,
        "instrument_name": one.instrument,
        "owner": one.owner,
        "before": _span(one.before),
        "after": _span(one.after) if one.after else None,
        "outcome": one.outcome,
    }


def _lost(row: LostTime) -> dict[str, Any]:
    return {"id": row.public_id, "start": row.starts, "end": row.ends, "cause": row.cause, "note": row.note}


def _span(span: TimeSpan) -> dict[str, Any]:
    return {"start": span.start, "end": span.end}
