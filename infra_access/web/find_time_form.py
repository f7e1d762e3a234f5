"""The form of find-time: what was asked in the address, as a question, and the days of what was found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from pyramid.request import Request

from infra_access.catalogue.filters import clean_filters
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.zones import day_start, named_zone
from infra_access.scheduling.find_time.finding import Slot
from infra_access.scheduling.find_time.questions import Question, question
from infra_access.web.forms import day_in
from infra_access.web.visitor import Said

FIELDS = ("q", "instrument", "hours", "first", "last", "country", "access_type", "near", "km", "action")
SHOWN = 12
_USUAL_HOURS = "2"
_USUAL_DAYS = 14
_USUAL_KM = "500"


@dataclass(frozen=True, slots=True)
class Offered:
    """A slot with the address of the one next step."""

    slot: Slot
    href: str


@dataclass(frozen=True, slots=True)
class Day:
    """The slots that begin on one day of their facilities."""

    day: date
    slots: tuple[Offered, ...]


def asked_in(request: Request, now: datetime) -> dict[str, str]:
    """Return a value for every field: what the address says, else the usual."""
    given = {name: request.GET.get(name, "").strip() for name in FIELDS}
    today = now.astimezone(ZoneInfo(reader_zone(request))).date()
    given["hours"] = given["hours"] or _USUAL_HOURS
    given["first"] = given["first"] or today.isoformat()
    given["last"] = given["last"] or (max(today, _day_or(given["first"], today)) + timedelta(_USUAL_DAYS)).isoformat()
    given["km"] = given["km"] or _USUAL_KM
    return given


def reader_zone(request: Request) -> str:
    """Return the zone in which the reader thinks of days."""
    return str(request.actor.timezone) if request.actor and request.actor.timezone else "UTC"


def question_in(request: Request, asked: Mapping[str, str], now: datetime) -> Question:
    """Return the question that the fields ask. Raises Invalid naming the field."""
    zone = reader_zone(request)
    instruments = tuple(one for one in asked["instrument"].split(",") if one)
    filters = clean_filters(q=asked["q"], country=asked["country"] or None)
    return question(
        now=now,
        start=max(now, day_start(day_in(asked["first"], "first"), zone)),
        end=day_start(day_in(asked["last"], "last") + timedelta(days=1), zone),
        minutes=_minutes(asked["hours"]),
        instruments=instruments,
        filters=None if instruments else filters,
        near=_near(asked["near"], asked["km"]) if asked["near"] else None,
        access_type=asked["access_type"] or None,
        count=SHOWN,
        step=asked["action"] or None,
    )


def by_day(request: Request, slots: Iterable[Slot], said: Said) -> list[Day]:
    """Return the slots by the day on which they begin where they are, each with its next step."""
    days: dict[date, list[Offered]] = {}
    for slot in slots:
        day = slot.span.start.astimezone(named_zone(slot.subject.timezone)).date()
        days.setdefault(day, []).append(Offered(slot, _next(request, slot, said)))
    return [Day(day, tuple(offered)) for day, offered in sorted(days.items())]


def address(request: Request, asked: Mapping[str, str], said: Said, **other: str) -> str:
    """Return the address of the page with other values of some fields."""
    wanted = {name: value for name, value in {**asked, **other}.items() if value} | said.query
    return str(request.route_path("find_time", _query=wanted))


def _next(request: Request, slot: Slot, said: Said) -> str:
    start, end = (
        moment.astimezone(UTC).isoformat().replace("+00:00", "Z") for moment in (slot.span.start, slot.span.end)
    )
    route = "instrument_book" if slot.answer.step == "book" else "instrument_request"
    query = {"start": start, "end": end} if slot.answer.step == "book" else dict(said.query)
    return str(request.route_path(route, id=slot.subject.public_id, _query=query))


def _minutes(text: str) -> int:
    try:
        hours = Decimal(text)
    except InvalidOperation:
        hours = Decimal(0)
    if not hours.is_finite() or not 0 < hours <= 2208:
        message = _("Give the hours as a number such as 2 or 1.5.")
        raise Invalid("duration.invalid", message, fields={"hours": [message]})
    return max(1, int(hours * 60))


def _day_or(text: str, other: date) -> date:
    try:
        return day_in(text, "first")
    except Invalid:
        return other


def _near(text: str, km: str) -> tuple[float, float, float]:
    try:
        latitude, longitude = (float(part) for part in text.split(","))
        return latitude, longitude, float(km)
    except ValueError:
        message = _("Give latitude and longitude in degrees, such as 52.52, 13.40.")
        raise Invalid("near.invalid", message, fields={"near": [message]}) from None
