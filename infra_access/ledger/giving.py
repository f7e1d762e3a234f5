"""Who gave whom how much: what was used, summed up by whose it was and who used it, with the lines that correct it.

Time that was lost, and that for which nobody came, was given to nobody.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, column, func, select, table
from sqlalchemy.orm import aliased

from infra_access.catalogue.models import Facility, Organisation
from infra_access.ledger.models import UsageLine
from infra_access.ledger.vocabularies import UsageKind
from infra_access.people.models import Account

HOST, USER = aliased(Organisation), aliased(Organisation)
CORRECTED = aliased(UsageLine)
USER_COUNTRY = func.coalesce(USER.country, Account.country_of_work)
"""That of the organisation acted for, and of persons who act for none the country in which they work."""

# Their packages lie above this one. Of them a line needs who used it: these columns are known by name, as their keys are.
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
