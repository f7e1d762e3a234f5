"""Reading the ledger: the lines of a month, what they come to in each currency, and the same as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from infra_access.accounting.models import FundingSource
from infra_access.accounting.months import clean_month
from infra_access.catalogue.models import Facility, Instrument, Resource
from infra_access.catalogue.scopes import facility_scopes
from infra_access.catalogue.standards.spreadsheet import write_csv
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.core.paging import clean_limit, decode_cursor, encode_cursor
from infra_access.ledger.models import ClosedMonth, UsageLine

HEADINGS = (
    "line",
    "month",
    "written_at",
    "kind",
    "of",
    "subject",
    "used_from",
    "used_until",
    "instrument",
    "instrument_name",
    "access_unit",
    "units",
    "list_value",
    "price",
    "currency",
    "ground",
    "funding",
    "funding_reference",
    "resource",
    "corrects",
    "note",
)
_NUMBERS = [HEADINGS.index(name) for name in ("units", "list_value", "price")]
_CORRECTED = aliased(UsageLine)


@dataclass(frozen=True, slots=True)
class UsageView:
    """A line with what it names: the instrument, the source that pays, the line that it corrects, the copy's name."""

    line: UsageLine
    instrument: Instrument
    funding: FundingSource | None
    corrects: str | None
    resource: str | None


@dataclass(frozen=True, slots=True)
class Total:
    """What the lines of a month come to in one currency."""

    currency: str
    lines: int
    list_value: Decimal
    price: Decimal

    def as_json(self) -> dict[str, int | str]:
        """Return it as a closed month keeps it."""
        return {"lines": self.lines, "list_value": f"{self.list_value:.2f}", "price": f"{self.price:.2f}"}


@dataclass(frozen=True, slots=True)
class UsagePage:
    """One page of a month's lines, in the order in which they were written, with the month's totals."""

    items: tuple[UsageView, ...]
    next: str | None
    totals: tuple[Total, ...]
    closed: ClosedMonth | None


def usage_of_month(
    session: Session,
    *,
    actor: Actor,
    facility: Facility,
    month: str,
    limit: int | None = None,
    cursor: str | None = None,
) -> UsagePage:
    """Return a page of a month's lines and what the whole month comes to. Four statements."""
    require(actor, Permission.LEDGER_READ, facility_scopes(session, facility))
    month, size = clean_month(month), clean_limit(limit)
    after = int(decode_cursor(cursor, (int,))[0]) if cursor else 0
    found = _lines(session, facility.id, month, after=after, limit=size + 1)
    closed = session.scalars(
        select(ClosedMonth).where(ClosedMonth.facility_id == facility.id, ClosedMonth.month == month)
    ).one_or_none()
    return UsagePage(
        tuple(found[:size]),
        encode_cursor([found[size - 1].line.id]) if len(found) > size else None,
        totals_of(session, facility.id, month),
        closed,
    )


def usage_line(session: Session, public_id: str, *, actor: Actor, facility: Facility) -> UsageLine:
    """Return a line of a facility's ledger. Raises NotFound `usage.unknown`, Forbidden."""
    require(actor, Permission.LEDGER_READ, facility_scopes(session, facility))
    line = session.scalars(
        select(UsageLine).where(UsageLine.public_id == public_id, UsageLine.facility_id == facility.id)
    ).one_or_none()
    if line is None:
        raise NotFound("usage.unknown", _("There is no such line in this ledger."))
    return line


def usage_view(session: Session, line: UsageLine) -> UsageView:
    """Return a line with what it names."""
    return next(view for view in _lines(session, line.facility_id, line.month, after=line.id - 1, limit=1))


def totals_of(session: Session, facility_id: int, month: str) -> tuple[Total, ...]:
    """Return what a month comes to in each currency. One statement."""
    rows = session.execute(
        select(UsageLine.currency, func.count(), func.sum(UsageLine.list_value), func.sum(UsageLine.price))
        .where(UsageLine.facility_id == facility_id, UsageLine.month == month)
        .group_by(UsageLine.currency)
        .order_by(UsageLine.currency)
    )
    return tuple(Total(*row) for row in rows)


def ledger_csv(session: Session, *, actor: Actor, facility: Facility, month: str) -> bytes:
    """Return every line of a month as CSV in UTF-8, whose sums are those of the ledger.

    Cells that a spreadsheet would compute are guarded; our own numbers are numbers, also negative ones.
    """
    require(actor, Permission.LEDGER_READ, facility_scopes(session, facility))
    views = _lines(session, facility.id, clean_month(month))
    return write_csv([HEADINGS, *(_cells(view) for view in views)], numbers=_NUMBERS)


def _lines(
    session: Session, facility_id: int, month: str, *, after: int = 0, limit: int | None = None
) -> Sequence[UsageView]:
    rows = session.execute(
        select(UsageLine, Instrument, FundingSource, _CORRECTED.public_id, Resource.name)
        .join(Instrument, Instrument.id == UsageLine.instrument_id)
        .outerjoin(FundingSource, FundingSource.id == UsageLine.funding_id)
        .outerjoin(_CORRECTED, _CORRECTED.id == UsageLine.corrects_id)
        .outerjoin(Resource, Resource.id == UsageLine.resource_id)
        .where(UsageLine.facility_id == facility_id, UsageLine.month == month, UsageLine.id > after)
        .order_by(UsageLine.id)
        .limit(limit)
    )
    return [UsageView(*row) for row in rows]


def _cells(view: UsageView) -> list[str]:
    line, funding = view.line, view.funding
    return [
        line.public_id,
        line.month,
        line.written_at.isoformat(),
        line.kind,
        "booking" if line.booking_id is not None else "service order",
        line.subject,
        line.used_from.isoformat() if line.used_from else "",
        line.used_until.isoformat() if line.used_until else "",
        view.instrument.public_id,
        view.instrument.name,
        line.access_unit,
        f"{line.units:.2f}",
        f"{line.list_value:.2f}",
        f"{line.price:.2f}",
        line.currency,
        line.ground,
        funding.name if funding else "",
        funding.reference if funding else "",
        view.resource or "",
        view.corrects or "",
        line.note,
    ]
