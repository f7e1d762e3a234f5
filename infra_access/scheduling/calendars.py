"""iCalendar out (RFC 5545, 5546, 7986): entries as plain data in, the bytes of a calendar out.

UID and SEQUENCE come with the entry: the first never changes, the second rises with each change, or readers
show a booking twice. Times carry the facility's zone, whose VTIMEZONE goes along; a time within the repeated
hour is written in UTC, since a local one names two instants there. User text cannot add lines.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vDuration, vText

from infra_access.core.zones import is_repeated, named_zone
from infra_access.scheduling.calendar_zones import bounded_timezone
from infra_access.scheduling.lifecycle import BookingState

PRODUCT = "-//Infra Access//Bookings//EN"
REFRESH = timedelta(hours=1)

_LINE_BREAK = re.compile("\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_UNSAFE_IN_URI = re.compile(r"[^\x21-\x7e]|[\"<>\\^`{|}]")


class EntryStatus(StrEnum):
    """The STATUS of an event."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class Method(StrEnum):
    """The iTIP METHOD of a calendar that is sent, not subscribed to."""

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One event. Instants are aware; `zone` is the IANA name in which its times are shown."""

    uid: str
    sequence: int
    start: datetime
    end: datetime
    zone: str
    summary: str
    created: datetime
    last_modified: datetime
    status: EntryStatus = EntryStatus.CONFIRMED
    description: str = ""
    location: str = ""
    url: str = ""
    organizer: str = ""
    """A mail address, bare."""


_STATUS = {
    BookingState.CONFIRMED: EntryStatus.CONFIRMED,
    BookingState.READY: EntryStatus.CONFIRMED,
    BookingState.CHECKED_IN: EntryStatus.CONFIRMED,
    BookingState.COMPLETED: EntryStatus.CONFIRMED,
    BookingState.NO_SHOW: EntryStatus.CANCELLED,
    BookingState.CANCELLED: EntryStatus.CANCELLED,
    BookingState.RELEASED: EntryStatus.CANCELLED,
}


def entry_status(state: BookingState) -> EntryStatus:
    """Return how calendars show a booking in `state`; what is not yet agreed is tentative."""
    return _STATUS.get(state, EntryStatus.TENTATIVE)


def booking_event(entry: CalendarEntry, *, now: datetime) -> Event:
    """Return the VEVENT of `entry`.

    Raises Invalid `zone.unknown`, and ValueError for a UID, URL or address that cannot be written safely.
    """
    if not entry.uid or _UNSAFE_IN_URI.search(entry.uid):
        raise ValueError("a UID is printable ASCII without spaces")
    event = Event()
    event.add("UID", entry.uid)
    event.add("SEQUENCE", entry.sequence)
    event.add("DTSTAMP", now.astimezone(UTC))
    event.add("CREATED", entry.created.astimezone(UTC))
    event.add("LAST-MODIFIED", entry.last_modified.astimezone(UTC))
    for name, moment in (("DTSTART", entry.start), ("DTEND", entry.end)):
        event.add(name, _local_or_utc(moment, named_zone(entry.zone)))
    event.add("SUMMARY", _clean(entry.summary))
    event.add("STATUS", entry.status.value)
    event.add("TRANSP", "TRANSPARENT" if entry.status is EntryStatus.CANCELLED else "OPAQUE")
    for name, text in (("DESCRIPTION", entry.description), ("LOCATION", entry.location)):
        if text:
            event.add(name, _clean(text))
    if entry.url:
        event.add("URL", _uri(entry.url))
    if entry.organizer:
        event.add("ORGANIZER", vCalAddress(_uri(f"mailto:{entry.organizer}")))
    return event


def calendar(entries: Sequence[CalendarEntry], *, name: str, now: datetime, method: Method | None = None) -> bytes:
    """Return a whole calendar as UTF-8 with folded lines; the same input gives the same bytes.

    Without `method` it is a feed to subscribe to; with one, an iTIP message.
    """
    result = Calendar()
    result.add("VERSION", "2.0")
    result.add("PRODID", PRODUCT)
    result.add("CALSCALE", "GREGORIAN")
    if method is not None:
        result.add("METHOD", method.value)
    # Each property twice: as RFC 7986 names it, and as older readers do.
    for key in ("NAME", "X-WR-CALNAME"):
        result.add(key, vText(_clean(name)))
    result.add("REFRESH-INTERVAL", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    result.add("X-PUBLISHED-TTL", vDuration(REFRESH))
    for zone, (first, last) in sorted(_years_by_zone(entries).items()):
        result.add_component(bounded_timezone(ZoneInfo(zone), first, last))
    for entry in sorted(entries, key=lambda one: (one.start, one.uid)):
        result.add_component(booking_event(entry, now=now))
    return bytes(result.to_ical())


def _years_by_zone(entries: Sequence[CalendarEntry]) -> dict[str, tuple[int, int]]:
    years: dict[str, tuple[int, int]] = {}
    for entry in entries:
        zone = named_zone(entry.zone)
        first, last = entry.start.astimezone(zone).year, entry.end.astimezone(zone).year
        known = years.get(entry.zone, (first, last))
        years[entry.zone] = (min(known[0], first), max(known[1], last))
    return years


def _local_or_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    return moment.astimezone(UTC) if is_repeated(local.replace(tzinfo=None), zone) else local


def _clean(text: str) -> str:
    """Return text whose only control character is the newline, which is then written escaped."""
    return _CONTROL.sub("", _LINE_BREAK.sub("\n", text).replace("\t", " "))


def _uri(text: str) -> str:
    # URI values are written bare: anything that could end the line or the value is refused, not repaired.
    if _UNSAFE_IN_URI.search(text):
        raise ValueError("a URI is printable ASCII without spaces or quotes")
    return text
