"""Booking rules as data, and every rule that a span breaks, named at once.

Rules stand at three levels, facility, instrument and route, each holding only what it changes; a later level
wins key by key. The grid lies on the wall clock of the facility, counted from local midnight.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.timespan import TimeSpan, merge
from infra_access.core.zones import named_zone
from infra_access.scheduling.rule_parts import Horizon, OffHours, Quota, parsed_list, parsed_off_hours

_MINUTE = timedelta(minutes=1)
_YEAR_OF_MINUTES = 366 * 1440
RANGES = {
    "granularity_minutes": (1, 1440),
    "min_minutes": (1, _YEAR_OF_MINUTES),
    "max_minutes": (1, _YEAR_OF_MINUTES),
    "lead_minutes": (0, _YEAR_OF_MINUTES),
    "horizon_days": (1, 3660),
    "buffer_before_minutes": (0, 10080),
    "buffer_after_minutes": (0, 10080),
    "cancel_notice_minutes": (0, _YEAR_OF_MINUTES),
    "no_show_grace_minutes": (0, 1440),
    "hold_minutes": (1, 1440),
    "offer_minutes": (5, 10080),
}
_LISTS: Mapping[str, type[Horizon] | type[Quota]] = {"horizons": Horizon, "quotas": Quota}
_WITHIN_HOURS = "off_hours_allowed"
"""How rules written before there were escorts say `off_hours`."""


@dataclass(frozen=True, slots=True)
class BookingRules:
    """The rules in force for one booking.

    Buffers are the change-over before and after it. `horizons` are for applicants of whom certain facts are known.
    Nobody who comes later than the grace is a no-show where that is 0. A hold lasts `hold_minutes`; who waits for a
    time has `offer_minutes` to take it once it is offered. With `ask_for_time` the office proposes times to who asks.
    """

    granularity_minutes: int = 15
    min_minutes: int = 15
    max_minutes: int = 7 * 1440
    lead_minutes: int = 0
    horizon_days: int = 90
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    cancel_notice_minutes: int = 0
    off_hours: OffHours = OffHours.FORBIDDEN
    no_show_grace_minutes: int = 0
    hold_minutes: int = 15
    offer_minutes: int = 120
    ask_for_time: bool = False
    horizons: tuple[Horizon, ...] = ()
    quotas: tuple[Quota, ...] = ()

    @property
    def granularity(self) -> timedelta:
        """Return the step of the grid."""
        return self.granularity_minutes * _MINUTE

    def seen_by(self, facts: Mapping[str, object]) -> "BookingRules":
        """Return the rules as they hold for an applicant of whom `facts` are known (sector, size, startup, relation).

        The first horizon that matches is theirs. One that might match, were more known, counts only where it is
        nearer: what is not known never opens more days.
        """
        if not self.horizons:
            return self
        days: list[int] = []
        for one in self.horizons:
            matches = one.matches(facts)
            if matches is not False:
                days.append(one.days)
            if matches:
                break
        else:
            days.append(self.horizon_days)
        return replace(self, horizon_days=min(days), horizons=())


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """One rule that a span breaks: what the limit is, what the value was, and a sentence for people.

    `rule` is the access rule that sets the limit, where one does that the reader may know.
    """

    code: str
    limit: int | str
    value: int | str
    message: Text
    rule: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return it as refusals name it."""
        said: dict[str, object] = {"code": self.code, "limit": self.limit, "value": self.value, "message": self.message}
        return said if self.rule is None else {**said, "rule": self.rule}


def from_json(*levels: Mapping[str, Any]) -> BookingRules:
    """Return the rules of all `levels`, later ones winning.

    Raises Invalid `booking_rules.invalid`, naming each key.
    """
    merged: dict[str, Any] = {}
    problems: dict[str, list[Text]] = {}
    for level in levels:
        for key, value in level.items():
            if key in _LISTS:
                merged[key] = parsed_list(_LISTS[key], value, key, problems)
            elif key in ("off_hours", _WITHIN_HOURS):
                merged["off_hours"] = parsed_off_hours(value, key, problems)
            elif key == "ask_for_time":
                merged[key] = value is True
                if not isinstance(value, bool):
                    problems[key] = [_("Say true or false.")]
            elif key not in RANGES:
                problems[key] = [_("There is no such booking rule.")]
            elif problem := _problem(key, value):
                problems[key] = [problem]
            else:
                merged[key] = value
    rules = BookingRules(**{key: value for key, value in merged.items() if value is not None})
    if "max_minutes" not in problems and rules.max_minutes < rules.min_minutes:
        problems["max_minutes"] = [_("The longest booking is shorter than the shortest one.")]
    if problems:
        raise Invalid(
            "booking_rules.invalid", _("The booking rules are not right. Correct the ones named."), fields=problems
        )
    return rules


def to_json(rules: BookingRules) -> dict[str, Any]:
    """Return rules as the data that `from_json` reads, every key of them."""
    said = {field.name: getattr(rules, field.name) for field in fields(rules)}
    said["off_hours"] = str(rules.off_hours)
    for key in _LISTS:
        said[key] = [{k: v for k, v in asdict(one).items() if v is not None} for one in said[key]]
    return said


def broken(
    rules: BookingRules,
    span: TimeSpan,
    *,
    now: datetime,
    zone: str | ZoneInfo,
    open_spans: Sequence[TimeSpan] | None = None,
    escorts: Sequence[TimeSpan] = (),
) -> list[BrokenRule]:
    """Return every rule that `span` breaks; off hours are judged only where `open_spans` are given.

    `escorts` are the spans for which the same booking takes a person.
    """
    place = zone if isinstance(zone, ZoneInfo) else named_zone(zone)
    start, end = span.start.astimezone(place), span.end.astimezone(place)
    found = [
        *_off_grid(rules, start, end),
        *_wrong_length(rules, span, start, end),
        *_wrong_time(rules, span, now, place),
    ]
    if open_spans is not None and not any(one.contains(span) for one in merge(open_spans)):
        found += _off_hours(rules, span, start, escorts)
    return found


