"""The form of find-time: what was asked in the address, as a question, and the days of what was found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from pyramid.request import Request

from infra_access.catalogue.filters import clean_filters
from infra_access.catalogue.models import Instrument
from infra_access.catalogue.queries import published_instruments
from infra_access.catalogue.vocabularies import AccessUnit
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import day_start, named_zone
from infra_access.scheduling.find_time.finding import Slot
from infra_access.scheduling.find_time.questions import Question, question
from infra_access.scheduling.find_time.standings import Step
from infra_access.web.forms import day_in
from infra_access.web.visitor import Said

FIELDS = (
    *("q", "technique", "instrument", "hours", "unit", "first", "last", "country", "access_type", "near", "km"),
    *("action", "order", "min_gap", "max_gap", "allocation"),
)
SHOWN = 12
UNITS = (AccessUnit.HOUR, AccessUnit.SHIFT, AccessUnit.DAY)
_USUAL_HOURS = "2"
_USUAL_DAYS = 14
_USUAL_KM = "500"
_GAPS = ("min_gap", "max_gap")


@dataclass(frozen=True, slots=True)
class Offered:
    """A slot with the address of the one next step."""

    slot: Slot
    href: str


@dataclass(frozen=True, slots=True)
class OfferedSet:
    """Sessions to take together, each with its own next step; `book` is the address at which all are booked."""

    slots: tuple[Offered, ...]
    book: str | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """An instrument that the question names, and the addresses without it and with it one place earlier."""

    instrument: Instrument
    without: str
    earlier: str | None


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
    given["unit"] = given["unit"] or str(AccessUnit.HOUR)
    return given


def reader_zone(request: Request) -> str:
    """Return the zone in which the reader thinks of days."""
    return str(request.actor.timezone) if request.actor and request.actor.timezone else "UTC"


def question_in(request: Request, asked: Mapping[str, str], now: datetime) -> Question:
    """Return the question that the fields ask. Raises Invalid naming the field."""
    zone = reader_zone(request)
    instruments = named_in(asked)
    filters = clean_filters(q=asked["q"], country=asked["country"] or None, technique=asked["technique"] or None)
    quantity = _number(asked["hours"], "hours")
    in_hours = asked["unit"] == AccessUnit.HOUR
    return question(
        now=now,
        start=max(now, day_start(day_in(asked["first"], "first"), zone)),
        end=day_start(day_in(asked["last"], "last") + timedelta(days=1), zone),
        minutes=max(1, int(quantity * 60)) if in_hours else None,
        quantity=None if in_hours else quantity,
        access_unit=None if in_hours else asked["unit"],
        instruments=instruments,
        filters=None if instruments or asked["allocation"] else filters,
        near=_near(asked["near"], asked["km"]) if asked["near"] and not (instruments or asked["allocation"]) else None,
        access_type=asked["access_type"] or None,
        count=SHOWN,
        step=asked["action"] or None,
        together=_together(asked) if len(instruments) > 1 else None,
        allocation=asked["allocation"] or None,
    )


def named_in(asked: Mapping[str, str]) -> tuple[str, ...]:
    """Return the public ids of the instruments that are named, in their order."""
    return tuple(dict.fromkeys(one for one in asked["instrument"].split(",") if one))


def chosen_in(request: Request, asked: Mapping[str, str], said: Said) -> list[Chosen]:
    """Return the instruments that are named, in their order; those that nobody knows are left out."""
    named = named_in(asked)
    known = {one.public_id: one for one in published_instruments(request.db, named)}

    def at(listed: Iterable[str]) -> str:
        return address(request, {**asked, "instrument": ",".join(listed)}, said)

    return [
        Chosen(
            known[key],
            at(one for one in named if one != key),
            at([*named[: place - 1], key, named[place - 1], *named[place + 1 :]]) if place else None,
        )
        for place, key in enumerate(named)
        if key in known
    ]


def by_day(request: Request, slots: Iterable[Slot], said: Said, allocation: str) -> list[Day]:
    """Return the slots by the day on which they begin where they are, each with its next step."""
    days: dict[date, list[Offered]] = {}
    for slot in slots:
        day = slot.span.start.astimezone(named_zone(slot.subject.timezone)).date()
        days.setdefault(day, []).append(Offered(slot, _next(request, slot, said, allocation)))
    return [Day(day, tuple(offered)) for day, offered in sorted(days.items())]


def in_sets(request: Request, sets: Iterable[Sequence[Slot]], said: Said, allocation: str) -> list[OfferedSet]:
    """Return sets of sessions, each with its next steps: where each can be booked, all are booked at once."""
    offered = []
    for slots in sets:
        book = None
        if all(slot.answer.step is Step.BOOK for slot in slots):
            query = [("slot", slot_text(slot.subject.public_id, slot.span)) for slot in slots]
            query += [("allocation", allocation)] if allocation else []
            book = str(request.route_path("book_together", _query=query))
        offered.append(OfferedSet(tuple(Offered(slot, _next(request, slot, said, allocation)) for slot in slots), book))
    return offered


def slot_text(instrument: str, span: TimeSpan) -> str:
    """Return a session of an instrument as one text: its public id, start and end, with commas between."""
    return ",".join((instrument, _text(span.start), _text(span.end)))


def address(request: Request, asked: Mapping[str, str], said: Said, **other: str) -> str:
    """Return the address of the page with other values of some fields."""
    wanted = {name: value for name, value in {**asked, **other}.items() if value} | said.query
    return str(request.route_path("find_time", _query=wanted))


def _next(request: Request, slot: Slot, said: Said, allocation: str) -> str:
    query = {"start": _text(slot.span.start), "end": _text(slot.span.end)}
    if slot.answer.step is Step.BOOK:
        query |= {"allocation": allocation} if allocation else {}
        return str(request.route_path("instrument_book", id=slot.subject.public_id, _query=query))
    return str(
        request.route_path("instrument_request_steps", id=slot.subject.public_id, _query={**query, **said.query})
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _number(text: str, field: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or not 0 < number <= 2208:
        message = _("Give a number such as 2 or 1.5.")
        raise Invalid("duration.invalid", message, fields={field: [message]})
    return number


def _together(asked: Mapping[str, str]) -> tuple[str, int, int | None] | None:
    if not asked["order"]:
        return None
    if asked["order"] == "same":
        return "same", 0, None
    gaps = {name: int(_number(asked[name], name) * 60) if asked[name].strip("0. ") else 0 for name in _GAPS}
    return asked["order"], gaps["min_gap"], gaps["max_gap"] if asked["max_gap"] else None


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
