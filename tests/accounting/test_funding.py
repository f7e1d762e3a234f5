"""Funding sources: whose they are, when they hold, and that nothing beyond the limit is reserved."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from infra_access.accounting.funding import funding_of, give_back, lock_funding, reserve
from infra_access.accounting.models import FundingSource
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from tests.factories.accounting import NOW, make_funding
from tests.factories.catalogue import make_organisation
from tests.factories.people import make_account, make_actor, make_affiliation

DAY = date(2026, 3, 2)


def test_the_limit_is_reached_exactly_and_never_passed(session: Session) -> None:
    owner = make_actor(session)
    funding = _lock(session, make_funding(session, owner), owner)

    reserve(session, funding, Decimal("999.99"))
    with pytest.raises(Conflict) as caught:
        reserve(session, funding, Decimal("0.02"))
    assert caught.value.code == "funding.overdrawn"
    assert caught.value.details == {"left": "0.01", "amount": "0.02", "currency": "EUR"}
    reserve(session, funding, Decimal("0.01"))
    give_back(session, funding.id, Decimal("0.01"))
    assert (funding.used, funding.limit_amount) == (Decimal("999.99"), 1000)


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2027, 1, 1)])
def test_a_day_outside_its_validity_is_refused(session: Session, day: date) -> None:
    owner = make_actor(session)
    with pytest.raises(Conflict, match="1 Jan 2026 until 31 Dec 2026"):
        _lock(session, make_funding(session, owner), owner, day=day)


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 12, 31)])
def test_its_first_and_its_last_day_count(session: Session, day: date) -> None:
    owner = make_actor(session)
    assert _lock(session, make_funding(session, owner), owner, day=day).name == "Access voucher"


def test_another_currency_is_refused(session: Session) -> None:
    owner = make_actor(session)
    with pytest.raises(Conflict, match="in EUR, and the price is in CHF"):
        _lock(session, make_funding(session, owner), owner, currency="CHF")


def test_an_organisations_money_is_spent_by_those_it_confirmed(session: Session) -> None:
    organisation = make_organisation(session)
    account, stated = make_account(session), make_account(session)
    make_affiliation(session, account=account, organisation=organisation)
    make_affiliation(session, account=stated, organisation=organisation, confirmed=False)
    member, claims = make_actor(session, account=account), make_actor(session, account=stated)
    funding = make_funding(session, member, organisation=organisation)

    assert _lock(session, funding, member).organisation_id == organisation.id
    assert [one.id for one in funding_of(session, actor=member, now=NOW)] == [funding.id]
    for stranger in (claims, make_actor(session)):
        with pytest.raises(NotFound):
            _lock(session, funding, stranger)
        assert funding_of(session, actor=stranger, now=NOW) == []
        with pytest.raises(Forbidden):
            make_funding(session, stranger, organisation=organisation)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"limit_amount": Decimal(0)}, "limit_amount"),
        ({"limit_amount": Decimal("0.001")}, "limit_amount"),
        ({"limit_amount": Decimal("Infinity")}, "limit_amount"),
        ({"currency": "eur"}, "currency"),
        ({"kind": "gold"}, "kind"),
        ({"name": " "}, "name"),
        ({"valid_until": date(2025, 12, 31)}, "valid_until"),
    ],
)
def test_a_source_names_what_is_wrong_with_it(session: Session, values: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        make_funding(session, make_actor(session), **values)
    assert list(caught.value.fields) == [field]


def _lock(
    session: Session, funding: FundingSource, actor: Actor, *, currency: str = "EUR", day: date = DAY
) -> FundingSource:
    return lock_funding(session, funding.public_id, actor=actor, now=NOW, currency=currency, day=day)