def refuse(problems: Iterable[BrokenRule]) -> None:
    """Raise Invalid `booking.rules` with all `problems`, if there are any."""
    listed = list(problems)
    if listed:
        raise Invalid(
            "booking.rules",
            _("This time does not fit the booking rules. Each rule that it breaks is named; choose a time that fits."),
            fields={"span": [problem.message for problem in listed]},
            details={"broken": [one.to_json() for one in listed]},
        )


def change_overs(rules: BookingRules, span: TimeSpan) -> tuple[TimeSpan, ...]:
    """Return the change-over spans that touch `span` before and after, none of them empty."""
    before, after = rules.buffer_before_minutes * _MINUTE, rules.buffer_after_minutes * _MINUTE
    found = []
    if before:
        found.append(TimeSpan(span.start - before, span.start))
    if after:
        found.append(TimeSpan(span.end, span.end + after))
    return tuple(found)


def cancel_by(rules: BookingRules, span: TimeSpan) -> datetime:
    """Return the last instant at which `span` can be cancelled without losing it."""
    return span.start - rules.cancel_notice_minutes * _MINUTE


def _problem(key: str, value: object) -> Text | None:
    low, high = RANGES[key]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        return _("Give a whole number from ${low} to ${high}.", mapping={"low": low, "high": high})
    if key == "granularity_minutes" and 1440 % value:
        return _("The grid must divide a day evenly, such as 15, 30, 60 or 480 minutes.")
    return None


def _off_hours(
    rules: BookingRules, span: TimeSpan, start: datetime, escorts: Sequence[TimeSpan]
) -> Iterable[BrokenRule]:
    value = f"{start:%Y-%m-%d %H:%M}"
    if rules.off_hours is OffHours.FORBIDDEN:
        message = _("The time lies outside the opening hours. Choose a time within them.")
        yield BrokenRule("off_hours", "opening hours", value, message)
    elif rules.off_hours is OffHours.ESCORT and not any(one.contains(span) for one in merge(escorts)):
        message = _(
            "Outside the opening hours somebody of the facility must be there all the time. Add a person to the "
            "booking for all of it, or choose a time within the opening hours."
        )
        yield BrokenRule("escort", "escort", value, message)


def _off_grid(rules: BookingRules, start: datetime, end: datetime) -> Iterable[BrokenRule]:
    step = rules.granularity_minutes
    for moment in (start, end):
        exact = moment.second == 0 and moment.microsecond == 0
        if not exact or (moment.hour * 60 + moment.minute) % step:
            yield BrokenRule(
                "granularity",
                step,
                f"{moment:%H:%M:%S}" if not exact else f"{moment:%H:%M}",
                _(
                    "Bookings start and end on a grid of ${minutes} minutes from midnight, local time; ${time} is "
                    "not on it.",
                    mapping={"minutes": step, "time": f"{moment:%H:%M}" if exact else f"{moment:%H:%M:%S}"},
                ),
            )


def _wrong_length(rules: BookingRules, span: TimeSpan, start: datetime, end: datetime) -> Iterable[BrokenRule]:
    # On the day of a clock change a shift from 00:00 to 08:00 lasts seven or nine hours. It keeps a limit if
    # either the clock or the time elapsed does, or nobody could book that shift.
    elapsed = span.length
    by_clock = end.replace(tzinfo=None) - start.replace(tzinfo=None)
    minutes = elapsed // _MINUTE
    if max(elapsed, by_clock) < rules.min_minutes * _MINUTE:
        yield BrokenRule(
            "min_length",
            rules.min_minutes,
            minutes,
            _(
                "A booking takes at least ${limit} minutes; this one takes ${value}.",
                mapping={"limit": rules.min_minutes, "value": minutes},
            ),
        )
    if min(elapsed, by_clock) > rules.max_minutes * _MINUTE:
        yield BrokenRule(
            "max_length",
            rules.max_minutes,
            minutes,
            _(
                "A booking takes at most ${limit} minutes; this one takes ${value}.",
                mapping={"limit": rules.max_minutes, "value": minutes},
            ),
        )


def _wrong_time(rules: BookingRules, span: TimeSpan, now: datetime, place: ZoneInfo) -> Iterable[BrokenRule]:
    ahead = (span.start - now) // _MINUTE
    if span.start < now:
        message = _("The time has already begun. Choose a later one.")
        yield BrokenRule("past", 0, ahead, message)
    elif span.start - now < rules.lead_minutes * _MINUTE:
        earliest = (now + rules.lead_minutes * _MINUTE).astimezone(place)
        yield BrokenRule(
            "lead",
            rules.lead_minutes,
            ahead,
            _(
                "Book at least ${limit} minutes ahead: the earliest start is now ${earliest}.",
                mapping={"limit": rules.lead_minutes, "earliest": earliest.replace(tzinfo=None)},
            ),
        )
    # Calendar days of the place: the whole last day can be booked, whatever the hour is now.
    last_day = now.astimezone(place).date() + timedelta(days=rules.horizon_days)
    days = (span.start.astimezone(place).date() - now.astimezone(place).date()).days
    if days > rules.horizon_days:
        yield BrokenRule(
            "horizon",
            rules.horizon_days,
            days,
            _(
                "Bookings open ${limit} days ahead: the last day is now ${last}.",
                mapping={"limit": rules.horizon_days, "last": last_day},
            ),
        )
