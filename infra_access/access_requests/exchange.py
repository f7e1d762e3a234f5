"""What the applicant's country and the host's gave each other, as facts that rules may rank or reserve by (ADR 12).

Counted is what was used in the 365 days before, as the ledger had it then. The applicant's country is that of the
organisation acted for, or else the one in which whoever asks works.

- `ledger.received_units` is what it received from the country of the facility, `ledger.given_units` what it gave there,
  both in the access unit of the way in. Hours, shifts and days turn into one another; what does not is not counted.
- `ledger.balance_value` is the list value of what it gave, with what its organisations contributed to the network in
  kind, less that of what it received: an amount in the currency of the way in. Where any of it is in another currency
  nobody can say, so it is unknown.

Within one country, and within one organisation wherever its facilities are, nothing is exchanged: then all three are
known to be absent. Before a request is written, and for whoever books without one, they are unknown.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, AccessRoute
from infra_access.core.authority import Scope
from infra_access.ledger.currencies import currency_of
from infra_access.ledger.giving import Gift, exchange
from infra_access.ledger.units import ratio
from infra_access.people.models import Account
from infra_access.policy.applicants import RECORDS
from infra_access.policy.facts import Fact
from infra_access.policy.rulebook import RuleBook
from infra_access.policy.vocabulary import LEDGER_BALANCE, LEDGER_FACTS, LEDGER_GIVEN, LEDGER_RECEIVED

SOURCE = "the ledger"
_SPAN = timedelta(days=365)
_HUNDREDTH = Decimal("0.01")


def facts_of_exchange(
    session: Session,
    *,
    route: AccessRoute,
    regime: str,
    host: tuple[str, str],
    acting_for: tuple[str, str] | None,
    scopes: Collection[Scope],
    book: RuleBook,
    now: datetime,
    access_request_id: int | None = None,
) -> dict[str, Fact]:
    """Return what rules read of the ledger about a request, by name; what is unknown is left out.

    `host` and `acting_for` are organisations by public id and country: of the facility, the one where it stands. One
    statement where a rule reads of it that may reach the request, one more where nobody is acted for, and else none.
    """
    asked = book.read_near(LEDGER_FACTS, scopes)
    if not asked:
        return {}
    country = acting_for[1] if acting_for else _country_of_requester(session, access_request_id)
    if country is None:
        return {}
    if country == host[1] or (acting_for is not None and acting_for[0] == host[0]):
        return {name: Fact(None, SOURCE, RECORDS, now) for name in asked}
    gifts = exchange(session, country, host[1], since=now - _SPAN, now=now, in_kind=LEDGER_BALANCE in asked)
    received, gave = ([one for one in gifts if (one.country == country) is ours] for ours in (False, True))
    values = {LEDGER_RECEIVED: _units(received, route.access_unit), LEDGER_GIVEN: _units(gave, route.access_unit)}
    if {one.currency for one in gifts} <= {currency_of(route.tariff, regime)}:
        values[LEDGER_BALANCE] = _exact(_value(gave) - _value(received))
    return {name: Fact(value, SOURCE, RECORDS, now) for name, value in values.items() if name in asked}


def _country_of_requester(session: Session, access_request_id: int | None) -> str | None:
    return session.scalar(
        select(Account.country_of_work)
        .join(AccessRequest, AccessRequest.requester_id == Account.id)
        .where(AccessRequest.id == access_request_id)
    )


def _units(gifts: Iterable[Gift], access_unit: str) -> Decimal:
    found = Decimal(0)
    for one in gifts:
        times = ratio(one.access_unit, access_unit) if one.access_unit else None
        found += one.units * (times or 0)
    return _exact(found)


def _value(gifts: Iterable[Gift]) -> Decimal:
    return sum((one.value for one in gifts), Decimal(0))


def _exact(number: Decimal) -> Decimal:
    return number.quantize(_HUNDREDTH, ROUND_HALF_UP).normalize()
