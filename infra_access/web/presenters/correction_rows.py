"""Corrections that staff proposed, as the team and the staff read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from infra_access.access_requests.corrections import CorrectionView
from infra_access.core.i18n import Text, _
from infra_access.core.zones import day_start, named_zone, parse_instant
from infra_access.web.case_words import FIELDS

STATES = {
    "proposed": (_("Waits for the applicant"), "accent", "clock"),
    "accepted": (_("Accepted"), "free", "check"),
    "declined": (_("Declined"), "closed", "dash"),
}
_SHOWN = ("title", "summary", "quantity", "period")


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """One correction: each field that it changes, with its new value where that fits in a line."""

    public_id: str
    proposed_by: str
    proposed_at: datetime
    reason: str
    state: Text
    tone: str
    icon: str
    open: bool
    changes: tuple[tuple[Text, str], ...]


def correction_rows(views: Iterable[CorrectionView], zone: str) -> list[CorrectionRow]:
    """Return the corrections of a request; days are those of the facility."""
    return [_row(view, zone) for view in views]


def period_of(days: tuple[date, date], zone: str) -> tuple[datetime, datetime]:
    """Return the period of whole days of a zone, the last one included."""
    first, last = days
    return day_start(first, zone), day_start(last + timedelta(days=1), zone)


def _row(view: CorrectionView, zone: str) -> CorrectionRow:
    row = view.correction
    words, tone, icon = STATES[row.state]
    return CorrectionRow(
        public_id=row.public_id,
        proposed_by=view.proposed_by,
        proposed_at=row.proposed_at,
        reason=row.reason,
        state=words,
        tone=tone,
        icon=icon,
        open=row.state == "proposed",
        changes=tuple(
            (FIELDS.get(name, name), _value(name, value, zone) if name in _SHOWN else "")
            for name, value in sorted(row.changes.items())
        ),
    )


def _value(name: str, value: Any, zone: str) -> str:
    if name != "period":
        return str(value)
    start, end = (parse_instant(one).astimezone(named_zone(zone)) for one in value)
    return f"{start.date()} \N{EN DASH} {(end - timedelta(minutes=1)).date()}"
