"""Closing a resource as a form asks for it: how it repeats, what can be closed, and what it would come to."""

from collections.abc import Iterable, Mapping

from infra_access.catalogue.models import Resource
from infra_access.catalogue.vocabularies import ResourceKind
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.scheduling.upkeep.report import Report

REPEATS: Mapping[str, tuple[str, Text]] = {
    "daily": ("FREQ=DAILY", _("Every day")),
    "weekly": ("FREQ=WEEKLY", _("Every week")),
    "fortnightly": ("FREQ=WEEKLY;INTERVAL=2", _("Every two weeks")),
    "four_weekly": ("FREQ=WEEKLY;INTERVAL=4", _("Every four weeks")),
}

_KINDS: Mapping[str, Text] = {
    ResourceKind.PLANT: _("${name} (with all that depends on it)"),
    ResourceKind.ROOM: _("${name} (room)"),
    ResourceKind.PERSON: _("${name} (person)"),
}


def rrule_in(entered: Mapping[str, str]) -> str | None:
    """Return the recurrence rule that was entered. Raises Invalid naming the field."""
    repeat = entered.get("repeat", "")
    if not repeat:
        return None
    times = entered.get("times", "")
    if repeat not in REPEATS or not (times.isascii() and times.isdecimal() and 0 < len(times) < 4):
        message = _("Say how many times, as a number from 2 on.")
        raise Invalid("closure.times", message, fields={"times": [message]})
    return f"{REPEATS[repeat][0]};COUNT={int(times)}"


def resource_words(rows: Iterable[Resource]) -> list[tuple[str, Text]]:
    """Return what can be closed as options: its id and what it is called."""
    return [(row.public_id, _called(row)) for row in rows]


def button_words(report: Report) -> Text:
    """Return what the button says that closes it, so that nobody presses it unknowing."""
    moved, cancelled = report.count("moved", "moved_pending"), report.count("cancelled")
    counts = {"moved": moved, "cancelled": cancelled}
    if moved and cancelled:
        return _("Close it (bookings moved: ${moved}, cancelled: ${cancelled})", mapping=counts)
    if moved:
        return _("Close it (bookings moved: ${moved})", mapping=counts)
    if cancelled:
        return _("Close it (bookings cancelled: ${cancelled})", mapping=counts)
    return _("Close it")


def _called(row: Resource) -> Text:
    words = _KINDS.get(row.kind)
    return row.name if words is None else words % {"name": row.name}
