"""The ledger of reciprocity: who gave whom how much access in a year, and what was contributed in kind.

It is made of the lines of the facilities' ledgers (`ledger.giving`). A year is that of the months in which they stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, or_, select, true
from sqlalchemy.orm import Session, aliased

from infra_access.catalogue import fields
from infra_access.catalogue.models import Facility, Organisation
from infra_access.catalogue.standards.spreadsheet import write_csv
from infra_access.core.authority import Actor
from infra_access.core.i18n import _
from infra_access.ledger.giving import HOST, USER, USER_COUNTRY, given
from infra_access.ledger.models import Contribution, UsageLine
from infra_access.measurement.exchange import Balance, Flow, Party, Side, balances, exchanged
from infra_access.measurement.reach import Reach, reach_of

FIRST_YEAR, LAST_YEAR = 1970, 2199
HEADINGS = (
    "year",
    "host_country",
    "host",
    "host_name",
    "user_country",
    "user",
    "user_name",
    "access_unit",
    "lines",
    "units",
    "list_value",
    "price",
    "currency",
)
_NUMBERS = [HEADINGS.index(name) for name in ("lines", "units", "list_value", "price")]
_CORRECTED_GIFT = aliased(Contribution)


@dataclass(frozen=True, slots=True)
class ContributionView:
    """A contribution with the organisation that made it and the public id of the one that it corrects."""

    contribution: Contribution
    organisation: Organisation
    corrects: str | None


@dataclass(frozen=True, slots=True)
class Contributed:
    """What an organisation contributed in kind in a year, corrections included, in one currency."""

    organisation: Organisation
    currency: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Reciprocity:
    """A year: the exchange between parties, what each gave and received, and the contributions in kind."""

    year: int
    side: Side
    flows: tuple[Flow, ...]
    balances: tuple[Balance, ...]
    contributions: tuple[ContributionView, ...]
    contributed: tuple[Contributed, ...]


def clean_year(year: int) -> int:
    """Return a year of which there can be lines. Raises Invalid `year.range`."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        span = {"first": FIRST_YEAR, "last": LAST_YEAR}
        raise fields.fault("year.range", "year", _("Give a year from ${first} to ${last}.", mapping=span))
    return year


def reciprocity(session: Session, *, actor: Actor, year: int, side: Side = Side.COUNTRY) -> Reciprocity:
    """Return the exact numbers of a year within what the actor answers for. Two statements. Raises Forbidden, Invalid.

    Whoever answers for a country sees each exchange that it had part in, on either side.
    """
    reach, year = reach_of(actor), clean_year(year)
    flows = exchanged(_flows(session, reach, year, side))
    contributions = _contributions(session, reach, year)
    return Reciprocity(
        year, side, tuple(flows), tuple(balances(flows)), tuple(contributions), tuple(_contributed(contributions))
    )


def reciprocity_csv(session: Session, *, actor: Actor, year: int) -> bytes:
    """Return the exchange of a year between organisations as CSV in UTF-8, guarded as the ledger's is."""
    found = reciprocity(session, actor=actor, year=year, side=Side.ORGANISATION)
    return write_csv([HEADINGS, *(_cells(year, flow) for flow in found.flows)], numbers=_NUMBERS)


def _flows(session: Session, reach: Reach, year: int, side: Side) -> list[Flow]:
    rows = session.execute(_sums(year).where(_within(reach)))
    return [
        Flow(*_parties(row, side), row.access_unit, row.currency, row.lines, row.units, row.list_value, row.price)
        for row in rows
    ]


def _parties(row: Row[Any], side: Side) -> tuple[Party, Party]:
    """Return who gave and who received: a country gives where the facility stands, wherever its organisation is."""
    if side is Side.COUNTRY:
        return Party(row.host_country), Party(row.user_country or "")
    host = Party(row.host_home, row.host_name, row.host)
    return host, Party(row.user_country or "", row.user_name or "", row.user or "")


def _sums(year: int) -> Select[*tuple[Any, ...]]:
    return given(
        Facility.country.label("host_country"),
        HOST.country.label("host_home"),
        HOST.public_id.label("host"),
        HOST.name.label("host_name"),
        USER_COUNTRY.label("user_country"),
        USER.public_id.label("user"),
        USER.name.label("user_name"),
    ).where(UsageLine.month.between(f"{year}-01", f"{year}-12"))


def _within(reach: Reach) -> ColumnElement[bool]:
    if reach.whole:
        return true()
    return or_(
        Facility.country.in_(reach.countries),
        USER_COUNTRY.in_(reach.countries),
        HOST.public_id.in_(reach.organisations),
        USER.public_id.in_(reach.organisations),
    )


def _contributions(session: Session, reach: Reach, year: int) -> list[ContributionView]:
    within = or_(Organisation.country.in_(reach.countries), Organisation.public_id.in_(reach.organisations))
    rows = session.execute(
        select(Contribution, Organisation, _CORRECTED_GIFT.public_id)
        .join(Organisation, Organisation.id == Contribution.organisation_id)
        .outerjoin(_CORRECTED_GIFT, _CORRECTED_GIFT.id == Contribution.corrects_id)
        .where(Contribution.given_on.between(date(year, 1, 1), date(year, 12, 31)), true() if reach.whole else within)
        .order_by(Contribution.given_on, Contribution.id)
    )
    return [ContributionView(*row) for row in rows]


def _contributed(views: Sequence[ContributionView]) -> list[Contributed]:
    sums: dict[tuple[int, str], Contributed] = {}
    for view in views:
        key = (view.organisation.id, view.contribution.currency)
        before = sums[key].value if key in sums else Decimal(0)
        sums[key] = Contributed(view.organisation, key[1], before + view.contribution.value)
    return sorted(sums.values(), key=lambda one: (one.organisation.name, one.currency))


def _cells(year: int, flow: Flow) -> list[str]:
    return [
        str(year),
        flow.host.country,
        flow.host.organisation,
        flow.host.name,
        flow.user.country,
        flow.user.organisation,
        flow.user.name,
        flow.access_unit,
        str(flow.lines),
        f"{flow.units:.2f}",
        f"{flow.list_value:.2f}",
        f"{flow.price:.2f}",
        flow.currency,
    ]
