"""Who gave whom how much: what was used, summed up by whose it was and who used it, with the lines that correct it.

Time that was lost, and that for which nobody came, was given to nobody.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, column, func, literal, or_, select, table, union_all
from sqlalchemy.orm import Session, aliased

from infra_access.catalogue.models import Facility, Organisation
from infra_access.ledger.models import UNITS, Contribution, UsageLine
from infra_access.ledger.vocabularies import UsageKind
from infra_access.people.models import Account

HOST, USER = aliased(Organisation), aliased(Organisation)
CORRECTED = aliased(UsageLine)
USER_COUNTRY: ColumnElement[str] = func.coalesce(USER.country, Account.country_of_work)
"""That of the organisation acted for, and of persons who act for none the country in which they work."""

# Their packages lie above this one. A line needs of them who used it: columns known by name, as their keys are.
_OF_WHOM = ("id", "account_id", "acting_for_id")
_BOOKING, _ORDER = (table(name, *(column(one) for one in _OF_WHOM)) for name in ("booking", "service_order"))


def given(*by: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Select what was used by these columns, which may be of the host and the user, and by access unit and currency."""
    return (
        select(
            *by,
            UsageLine.access_unit,
            UsageLine.currency,
            func.count().label("lines"),
            func.sum(UsageLine.units).label("units"),
            func.sum(UsageLine.list_value).label("list_value"),
            func.sum(UsageLine.price).label("price"),
        )
        .join(Facility, Facility.id == UsageLine.facility_id)
        .join(HOST, HOST.id == Facility.organisation_id)
        .outerjoin(CORRECTED, CORRECTED.id == UsageLine.corrects_id)
        .outerjoin(_BOOKING, _BOOKING.c.id == UsageLine.booking_id)
        .outerjoin(_ORDER, _ORDER.c.id == UsageLine.service_order_id)
        .join(Account, Account.id == func.coalesce(_BOOKING.c.account_id, _ORDER.c.account_id))
        .outerjoin(USER, USER.id == func.coalesce(_BOOKING.c.acting_for_id, _ORDER.c.acting_for_id))
        .where(func.coalesce(CORRECTED.kind, UsageLine.kind) == UsageKind.USED)
        .group_by(*by, UsageLine.access_unit, UsageLine.currency)
    )


@dataclass(frozen=True, slots=True)
class Gift:
    """What a country gave in one access unit and currency; what it contributed in kind is of no unit."""

    country: str
    access_unit: str
    currency: str
    units: Decimal
    value: Decimal


def exchange(
    session: Session, country: str, host: str, *, since: datetime, now: datetime, in_kind: bool = False
) -> list[Gift]:
    """Return what two countries gave each other after `since`, as the ledger had it at `now`. One statement.

    A correction counts when that was used which it corrects. What an organisation used of its own abroad is no
    exchange. `in_kind` adds what organisations of `country`, the first, contributed to the network.
    """
    used_at = func.coalesce(CORRECTED.used_until, UsageLine.used_until, CORRECTED.written_at, UsageLine.written_at)
    used = (
        given(Facility.country.label("country"))
        .where(
            Facility.country.in_((country, host)),
            USER_COUNTRY.in_((country, host)),
            Facility.country != USER_COUNTRY,
            or_(USER.id.is_(None), USER.id != Facility.organisation_id),
            # No line stands in a month before that of its use, wherever on earth that was.
            UsageLine.month >= f"{since - timedelta(days=1):%Y-%m}",
            used_at > since,
            UsageLine.written_at <= now,
        )
        .subquery()
    )
    gifts = select(used.c.country, used.c.access_unit, used.c.currency, used.c.units, used.c.list_value)
    contributed = (
        select(
            literal(country),
            literal(""),
            Contribution.currency,
            literal(Decimal(0), UNITS),
            func.sum(Contribution.value),
        )
        .join(Organisation, Organisation.id == Contribution.organisation_id)
        .where(
            Organisation.country == country,
            Contribution.given_on.between(since.date() + timedelta(days=1), now.date()),
            Contribution.noted_at <= now,
        )
        .group_by(Contribution.currency)
    )
    return [Gift(*row) for row in session.execute(union_all(gifts, contributed) if in_kind else gifts)]
