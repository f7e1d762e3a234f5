"""For whom prices are reduced and time is set aside: alternatives, and what belongs to rules for small firms."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from infra_access.access_requests.route_fields import conditions
from infra_access.accounting.drawing import choose
from infra_access.accounting.favouring import charged, favoured, set_asides
from infra_access.accounting.pricing import meets
from infra_access.catalogue.organisations import update_organisation
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.timespan import TimeSpan
from infra_access.policy.applicants import facts_of
from infra_access.policy.facts import Facts
from infra_access.policy.rulebook import rulebook
from infra_access.policy.template_rules import development_group
from infra_access.policy.templates import rules_from
from tests.factories.accounting import NOW, SYSTEM, make_period, make_pool, make_priced_world, make_quote
from tests.factories.catalogue import make_instrument
from tests.factories.policy import make_country_group

ODA = favoured("ODA:2024")
WAIVED = {"when": ODA, "percent": "100", "ground": "Free of charge for startups and SMEs"}
PRICE = {"amount": "1000.00", "currency": "EUR", "per": "shift"}
TWO_HOURS = TimeSpan(datetime(2026, 3, 9, 8, tzinfo=UTC), datetime(2026, 3, 9, 10, tzinfo=UTC))


def test_startups_and_small_firms_of_a_group_pay_nothing_and_draw_on_what_is_set_aside(session: Session) -> None:
    make_country_group(session, "ODA:2024", "KE", "BR")
    world = make_priced_world(session, tariff={"proprietary": {**PRICE, "reductions": [WAIVED]}})
    pool = make_pool(session, make_period(session, world.facility), world.instrument, purpose="set-aside", serves=ODA)

    def of(country: str, **facts: Any) -> tuple[Decimal, bool]:
        facts = {"sector": "company", "startup": False, "size": "large"} | facts
        changes = {"country": country, "facts": facts}
        update_organisation(session, actor=SYSTEM, now=NOW, organisation=world.startup, changes=changes)
        applicant = facts_of(
            session, world.applicant, acting_for_id=world.startup.id, now=NOW, book=rulebook(session)
        ).alone()
        use: dict[str, Any] = {"spans": [TWO_HOURS], "proprietary": False, "internal": False, "now": NOW}
        try:
            served = choose(session, pools=[pool.id], applicant=applicant, **use) is not None
        except Conflict as error:
            served = error.code != "pool.none"
        return make_quote(session, world).price, served

    assert of("KE", startup=True) == (0, True)
    for size in ("micro", "small", "medium"):
        assert of("BR", size=size) == (0, True)
    assert of("KE") == (2000, False), "a large firm"
    assert of("DE", startup=True, size="micro") == (2000, False), "a startup elsewhere"


@pytest.mark.parametrize(
    ("when", "place"),
    [
        ({"any": []}, "serves.any"),
        ({"any": {"startup": True}}, "serves.any"),
        ({"any": [{"startup": True}, {}]}, "serves.any.1"),
        ({"any": [{"size": "tiny"}]}, "serves.any.0.size"),
        ({"any": [{"any": [{"startup": True}]}]}, "serves.any.0"),
        ({"any": [{"country": "XX"}]}, "serves.any.0.country"),
        ({"size": ["small"]}, "serves.size"),
    ],
)
def test_bad_alternatives_are_refused_with_their_place(when: Any, place: str) -> None:
    with pytest.raises(Invalid) as caught:
        conditions(when, "serves")
    assert list(caught.value.fields) == [place]


def test_what_is_unknown_meets_no_alternative() -> None:
    assert not meets(ODA, Facts.of(), NOW)
    assert conditions(ODA, "serves") == ODA


def test_what_some_of_them_pay_or_lack_is_told(session: Session) -> None:
    halved = {**PRICE, "reductions": [{**WAIVED, "percent": "99.9"}]}
    startups = {**PRICE, "reductions": [{"when": {"startup": True}, "percent": "100", "ground": "Startups"}]}
    world = make_priced_world(session, tariff={"open": {**PRICE, "amount": "0"}, "proprietary": halved})
    assert charged(world.route, "ODA:2024", NOW) == ["proprietary"]
    for entry, left in (
        ({**PRICE, "reductions": [WAIVED]}, []),
        (startups, ["proprietary"]),
        ({**PRICE, "reductions": [{**WAIVED, "when": {"country_group": "ODA"}}]}, []),
        ({**PRICE, "reductions": [{**WAIVED, "when": favoured("LDC:2024")}]}, ["proprietary"]),
    ):
        world.route.tariff = {"proprietary": entry}
        assert charged(world.route, "ODA:2024", NOW) == left
    world.route.regimes = ["open"]
    assert charged(world.route, "ODA:2024", NOW) == [], "nobody is charged for what is not offered"

    def found(*instruments: int) -> list[tuple[str, list[str], bool]]:
        told = set_asides(
            session, actor=SYSTEM, now=NOW, facility=world.facility, group="ODA:2024", instruments=instruments or None
        )
        return [(one.period.name, [row.pool.name for row in one.pools], one.whole) for one in told]

    period, other = make_period(session, world.facility), make_instrument(session, facility=world.facility)
    past = {"starts": datetime(2025, 1, 1, tzinfo=UTC), "ends": datetime(2025, 7, 1, tzinfo=UTC)}
    make_period(session, world.facility, name="Past", **past)
    make_pool(session, period, world.instrument, name="Open")
    make_pool(session, period, world.instrument, name="A", purpose="set-aside", serves={"startup": True})
    assert found() == [("First half", ["A"], False)]
    make_pool(session, period, other, name="B", purpose="set-aside", serves=ODA)
    assert found() == [("First half", ["A", "B"], True)]
    assert found(world.instrument.id) == [("First half", ["A"], False)]


def test_rules_of_the_template_are_known_by_what_they_say() -> None:
    assert development_group(rules_from("development", {"group": "LDC:2024", "weight": "5"})) == "LDC:2024"
    assert development_group(rules_from("wide", {})) is None
    other = {"id": "first-in-line", "effect": {"type": "prefer", "weight": 5}}
    assert development_group([other]) is None
    assert development_group([{**other, "when": {"op": "eq", "fact": "applicant.startup", "value": True}}]) is None
