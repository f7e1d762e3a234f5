"""Recurrence rules (RFC 5545, 3.3.10): what is admitted, and the occurrences in local wall time.

A rule from outside is read by our own strict reader and bounded before anything is expanded: nothing here takes
longer, or more memory, than the bounds below allow. The wall time of each occurrence stays what the first one had, so
09:00 stays 09:00 across every clock change.

Two readings of the RFC, which leaves the first open: the first start must itself follow the rule (else the set is
"undefined"), and a wall time that the clocks skip is reported but never counted, as 3.3.10 demands.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import first_instant, is_repeated, local_to_instant, named_zone

MOST_CHARACTERS = 500
MOST_OCCURRENCES = 366
MOST_INTERVAL = 1000
UNTIL_AHEAD = timedelta(days=731)
REACH = timedelta(days=3653)
"""So far are occurrences searched for: ten years, the longest horizon of any booking rule."""

# The calendar repeats after 400 years, weekdays included. Shifted to the end of what a datetime can hold, a rule that
# never matches ends after the few hundred years that are left, in under a second, where dateutil would try 8,000.
_CYCLES = 400 * 19
_DAYS = "MO|TU|WE|TH|FR|SA|SU"
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
_UNTIL = re.compile("[0-9]{8}T[0-9]{6}Z")
_NUMBER = re.compile("[0-9]{1,9}")
_SIGNED = re.compile("[+-]?[0-9]{1,3}")
_DAY = re.compile(rf"([+-]?[0-9]{{1,2}})?({_DAYS})")
_MOST_IN_LIST = 40

Fold = Literal[0, 1]


@dataclass(frozen=True, slots=True)
class _Numbers:
    """A list of numbers: their bounds, whether they may count from the end, and with which frequencies."""

    low: int
    high: int
    signed: bool
    frequencies: tuple[str, ...]


# The table of RFC 5545, 3.3.10. BYSETPOS chooses within a month or a year, where anybody uses it.
_NUMBERS: Mapping[str, _Numbers] = {
    "BYMONTH": _Numbers(1, 12, False, _FREQUENCIES),
    "BYWEEKNO": _Numbers(1, 53, True, ("YEARLY",)),
    "BYYEARDAY": _Numbers(1, 366, True, ("YEARLY", "HOURLY")),
    "BYMONTHDAY": _Numbers(1, 31, True, ("YEARLY", "MONTHLY", "DAILY", "HOURLY")),
    "BYHOUR": _Numbers(0, 23, False, _FREQUENCIES),
    "BYSETPOS": _Numbers(1, 366, True, ("YEARLY", "MONTHLY")),
}


@dataclass(frozen=True, slots=True)
class RecurrenceRule:
    """A rule that passed the guard: bounded by `count` or by `until`, never by both. `text` is its one spelling."""

    text: str
    frequency: str
    interval: int
    count: int | None
    until: datetime | None
    pattern: str = field(repr=False)
    """The rule without its bound."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence in wall time; where the clocks skip one of its ends it has no span but a problem.

    `repeated` tells that the clocks show its start or its end twice, so that one of two instants was chosen.
    """

    wall_start: datetime
    wall_end: datetime
    span: TimeSpan | None
    problem: Invalid | None = None
    repeated: bool = False


def check_rule(text: str) -> RecurrenceRule:
    """Return a rule from outside. Raises Invalid `rrule.*`, naming the part and what to do; nothing is expanded.

    >>> check_rule("freq=weekly;count=3;byday=MO").text
    'FREQ=WEEKLY;COUNT=3;BYDAY=MO'
    """
    if len(text) > MOST_CHARACTERS:
        raise _invalid(
            "length",
            _(
                "This rule has ${length} characters; at most ${most} are possible.",
                mapping={"length": len(text), "most": MOST_CHARACTERS},
            ),
        )
    parts = _parts(text.strip().upper())
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise _invalid("freq", _("Say how often with FREQ: one of ${names}.", mapping={"names": _listed(_FREQUENCIES)}))
    for name, value in parts.items():
        _check_part(name, value, frequency, parts)
    if ("COUNT" in parts) == ("UNTIL" in parts):
        raise _invalid("end", _("Say when it ends: give either COUNT, or UNTIL; not both."))
    return RecurrenceRule(
        text=_joined(parts),
        frequency=frequency,
        interval=int(parts.get("INTERVAL", 1)),
        count=int(parts["COUNT"]) if "COUNT" in parts else None,
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        pattern=_joined({name: value for name, value in parts.items() if name not in ("COUNT", "UNTIL")}),
    )


def occurrences(
    rule: RecurrenceRule,
    wall_start: datetime,
    wall_end: datetime,
    zone: str | ZoneInfo,
    *,
    exdates: Collection[datetime] = (),
    folds: tuple[Fold | None, Fold | None] = (None, None),
) -> list[Occurrence]:
    """Return the occurrences by start, that of `wall_start` first, without those that begin at one of `exdates`.

    Wall times are naive, and so is each of `exdates`; `folds` choose among repeated ones, the first by default. An end
    keeps its wall time too, so a night across a clock change is as much longer or shorter.
    Raises Invalid where the rule does not fit the start, or would give too many occurrences.
    """
    place = zone if isinstance(zone, ZoneInfo) else named_zone(zone)
    length = wall_end - wall_start
    if length <= timedelta():
        raise _invalid("order", _("The end must lie after the start."))
    first = first_instant(wall_start, place)
    if rule.until is not None:
        _check_until(rule.until, first)
    found: list[Occurrence] = []
    counted = 0
    for wall in _walls(rule, wall_start):
        one = placed(wall, wall + length, place, folds)
        if rule.until is not None and _begins(one, place) > rule.until:
            break
        found.append(one)
        counted += one.span is not None
        if rule.count is not None and counted == rule.count:
            break
        if len(found) > 2 * MOST_OCCURRENCES or counted > MOST_OCCURRENCES:
            raise _invalid(
                "too_many",
                _("This rule gives more than ${most} occurrences. End it earlier.", mapping={"most": MOST_OCCURRENCES}),
            )
    if rule.count is not None and counted < rule.count:
        raise _invalid(
            "reach",
            _(
                "This rule gives only ${found} of ${count} occurrences within ten years. Give a smaller COUNT.",
                mapping={"found": counted, "count": rule.count},
            ),
        )
    return [one for one in found if one.wall_start not in exdates]


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise _invalid("form", _("Write the rule as NAME=VALUE;NAME=VALUE, such as FREQ=WEEKLY;COUNT=10."))
        if name in parts:
            raise _invalid("repeated", _("${name} stands there twice. Give it once.", mapping={"name": name[:20]}))
        parts[name] = value
    return parts


def _check_part(name: str, value: str, frequency: str, parts: Mapping[str, str]) -> None:
    if name in _NUMBERS:
        _check_numbers(name, value, frequency, _NUMBERS[name])
        if name == "BYSETPOS" and not any(other.startswith("BY") for other in parts if other != name):
            raise _invalid("bysetpos", _("BYSETPOS chooses among the days of another part such as BYDAY. Add that."))
    elif name in _CHECKS:
        _CHECKS[name](value, frequency, parts)
    elif name != "FREQ":
        names = _listed(("FREQ", *_CHECKS, *_NUMBERS))
        raise _invalid(
            "part",
            _(
                "${name} is not possible in a rule here. These are: ${names}.",
                mapping={"name": name[:20], "names": names},
            ),
        )


def _check_numbers(name: str, value: str, frequency: str, bounds: _Numbers) -> None:
    items = _items(name, value)
    if frequency not in bounds.frequencies:
        raise _misplaced(name, frequency)
    for item in items:
        number = int(item) if _SIGNED.fullmatch(item) else None
        signed = item[:1] in "+-"
        if number is None or (signed and not bounds.signed) or not bounds.low <= abs(number) <= bounds.high:
            values = {"name": name, "low": bounds.low, "high": bounds.high}
            raise _invalid(name.lower(), _("${name} takes numbers from ${low} to ${high}.", mapping=values))


def _check_days(value: str, frequency: str, parts: Mapping[str, str]) -> None:
    for item in _items("BYDAY", value):
        found = _DAY.fullmatch(item)
        if found is None or (found[1] and not 1 <= abs(int(found[1])) <= 53):
            raise _invalid("byday", _("BYDAY takes days such as MO,WE, or 2TU for the second Tuesday of a month."))
        if found[1] and (frequency not in ("MONTHLY", "YEARLY") or "BYWEEKNO" in parts):
            raise _misplaced("BYDAY", frequency)


def _items(name: str, value: str) -> list[str]:
    items = value.split(",")
    if len(items) > _MOST_IN_LIST:
        values = {"name": name, "most": _MOST_IN_LIST}
        raise _invalid(name.lower(), _("${name} lists more than ${most} values. Give fewer.", mapping=values))
    return items


def _within(name: str, high: int) -> Callable[[str, str, Mapping[str, str]], None]:
    def check(value: str, _frequency: str, _parts: Mapping[str, str]) -> None:
        if not _NUMBER.fullmatch(value) or not 1 <= int(value) <= high:
            values = {"name": name, "high": high}
            raise _invalid(name.lower(), _("${name} is a whole number from 1 to ${high}.", mapping=values))

    return check


def _check_week_start(value: str, _frequency: str, _parts: Mapping[str, str]) -> None:
    if value not in _DAYS.split("|"):
        raise _invalid("wkst", _("WKST is a day: one of ${names}.", mapping={"names": _DAYS.replace("|", ", ")}))


def _check_until_form(value: str, _frequency: str, _parts: Mapping[str, str]) -> None:
    _until(value)


_CHECKS: Mapping[str, Callable[[str, str, Mapping[str, str]], None]] = {
    "INTERVAL": _within("INTERVAL", MOST_INTERVAL),
    "COUNT": _within("COUNT", MOST_OCCURRENCES),
    "UNTIL": _check_until_form,
    "BYDAY": _check_days,
    "WKST": _check_week_start,
}


def _until(value: str) -> datetime:
    # Where the start has a zone, RFC 5545 wants UTC. A date or a floating time would name another instant in each zone.
    try:
        if not _UNTIL.fullmatch(value):
            raise ValueError
        return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise _invalid("until", _("Give UNTIL as an instant in UTC, such as 20270331T235959Z.")) from None


def _check_until(until: datetime, first: datetime) -> None:
    if until < first:
        raise _invalid("until", _("UNTIL lies before the first start. Choose a later end."))
    if until - first > UNTIL_AHEAD:
        raise _invalid("until", _("UNTIL lies more than two years after the first start. Choose an earlier end."))


def _walls(rule: RecurrenceRule, wall_start: datetime) -> Iterator[datetime]:
    """Yield the wall times of the rule within its reach. Raises Invalid where the first is another one."""
    first = True
    for wall in wall_times(rule.pattern, wall_start):
        if wall - wall_start > REACH:
            break
        if first and wall != wall_start:
            raise _starts_elsewhere(wall)
        first = False
        yield wall
    if first:
        raise _starts_elsewhere(None)


def wall_times(pattern: str, wall_start: datetime) -> Iterator[datetime]:
    """Yield the wall times of an admitted rule without its bound, for some 370 years; also where nothing matches.

    Raises Invalid for an INTERVAL that never meets its BYHOUR.
    """
    try:
        shifted = rrulestr(pattern, dtstart=wall_start.replace(year=wall_start.year + _CYCLES))
    except ValueError as error:
        raise _starts_elsewhere(None) from error
    for moment in shifted:
        yield moment.replace(year=moment.year - _CYCLES)


def placed(
    wall_start: datetime, wall_end: datetime, place: ZoneInfo, folds: tuple[Fold | None, Fold | None] = (None, None)
) -> Occurrence:
    """Return one occurrence as the clocks of a zone show it, or with the problem where they never do."""
    try:
        start = local_to_instant(wall_start, place, fold=folds[0])
        end = local_to_instant(wall_end, place, fold=folds[1])
        if end <= start:  # both within the repeated hour: the end is that of the second time round
            end = local_to_instant(wall_end, place, fold=1)
        if end <= start:
            raise _invalid("order", _("On that day the clocks are set back by more than it lasts."))
    except Invalid as error:
        return Occurrence(wall_start, wall_end, None, error)
    repeated = is_repeated(wall_start, place) or is_repeated(wall_end, place)
    return Occurrence(wall_start, wall_end, TimeSpan(start, end), repeated=repeated)


def _begins(one: Occurrence, place: ZoneInfo) -> datetime:
    return one.span.start if one.span else first_instant(one.wall_start, place)


def _starts_elsewhere(following: datetime | None) -> Invalid:
    if following is None:
        return _invalid(
            "start", _("The first start does not follow the rule, and nothing after it does. Change either.")
        )
    values = {"time": following.replace(tzinfo=None)}
    return _invalid(
        "start", _("The first start does not follow the rule. Begin on ${time}, or change the rule.", mapping=values)
    )


def _misplaced(name: str, frequency: str) -> Invalid:
    values = {"name": name, "frequency": frequency}
    return _invalid(name.lower(), _("${name} cannot stand like this with FREQ=${frequency}.", mapping=values))


def _joined(parts: Mapping[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)


def _invalid(code: str, message: Text) -> Invalid:
    return Invalid(f"rrule.{code}", message, fields={"rrule": [message]})
