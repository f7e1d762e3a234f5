"""Series as people meet them: a rule built of plain choices, and each occurrence in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from babel.dates import format_date

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.zones import last_instant
from infra_access.http.localisation import cldr
from infra_access.scheduling.series.report import OccurrenceState, Reported

FREQUENCIES: tuple[tuple[str, Text], ...] = (
    ("WEEKLY", _("weeks")),
    ("DAILY", _("days")),
    ("MONTHLY", _("months")),
)
DAYS: tuple[tuple[str, Text], ...] = (
    ("MO", _("Monday")),
    ("TU", _("Tuesday")),
    ("WE", _("Wednesday")),
    ("TH", _("Thursday")),
    ("FR", _("Friday")),
    ("SA", _("Saturday")),
    ("SU", _("Sunday")),
)
_STATES: Mapping[OccurrenceState, tuple[Text, str, str]] = {
    OccurrenceState.BOOKED: (_("Booked"), "free", "check"),
    OccurrenceState.SKIPPED: (_("Left out"), "busy", "cross"),
    OccurrenceState.CANCELLED: (_("Cancelled"), "busy", "cross"),
    OccurrenceState.KEPT: (_("Stays as it was"), "accent", "clock"),
}
_REASONS: Mapping[str, Text] = {
    "booking.overlap": _("Something else takes part of this time."),
    "booking.rules": _("This time does not fit the booking rules."),
    "booking.notice": _("It is too late to change it here."),
    "allocation.overdrawn": _("Too little is left of what was granted."),
    "allocation.outside": _("It lies outside the period that was granted."),
    "time.gap": _("The clocks go forward then: there is no such time on that day."),
}


@dataclass(slots=True)
class OccurrenceRow:
    """One occurrence as a page shows it. `open` tells that it can be booked again."""

    line: Reported
    words: Text
    tone: str
    icon: str
    reason: Text
    open: bool


def rows_of(report: Sequence[Reported], *, now: datetime | None = None) -> list[OccurrenceRow]:
    """Return the rows of a report; where `now` is given, what is ahead and free of a booking can be booked again.

    A line that is booked by no booking is that of a preview.
    """
    rows = []
    for line in report:
        words, tone, icon = _STATES[line.state]
        if line.state is OccurrenceState.BOOKED and line.booking is None:
            words = _("Can be booked")
        reason = _REASONS.get(line.code or "", line.message or "")
        ahead = now is not None and line.span is not None and line.span.start > now
        free = line.state in (OccurrenceState.SKIPPED, OccurrenceState.CANCELLED)
        rows.append(OccurrenceRow(line, words, tone, icon, reason, ahead and free))
    return rows


def moved_rows_of(report: Sequence[Reported]) -> list[OccurrenceRow]:
    """Return the rows of what a move would come to."""
    rows = rows_of(report)
    for row in rows:
        if row.line.state is OccurrenceState.BOOKED and row.line.code is None:
            row.words, row.tone, row.icon = _("Moves here"), "free", "check"
    return rows


def rule_words(text: str, localize: Callable[[Text], str], locale: str) -> str:
    """Return a rule as people say it, such as "every 2 weeks on Monday, 10 times"; one with more parts as it is."""
    parts = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    if parts.keys() - {"FREQ", "INTERVAL", "BYDAY", "COUNT", "UNTIL"} or parts.get("FREQ") not in _EVERY:
        return text
    days = dict(DAYS)
    named = parts.get("BYDAY", "").split(",") if "BYDAY" in parts else []
    if any(day not in days for day in named):
        return text
    one, several = _EVERY[parts["FREQ"]]
    every = int(parts.get("INTERVAL", "1"))
    words = [localize(one if every == 1 else several % {"n": every})]
    if named:
        words.append(localize(_("on ${days}", mapping={"days": ", ".join(localize(days[day]) for day in named)})))
    if "COUNT" in parts:
        words.append(localize(_("${n} times in all", mapping={"n": parts["COUNT"]})))
    if "UNTIL" in parts:
        last = datetime.strptime(parts["UNTIL"][:8], "%Y%m%d").replace(tzinfo=UTC).date()
        words.append(localize(_("until ${day}", mapping={"day": format_date(last, locale=cldr(locale))})))
    return ", ".join(words)


_EVERY: Mapping[str, tuple[Text, Text]] = {
    "DAILY": (_("every day"), _("every ${n} days")),
    "WEEKLY": (_("every week"), _("every ${n} weeks")),
    "MONTHLY": (_("every month"), _("every ${n} months")),
}


def rule_in(entered: Mapping[str, str], days: Sequence[str], zone: str) -> str:
    """Return the rule that a form says: the one written out, else that of its choices. Raises Invalid by field.

    >>> rule_in({"frequency": "WEEKLY", "every": "2", "times": "5"}, ["MO"], "UTC")
    'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=5'
    """
    if entered.get("rrule"):
        return entered["rrule"]
    frequency = entered.get("frequency", "")
    parts = [f"FREQ={frequency}", f"INTERVAL={entered.get('every') or 1}"]
    if frequency == "WEEKLY" and days:
        parts.append("BYDAY=" + ",".join(days))
    if entered.get("until"):
        parts.append(f"UNTIL={_end_of(entered['until'], zone):%Y%m%dT%H%M%SZ}")
    if entered.get("times"):
        parts.append(f"COUNT={entered['times']}")
    return ";".join(parts)


def _end_of(day: str, zone: str) -> datetime:
    try:
        last = datetime.combine(date.fromisoformat(day), time(23, 59, 59))
    except ValueError:
        message = _("Give a day such as 2026-03-29.")
        raise Invalid("form.day", message, fields={"until": [message]}) from None
    return last_instant(last, ZoneInfo(zone)).astimezone(UTC)
