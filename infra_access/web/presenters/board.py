"""A schedule as the user office sees it: a table of instruments and days, and what waits beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from infra_access.access_requests.date_preferences import Days
from infra_access.access_requests.vocabularies import DateKind
from infra_access.catalogue.models import Instrument
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import named_zone
from infra_access.scheduling.drafts.board_queries import BoardSession
from infra_access.scheduling.drafts.conflicts import Finding

_DAY = timedelta(days=1)
SHOWN_DAYS = 7
"""Days that the table shows at once."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One session on one day: when in local time, and what stands against it or for it."""

    session: BoardSession
    when: str
    findings: tuple[Finding, ...]

    @property
    def clashes(self) -> bool:
        """Tell whether something is in the way."""
        return any(not one.good for one in self.findings)


@dataclass(frozen=True, slots=True)
class Row:
    """One instrument with the entries of each day."""

    instrument: Instrument
    cells: tuple[tuple[Entry, ...], ...]


@dataclass(frozen=True, slots=True)
class Board:
    """The table: days across, instruments down; and the first days of the parts before and after."""

    days: tuple[date, ...]
    rows: tuple[Row, ...]
    earlier: date | None
    later: date | None


def board_of(
    sessions: Sequence[BoardSession],
    findings: Iterable[Finding],
    instruments: Iterable[Instrument],
    *,
    period: TimeSpan,
    zone: str,
    chosen: date | None,
) -> Board:
    """Return the table for seven days of the period: that of `chosen`, else the first in which anything happens."""
    place = named_zone(zone)
    first, last = period.start.astimezone(place).date(), (period.end - timedelta(seconds=1)).astimezone(place).date()
    begun = min((one.span.start.astimezone(place).date() for one in sessions), default=first)
    wanted = chosen if chosen is not None and first <= chosen <= last else begun
    start = first + (wanted - first) // (SHOWN_DAYS * _DAY) * SHOWN_DAYS * _DAY
    days = tuple(day for n in range(SHOWN_DAYS) if (day := start + n * _DAY) <= last)
    known: dict[str, list[Finding]] = {}
    for finding in findings:
        known.setdefault(finding.session, []).append(finding)
    shown = {one.id: one for one in instruments} | {one.instrument.id: one.instrument for one in sessions}
    rows = []
    for instrument in sorted(shown.values(), key=lambda row: row.name):
        own = [one for one in sessions if one.instrument.id == instrument.id]
        cells = tuple(tuple(_entries(own, day, zone, known)) for day in days)
        rows.append(Row(instrument, cells))
    later = start + SHOWN_DAYS * _DAY
    return Board(
        days, tuple(rows), start - SHOWN_DAYS * _DAY if start > first else None, later if later <= last else None
    )


def _entries(
    sessions: Iterable[BoardSession], day: date, zone: str, known: dict[str, list[Finding]]
) -> Iterable[Entry]:
    place = named_zone(zone)
    for one in sessions:
        start, end = one.span.start.astimezone(place), one.span.end.astimezone(place)
        if start.date() <= day <= (end - timedelta(seconds=1)).date():
            begins = f"{start:%H:%M}" if start.date() == day else "00:00"
            ends = f"{end:%H:%M}" if end.date() == day else "24:00"
            findings = tuple(known.get(one.draft.public_id, ()))
            yield Entry(one, f"{begins}\N{EN DASH}{ends}", findings)


def parted(days: Iterable[Days]) -> tuple[list[Days], list[Days]]:
    """Return the impossible days, and the preferred ones."""
    listed = list(days)
    return (
        [one for one in listed if one.kind == DateKind.IMPOSSIBLE],
        [one for one in listed if one.kind == DateKind.PREFERRED],
    )
