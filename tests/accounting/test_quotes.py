"""Quotes: what they are made of, their numbers, and that only their owner can use them, in time."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from infra_access.accounting.models import Quote
from infra_access.accounting.quotes import VALID, lock_quote, quote_by_public_id, quotes_of
from infra_access.catalogue.organisations import update_organisation
from infra_access.core.errors import Conflict, Invalid, NotFound
from tests.factories.access_requests import World
from tests.factories.accounting import NOW, SYSTEM, make_priced_world, make_quote
from tests.factories.catalogue import make_instrument
from tests.factories.people import make_actor


def test_a_quote_multiplies_the_tariff_and_names_the_vat(session: Session) -> None:
    quote = make_quote(session, make_priced_world(session))

    assert (quote.unit_price, quote.list_price, quote.price, quote.currency) == (1000, 2000, 2000, "EUR")
    assert "reverse charge" in quote.vat_note
    assert quote.valid_until == NOW + VALID
    assert quote.facts["country"]["value"] == "KE"
    assert quote.facts["sector"] == {"value": "company", "source": "self-declared", "by": "tests"}


def test_the_highest_reduction_that_is_met_counts_alone(session: Session) -> None:
    world = make_priced_world(session)
    _startup(session, world)

    quote = make_quote(session, world, units=Decimal("0.33"))

    assert (quote.list_price, quote.price, quote.ground) == (330, 165, "Half price for startups")


def test_halves_of_a_cent_are_rounded_up_and_the_parts_sum_to_the_whole(session: Session) -> None:
    tariff = {
        "open": {
            "amount": "10.01",
            "currency": "EUR",
            "per": "day",
            "reductions": [{"when": {"startup": True}, "percent": "50", "ground": "Half"}],
        }
    }
    world = make_priced_world(session, tariff=tariff)
    _startup(session, world)

    quote = make_quote(session, world, regime="open", units=Decimal(3))

    assert quote.list_price == Decimal("10.01"), "three shifts are a day"
    assert quote.price == Decimal("5.00"), "the reduction of 5.005 is rounded to 5.01"
    assert quote.unit_price == Decimal("3.34")


def test_without_a_price_for_the_regime_use_is_free_and_the_quote_says_so(session: Session) -> None:
    tariff = {"proprietary": {"amount": "1", "currency": "CHF", "per": "shift"}}
    quote = make_quote(session, make_priced_world(session, tariff=tariff), regime="open")

    assert (quote.price, quote.currency) == (0, "CHF")
    assert quote.ground.startswith("Free of charge")


def test_numbers_count_up_for_each_facility_and_year(session: Session) -> None:
    world = make_priced_world(session)
    numbers = [make_quote(session, world).number for _ in range(2)]
    numbers.append(make_quote(session, world, now=NOW.replace(year=2027)).number)
    assert numbers == ["2026-0001", "2026-0002", "2027-0001"]


def test_the_year_is_that_of_the_facility(session: Session) -> None:
    world = make_priced_world(session)
    assert make_quote(session, world, now=NOW.replace(month=12, day=31, hour=23)).number == "2027-0001"


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        ({"regime": "embargoed"}, "quote.regime"),
        ({"regime": "secret"}, "value.unknown"),
        ({"units": Decimal(0)}, "quote.units"),
        ({"units": Decimal(-1)}, "quote.units"),
        ({"units": Decimal("0.001")}, "quote.units"),
        ({"units": Decimal("NaN")}, "quote.units"),
        ({"units": Decimal(100_001)}, "quote.units"),
    ],
)
def test_what_does_not_fit_is_refused_and_takes_no_number(
    session: Session, overrides: dict[str, object], code: str
) -> None:
    world = make_priced_world(session)
    with pytest.raises(Invalid) as caught:
        make_quote(session, world, **overrides)
    assert caught.value.code == code
    assert make_quote(session, world).number == "2026-0001"


def test_another_instrument_is_not_quoted_by_the_route(session: Session) -> None:
    world = make_priced_world(session)
    with pytest.raises(Invalid, match="does not lead"):
        make_quote(session, world, instrument=make_instrument(session, facility=world.facility))


def test_a_price_for_samples_says_nothing_about_shifts(session: Session) -> None:
    tariff = {"open": {"amount": "1", "currency": "EUR", "per": "sample"}}
    with pytest.raises(Invalid, match="sample"):
        make_quote(session, make_priced_world(session, tariff=tariff), regime="open")


def test_only_the_owner_can_use_a_quote_for_its_instrument_until_it_runs_out(session: Session) -> None:
    world = make_priced_world(session)
    quote = make_quote(session, world)

    def use(actor: object, instrument: int, after: timedelta) -> Quote:
        return lock_quote(session, quote.public_id, actor=actor, now=NOW + after, instrument_id=instrument)  # type: ignore[arg-type]

    assert use(world.applicant, world.instrument.id, VALID - timedelta(seconds=1)).id == quote.id
    with pytest.raises(NotFound):
        use(make_actor(session), world.instrument.id, timedelta())
    with pytest.raises(Conflict, match="run out"):
        use(world.applicant, world.instrument.id, VALID)
    with pytest.raises(Conflict, match="another instrument"):
        use(world.applicant, world.instrument.id + 1, timedelta())


def test_the_owner_and_the_finance_office_read_a_quote_and_nobody_else(session: Session) -> None:
    world = make_priced_world(session)
    quote = make_quote(session, world)
    finance = make_actor(session, ("finance", ("facility", world.facility.public_id)))

    for reader in (world.applicant, finance, world.manager):
        assert quote_by_public_id(session, quote.public_id, actor=reader).instrument.id == world.instrument.id
    with pytest.raises(NotFound):
        quote_by_public_id(session, quote.public_id, actor=make_actor(session))
    with pytest.raises(NotFound):
        quote_by_public_id(session, "0000000000000000", actor=world.manager)


def test_the_own_quotes_come_in_pages_newest_first(session: Session) -> None:
    world = make_priced_world(session)
    made = [make_quote(session, world).public_id for _ in range(3)]

    first = quotes_of(session, actor=world.applicant, limit=2)
    second = quotes_of(session, actor=world.applicant, limit=2, cursor=first.next)

    assert [view.quote.public_id for view in (*first.items, *second.items)] == made[::-1]
    assert second.next is None
    assert quotes_of(session, actor=make_actor(session)).items == ()


def test_a_stranger_to_an_organisation_cannot_ask_in_its_name(session: Session) -> None:
    world = make_priced_world(session)
    with pytest.raises(Invalid, match="do not belong"):
        make_quote(session, world, actor=make_actor(session), acting_for=world.startup)


def _startup(session: Session, world: World) -> None:
    update_organisation(
        session, actor=SYSTEM, now=NOW, organisation=world.startup, changes={"facts": {"startup": True}}
    )
