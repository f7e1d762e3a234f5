"""/instruments/{id}/...: when an instrument is free, who may use it, and the ways in to it."""

from typing import Any

from infra_access.access_requests.models import AccessRound
from infra_access.access_requests.routes import RouteView, routes_of
from infra_access.access_requests.vocabularies import Entry, OperatedBy, TimeGiven
from infra_access.api.conditional import Tagged
from infra_access.api.contexts import WindowQuery
from infra_access.api.contract import Call, resource
from infra_access.api.decisions import EligibilityOut, VisitorQuery, eligibility_of
from infra_access.api.fields import Amount, Choice, Flag, Free, Instant, Integer, Line, ListOf, Part, PublicId
from infra_access.api.schemas import Out, SpanOut
from infra_access.catalogue.vocabularies import AccessMode, AccessType, AccessUnit, Regime, SchedulingAuthority
from infra_access.core.authority import Permission
from infra_access.core.timespan import TimeSpan
from infra_access.policy.rules import Action
from infra_access.scheduling.calendar_queries import InstrumentTime
from infra_access.scheduling.mirrors.queries import mirrors_of


class BusyOut(SpanOut):
    """A span that is taken; the label only where the caller may read it."""

    kind = Line(most=20)
    label = Line(most=300, absent=True)


class MirroredOut(Out):
    """A calendar that is kept elsewhere, of which this shows a copy."""

    source = Line("What people call the other system.", most=200)
    refreshed_at = Instant("As of when.")
    stale = Flag("Whether it is older than it should be.")


class AvailabilityOut(Out):
    """The time of an instrument within a window."""

    timezone = Line("The zone of the facility.", most=64)
    open = ListOf(Part(SpanOut), "When the facility is open.", most=10_000)
    free = ListOf(Part(SpanOut), most=10_000)
    busy = ListOf(Part(BusyOut), most=100_000)
    mirrored = ListOf(Part(MirroredOut), "Of which calendars it is a copy, if scheduled elsewhere; no promise.")


class EligibilityQuery(VisitorQuery):
    """For what, and who a visitor says to be."""

    action = Choice(Action, "What one would do; book by default.")


class RoundOut(Out):
    """A call on a route; one of a continuous route never closes."""

    id = PublicId()
    name = Line(most=200)
    opens_at = Instant()
    closes_at = Instant(allow_none=True)
    decided_by = Instant(allow_none=True)
    period_start = Instant(allow_none=True)
    period_end = Instant(allow_none=True)
    units_offered = Amount(
        "How many access units it has to give; in each year if it never closes.", answered=True, allow_none=True
    )


class RouteOut(Out):
    """One way in to an instrument."""

    id = PublicId()
    name = Line(most=200)
    names = Free("Names by language.")
    serves = Free("Whom it serves, by language.")
    access_mode = Choice(AccessMode)
    entry = Choice(Entry)
    time_given = Choice(TimeGiven)
    operated_by = Choice(OperatedBy)
    access_unit = Choice(AccessUnit)
    access_types = ListOf(Choice(AccessType))
    regimes = ListOf(Choice(Regime))
    tariff = Free("The price by regime: amount, currency and the access unit that it is for.")
    terms = Free(
        "Title, version, text and points of the terms, by regime, those for samples under mta, what rules ask for "
        "under agreement:CODE."
    )
    stages = ListOf(Line(most=100))
    booking_rules = Free("What it changes of the instrument's booking rules.")
    report_due_days = Integer(low=0)
    turnaround_days = Integer("Results so many days of the calendar after samples arrived.", low=1, allow_none=True)
    open_round = Part(RoundOut, allow_none=True)
    next_round = Part(RoundOut, allow_none=True)


class RoutesOut(Out):
    """Every way in to an instrument, those open now first."""

    items = ListOf(Part(RouteOut))
    next = Line("Always null: an instrument has few ways in.", most=4_000, allow_none=True)


@resource(
    "api.instrument_availability",
    "GET",
    permission=Permission.CATALOGUE_READ,
    query=WindowQuery,
    out=AvailabilityOut,
    errors=(410,),
)
def availability(call: Call) -> dict[str, Any] | Tagged:
    """Show when an instrument is free and when busy."""
    time: InstrumentTime = call.row
    if time.scheduling_authority == SchedulingAuthority.ELSEWHERE:
        return _shown(call, time)  # a copy becomes stale by itself
    return Tagged(time.stamp, lambda: _shown(call, time))


def _shown(call: Call, time: InstrumentTime) -> dict[str, Any]:
    calendar = time.calendar(call.db)
    return {
        "timezone": calendar.timezone,
        "open": [_span(span) for span in calendar.opened],
        "free": [_span(span) for span in calendar.free],
        "busy": [
            {**_span(one.span), "kind": one.kind, **({"label": one.label} if one.label else {})}
            for one in calendar.busy
        ],
        "mirrored": _mirrored(call, time),
    }


def _mirrored(call: Call, time: InstrumentTime) -> list[dict[str, Any]]:
    if time.scheduling_authority != SchedulingAuthority.ELSEWHERE:
        return []
    return [
        {"source": view.mirror.source, "refreshed_at": view.mirror.refreshed_at, "stale": view.is_stale(call.now)}
        for view in mirrors_of(call.db, time.id)
    ]


@resource(
    "api.instrument_eligibility",
    "GET",
    permission=Permission.CATALOGUE_READ,
    query=EligibilityQuery,
    out=EligibilityOut,
    errors=(410,),
)
def eligibility(call: Call) -> dict[str, Any]:
    """Decide whether the caller may use an instrument, what is missing, and when a session is realistic."""
    return eligibility_of(call, call.row.instrument.id, call.query.get("action", "book"))


@resource("api.instrument_routes", "GET", permission=Permission.CATALOGUE_READ, out=RoutesOut, errors=(410,))
def routes(call: Call) -> dict[str, Any]:
    """List the ways in to an instrument."""
    views = routes_of(call.db, call.row.instrument.id, now=call.now)
    return {"items": [route_shown(view) for view in views], "next": None}


_OWN = frozenset(RouteOut._declared_fields) - {"id", "terms", "open_round", "next_round"}


def route_shown(view: RouteView) -> dict[str, Any]:
    """Return a way in as the contract shows it."""
    route = view.route
    return {
        **{name: getattr(route, name) for name in _OWN},
        "id": route.public_id,
        "terms": {
            part: {key: terms[key] for key in ("title", "version", "text", "points") if key in terms}
            for part, terms in route.terms.items()
        },
        "open_round": view.open_round and round_shown(view.open_round),
        "next_round": view.next_round and round_shown(view.next_round),
    }


def round_shown(one: AccessRound) -> dict[str, Any]:
    """Return a call as the contract shows it."""
    return {name: getattr(one, name) for name in RoundOut._declared_fields if name != "id"} | {"id": one.public_id}


def _span(span: TimeSpan) -> dict[str, Any]:
    return {"start": span.start, "end": span.end}
