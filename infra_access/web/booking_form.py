"""The form of a booking: wall time of the facility in, a span out, and what a refusal offers instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pyramid.request import Request

from infra_access.core.errors import DomainError, Forbidden, Invalid, PreconditionFailed
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import named_zone, parse_instant
from infra_access.scheduling.booking_rules import BookingRules
from infra_access.web.corrections import to_correct
from infra_access.web.forms import ENTERED, local_instant, seen_version
from infra_access.web.presenters.decisions import kept

REFUSED = (*ENTERED, Forbidden, PreconditionFailed)
"""Refusals that are shown with the form, since they say what to change or what happened meanwhile."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A span that is free instead, and the value of the button that takes it."""

    span: TimeSpan
    value: str


def filled_in(span: TimeSpan, zone: str) -> dict[str, str]:
    """Return the fields that say a span; the last day only where it is another."""
    place = named_zone(zone)
    start, end = span.start.astimezone(place), span.end.astimezone(place)
    return {
        "date": start.date().isoformat(),
        "start": f"{start:%H:%M}",
        "end": f"{end:%H:%M}",
        "end_date": end.date().isoformat() if end.date() != start.date() else "",
    }


def named(request: Request) -> TimeSpan | None:
    """Return the span that the address names, if it names one."""
    start, end = _named(request, "start"), _named(request, "end")
    return TimeSpan(start, end) if start and end and start < end else None


def proposed(request: Request, rules: BookingRules, soonest: TimeSpan | None) -> TimeSpan | None:
    """Return the span that the address names, by its start alone too, else one at the next free time."""
    if whole := named(request):
        return whole
    start = _named(request, "start") or (soonest.start if soonest else None)
    return TimeSpan(start, start + usual_length(rules)) if start else None


def _named(request: Request, name: str) -> datetime | None:
    try:
        return parse_instant(request.GET[name]) if name in request.GET else None
    except Invalid:
        return None


def usual_length(rules: BookingRules) -> timedelta:
    """Return an hour, or as near to it as the rules allow.

    >>> usual_length(BookingRules(granularity_minutes=480, min_minutes=480)) / timedelta(hours=1)
    8.0
    """
    minutes = max(rules.min_minutes, min(60, rules.max_minutes))
    steps = -(-minutes // rules.granularity_minutes)
    return timedelta(minutes=steps * rules.granularity_minutes)


def span_in(entered: Mapping[str, str], zone: str) -> TimeSpan:
    """Return the span that was entered, or that of the alternative chosen. Raises Invalid naming the field."""
    if entered.get("span"):
        first, _slash, last = entered["span"].partition("/")
        return _ordered(parse_instant(first), parse_instant(last))
    day = entered.get("date", "")
    start = local_instant(day, entered.get("start", ""), zone, field="start")
    # A last day before the first was filled in for the time that the form proposed, late in an evening.
    last = max(entered.get("end_date", ""), day)
    return _ordered(start, local_instant(last, entered.get("end", ""), zone, field="end"))


def refusal(request: Request, error: DomainError) -> dict[str, Any]:
    """Return what the form shows of a refusal: each broken rule, what is free instead, what the policy says."""
    shown = to_correct(request, error)
    found = [(one["start"], one["end"]) for one in error.details.get("alternatives", ())]
    return shown | {
        "broken": [one["message"] for one in error.details.get("broken", ())],
        "alternatives": [
            Alternative(TimeSpan(parse_instant(start), parse_instant(end)), f"{start}/{end}") for start, end in found
        ],
        "refused": kept(error.details.get("decision")),
    }


def nothing_refused() -> dict[str, Any]:
    """Return the same for a form that nobody has sent yet."""
    return {"broken": [], "alternatives": [], "refused": None}


def version_in(entered: Mapping[str, str]) -> int:
    """Return the version that the form was about; 0, which none has, where it says none."""
    return seen_version(entered) or 0


def _ordered(start: datetime, end: datetime) -> TimeSpan:
    if end <= start:
        message = _("The end must lie after the start. If it ends on a later day, give that day too.")
        raise Invalid("time.order", message, fields={"end": [message]})
    return TimeSpan(start, end)
