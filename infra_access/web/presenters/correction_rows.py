"""Corrections that staff proposed, as the team and the staff read them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from infra_access.access_requests.corrections import CorrectionView
from infra_access.access_requests.models import AccessRequest
from infra_access.catalogue.countries import country_name
from infra_access.catalogue.vocabularies import AccessType, AccessUnit, Regime, label
from infra_access.core.i18n import Text, _
from infra_access.core.zones import day_start, named_zone, parse_instant
from infra_access.web.case_words import FIELDS, PARTICIPANT_ROLES

STATES = {
    "proposed": (_("Waits for the applicant"), "accent", "clock"),
    "accepted": (_("Accepted"), "free", "check"),
    "declined": (_("Declined"), "closed", "dash"),
}
_WORDS: Mapping[str, type[StrEnum]] = {"regime": Regime, "access_type": AccessType, "access_unit": AccessUnit}


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """One correction: each field that it changes, with its value before and its new one line by line.

    Of a team there is a line for each person. Once it was answered the request may say anything, so that nothing
    stands before.
    """

    public_id: str
    proposed_by: str
    proposed_at: datetime
    reason: str
    state: Text
    tone: str
    icon: str
    open: bool
    changes: tuple[tuple[Text, tuple[Text, ...], tuple[Text, ...]], ...]


def correction_rows(
    views: Iterable[CorrectionView], asked: AccessRequest, zone: str, locale: str
) -> list[CorrectionRow]:
    """Return the corrections of a request; days are those of the facility."""
    return [_row(view, asked, zone, locale) for view in views]


def period_of(days: tuple[date, date], zone: str) -> tuple[datetime, datetime]:
    """Return the period of whole days of a zone, the last one included."""
    first, last = days
    return day_start(first, zone), day_start(last + timedelta(days=1), zone)


def _row(view: CorrectionView, asked: AccessRequest, zone: str, locale: str) -> CorrectionRow:
    row = view.correction
    before = _before(asked) if row.state == "proposed" else {}
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
            (
                FIELDS.get(name, name),
                tuple(_lines(name, before[name], zone, locale)) if name in before else (),
                tuple(_lines(name, value, zone, locale)),
            )
            for name, value in sorted(row.changes.items())
        ),
    )


def _before(asked: AccessRequest) -> Mapping[str, Any]:
    """Return what a request says, as corrections hold it; its team stands beside on the page."""
    return {
        **{
            name: getattr(asked, name)
            for name in ("title", "summary", "regime", "access_type", "access_unit", "project")
        },
        "quantity": asked.quantity,
        "period": (asked.period_start.isoformat(), asked.period_end.isoformat()),
    }


def _lines(name: str, value: Any, zone: str, locale: str) -> Iterator[Text]:
    if name == "period":
        start, end = (parse_instant(one).astimezone(named_zone(zone)) for one in value)
        yield f"{start.date()} \N{EN DASH} {(end - timedelta(minutes=1)).date()}"
    elif name == "participants":
        yield from (_person(one, locale) for one in value)
    elif name == "quantity":
        yield f"{Decimal(value).normalize():f}"
    elif name in _WORDS:
        yield label(_WORDS[name](value))
    elif isinstance(value, dict):
        yield from (f"{key}: {_plain(inner)}" for key, inner in value.items() if inner not in (None, "", [], {}))
    else:
        yield _plain(value)


def _person(member: Mapping[str, Any], locale: str) -> Text:
    told = {"name": f"{member['name']} ({member['email']})", "role": PARTICIPANT_ROLES[member["role"]]}
    country = member.get("country_of_work")
    if not country:
        return _("${name}: ${role}", mapping=told)
    return _("${name}: ${role}, ${country}", mapping=told | {"country": country_name(country, locale)})


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(inner)}" for key, inner in value.items())
    return "\N{EN DASH}" if value in (None, "") else str(value)
