"""Which share of a programme went to teams that mostly work elsewhere, against sums made by hand."""

import json
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from infra_access.access_requests import drafting, submitting
from infra_access.access_requests.facility_routes import rounds_of
from infra_access.access_requests.gates.of_requests import gates_of_request
from infra_access.access_requests.models import AccessRequest, Allocation
from infra_access.access_requests.programme_warnings import warnings_on_programme
from infra_access.access_requests.routes import offer_units, open_round
from infra_access.core.errors import Conflict, Forbidden, Invalid
from infra_access.policy.decisions import decisions_about, replay
from infra_access.policy.models import PolicyDocument
from infra_access.policy.rulebook import rulebook
from infra_access.policy.templates import rules_from
from tests.factories.access_requests import (
    FEASIBILITY,
    NOW,
    OPEN_TO_ALL,
    SYSTEM,
    World,
    make_request,
    make_route,
    make_rules,
    make_world,
)
from tests.factories.policy import make_country_group, raw_rule

GROUP = "EU:2020"
AT_MOST_A_FIFTH = {
    **next(
        rule
        for rule in rules_from("transnational", {"group": GROUP, "percent": "20"})
        if rule["id"] == "mostly-outside-the-group"
    ),
    "applies_to": ["request"],
}
WALK_ABOVE_A_FIFTH = {
    "id": "walk",
    "applies_to": ["book"],
    "effect": {"type": "require", "kind": "gate", "code": "walk"},
    "when": {"not": {"op": "lte", "fact": "programme.share_foreign", "value": "0.2"}},
    "grounds": "safety",
    "message": {"en": "Somebody walks with you."},
    "expected_days": 1,
    "latest_days": 1,
}


@pytest.fixture
def world(session: Session) -> World:
    """Return a route on which teams mostly outside the group get at most a fifth of what is granted."""
    make_country_group(session, GROUP, "DE", "FR")
    return programme(session)


def programme(session: Session, rule: dict[str, Any] = AT_MOST_A_FIFTH, **route: Any) -> World:
    world = make_world(session, rules=[OPEN_TO_ALL], terms={}, **route)
    scope = {"scope_kind": "route", "scope_key": world.route.public_id, "name": "Programme"}
    make_rules(session, [rule], **scope)
    return world


def team(*countries: str) -> list[dict[str, str]]:
    return [
        {"email": f"{number}@team.example", "name": "T", "role": "member", "country_of_work": country}
        for number, country in enumerate(countries)
    ]


def ask(session: Session, world: World, quantity: str, *countries: str, **overrides: Any) -> AccessRequest:
    """Send a request of a team of which the applicant is one, who works in Kenya."""
    request = make_request(session, world, quantity=quantity, participants=team(*countries), **overrides)
    return submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)


def test_it_is_refused_above_a_fifth_and_granted_at_exactly_that(session: Session, world: World) -> None:
    # 9 + 7 shifts for teams of which half and more work inside.
    assert [ask(session, world, *one).state for one in (("9", "FR", "DE"), ("7", "FR"))] == ["active", "active"]

    assert ask(session, world, "4.01", "KE").state == "refused"  # 4.01 of 20.01
    assert ask(session, world, "4", "KE").state == "active"  # 4 of 20, which is a fifth
    again = ask(session, world, "0.01")  # 4.01 of 20.01: one of one
    assert again.state == "refused"
    assert again.decision["reasons"][0]["message"].endswith("With this request it would be more.")
    assert ask(session, world, "1", "DE").state == "active"  # half of the team is not more than half
    assert ask(session, world, "0.25").state == "active"  # 4.25 of 21.25
    assert ask(session, world, "0.01").state == "refused"


def test_a_request_counts_once_and_what_was_not_used_of_an_ended_one_does_not(session: Session, world: World) -> None:
    first = ask(session, world, "16", "DE")
    second = ask(session, world, "4", "KE")
    drafting.amend(session, actor=world.applicant, now=NOW, access_request=second, changes={"title": "Sensors"})
    assert second.state == "active"  # 4 of 20 still, not 8 of 24
    with pytest.raises(Forbidden):
        drafting.amend(session, actor=world.applicant, now=NOW, access_request=second, changes={"quantity": "4.1"})

    allocation = session.scalars(select(Allocation).where(Allocation.access_request_id == second.id)).one()
    allocation.used = Decimal(1)
    submitting.withdraw(session, actor=world.applicant, now=NOW, access_request=second)
    assert ask(session, world, "3.01").state == "refused"  # 4.01 of 20.01
    assert ask(session, world, "3").state == "active"  # 4 of 20
    assert first.state == "active"


def test_what_waits_counts_as_if_it_were_granted(session: Session, world: World) -> None:
    local = ask(session, world, "80", "DE")
    make_rules(session, [OPEN_TO_ALL, FEASIBILITY, WALK_ABOVE_A_FIFTH])
    draft = make_request(session, world, quantity="15", participants=team("KE"))
    first, second = (ask(session, world, quantity, "KE") for quantity in ("20", "0.01"))

    assert [one.state for one in (local, first, second)] == ["active", "under_review", "refused"]
    submitting.withdraw(session, actor=world.applicant, now=NOW, access_request=first)
    submitting.submit(session, actor=world.applicant, now=NOW, access_request=draft)
    assert draft.state == "under_review"  # 15 of 95

    assert gates_of_request(session, draft, world.route, now=NOW) == []  # and itself once, not 30 of 110

    drafting.amend(session, actor=world.applicant, now=NOW, access_request=local, changes={"quantity": "60"})
    assert local.state == "under_review"
    assert ask(session, world, "0.01", "KE").state == "refused"  # 15.01 of 75.01


def test_another_year_and_another_route_count_for_themselves(session: Session, world: World) -> None:
    ask(session, world, "16", "DE")
    next_year = (NOW + timedelta(days=320), NOW + timedelta(days=340))
    assert ask(session, world, "1", "KE", period=next_year).state == "refused"  # 1 of 1
    other = make_route(session, facility=world.facility, instruments=[world.instrument], terms={})
    away = ask(session, world, "40", "KE", route=other.public_id)  # no rule of that route asks
    assert away.state == "active"
    assert ask(session, world, "4", "KE").state == "active"


def test_in_calls_the_request_is_counted_with_those_of_its_own(session: Session) -> None:
    make_country_group(session, GROUP, "DE", "FR")
    world = programme(session, entry="rounds")
    for name, days in (("Spring", 0), ("Autumn", 30)):
        opens = NOW + timedelta(days=days)
        values = {"name": name, "opens_at": opens, "closes_at": opens + timedelta(days=20)}
        open_round(session, actor=SYSTEM, now=NOW, route=world.route, **values)
    ask(session, world, "16", "DE")
    later = make_request(session, world, quantity="1", participants=team("KE"))

    submitting.submit(session, actor=world.applicant, now=NOW + timedelta(days=31), access_request=later)

    assert later.state == "refused"  # 1 of 1 in autumn
    assert ask(session, world, "4", "KE").state == "active"  # 4 of 20 in spring


def asking_of(*groups: str) -> dict[str, Any]:
    """Return a rule that reads the share and asks of each group whether anybody is in it, and never refuses."""
    some = {"op": "member_of", "fact": "participants[].country_groups"}
    named = [{"some": {"over": "participants", "when": {**some, "value": one}}} for one in groups]
    never = {"not": {"op": "lte", "fact": "programme.share_foreign", "value": 1}}
    return {**AT_MOST_A_FIFTH, "when": {"all": [*named, never]}}


@pytest.mark.parametrize(("groups", "value"), [((), "0.2"), ((GROUP,), "0.05")])
def test_outside_is_outside_the_group_that_the_rules_name_else_abroad(
    session: Session, groups: tuple[str, ...], value: str
) -> None:
    make_country_group(session, GROUP, "DE", "FR")
    world = programme(session, asking_of(*groups))
    for quantity, *countries in (("16", "DE"), ("3", "FR", "FR")):
        ask(session, world, quantity, *countries)
    last = ask(session, world, "1", "KE")

    kept = decisions_about(session, subject_kind="access_request", subject_id=last.public_id)[0]
    assert json.loads(kept.facts)[0]["values"]["programme.share_foreign"]["value"] == value
    assert replay(kept) == kept.decision.encode()


def test_it_is_not_guessed_where_the_rules_name_several_groups(session: Session) -> None:
    make_country_group(session, GROUP, "DE", "FR")
    make_country_group(session, "AU:2020", "KE")
    world = programme(session, asking_of(GROUP, "AU:2020"))
    with pytest.raises(Conflict) as refused:
        ask(session, world, "16", "DE")
    assert [one["code"] for one in refused.value.details["missing"]] == ["programme.share_foreign"]


def test_where_no_rule_reads_it_nothing_more_is_asked_of_the_database(session: Session) -> None:
    make_country_group(session, GROUP, "DE", "FR")
    counts = []
    for rule in (
        AT_MOST_A_FIFTH,
        {**AT_MOST_A_FIFTH, "when": {"op": "eq", "fact": "request.regime", "value": "proprietary"}},
    ):
        world = programme(session, rule)
        request = make_request(session, world, participants=team("DE"))
        rulebook(session)
        session.flush()
        seen: list[str] = []
        remember = partial(_remember, seen)
        event.listen(session.connection(), "before_cursor_execute", remember)
        submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)
        event.remove(session.connection(), "before_cursor_execute", remember)
        ours = ("sum(", "hashtextextended", "SELECT access_round.units_offered")
        counts.append((len(seen), sum(any(text in one for text in ours) for one in seen)))
    in_turn = session.get_bind().dialect.name == "postgresql"
    assert counts[0][1] == 2 + in_turn
    assert counts[1] == (counts[0][0] - 2 - in_turn, 0)


def _remember(seen: list[str], _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    seen.append(statement)


def test_a_rule_on_all_that_a_programme_grants_closes_it_once_that_is_reached(session: Session) -> None:
    full = raw_rule("full", {"type": "deny"}, {"not": {"op": "lte", "fact": "programme.units_granted", "value": 20}})
    world = programme(session, full)
    assert ask(session, world, "15", "DE").state == "active"
    assert ask(session, world, "5.01", "DE").state == "refused"
    assert ask(session, world, "5", "KE").state == "active"  # 20 of 20, wherever a team works
    assert ask(session, world, "0.01").state == "refused"


def state(session: Session, world: World, units: object) -> None:
    """Say how many shifts the programme has to give."""
    (call,) = rounds_of(session, world.route)
    given = {"route": world.route, "round_id": call.public_id, "units_offered": units}
    offer_units(session, actor=SYSTEM, now=NOW, **given)


def test_of_what_a_programme_offers_the_first_from_elsewhere_has_its_share(session: Session, world: World) -> None:
    assert ask(session, world, "4", "KE").state == "refused"  # 4 of 4
    state(session, world, "20")
    assert ask(session, world, "4.01", "KE").state == "refused"
    first = ask(session, world, "4", "KE")
    assert first.state == "active"  # 4 of 20, which is a fifth
    assert ask(session, world, "0.01").state == "refused"

    assert ask(session, world, "16", "DE").state == "active"
    assert ask(session, world, "0.01").state == "refused"  # 4.01 of 20.01
    assert ask(session, world, "5", "DE").state == "active"
    assert ask(session, world, "1.26").state == "refused"  # 5.26 of 26.26: more was granted than offered
    assert ask(session, world, "1.25").state == "active"  # 5.25 of 26.25


def test_what_a_call_offers_is_its_own_and_that_of_a_year_returns(session: Session, world: World) -> None:
    state(session, world, Decimal(20))
    assert ask(session, world, "4", "KE").state == "active"
    next_year = (NOW + timedelta(days=320), NOW + timedelta(days=340))
    assert ask(session, world, "4", "KE", period=next_year).state == "active"
    assert ask(session, world, "0.01", "KE", period=next_year).state == "refused"
    state(session, world, None)
    assert ask(session, world, "0.01", "KE").state == "refused"

    called = programme(session, entry="rounds")
    for name, days, units in (("Spring", 0, Decimal(10)), ("Autumn", 30, Decimal(40))):
        opens = NOW + timedelta(days=days)
        values = {"name": name, "opens_at": opens, "closes_at": opens + timedelta(days=20), "units_offered": units}
        open_round(session, actor=SYSTEM, now=NOW, route=called.route, **values)
    assert ask(session, called, "2.01", "KE").state == "refused"
    assert ask(session, called, "2", "KE").state == "active"
    later = make_request(session, called, quantity="8", participants=team("KE"))
    submitting.submit(session, actor=called.applicant, now=NOW + timedelta(days=31), access_request=later)
    assert later.state == "active"  # 8 of 40


def test_a_rule_may_read_what_is_offered(session: Session) -> None:
    more = {"op": "lte", "fact": "programme.units_granted", "other": "programme.units_offered"}
    world = programme(session, raw_rule("full", {"type": "deny"}, {"not": more}))
    with pytest.raises(Conflict) as refused:
        ask(session, world, "1", "DE")
    assert [one["code"] for one in refused.value.details["missing"]] == ["programme.units_offered"]
    state(session, world, 20)
    assert [ask(session, world, units, "DE").state for units in ("15", "5.01", "5")] == ["active", "refused", "active"]


@pytest.mark.parametrize("units", ["0", "-1", "abc", "NaN", "1.005", "10000000000", True])
def test_what_is_no_number_of_units_is_refused_and_changes_nothing(session: Session, world: World, units: Any) -> None:
    with pytest.raises(Invalid) as refused:
        state(session, world, units)
    assert list(refused.value.fields) == ["units_offered"]
    assert [one.units_offered for one in rounds_of(session, world.route)] == [None]


def test_who_writes_rules_on_the_share_hears_that_nobody_states_the_units(session: Session, world: World) -> None:
    document = session.scalars(select(PolicyDocument).where(PolicyDocument.scope_kind == "route")).one()
    for kind, key in (("route", world.route.public_id), ("instrument", world.instrument.public_id), ("network", "")):
        document.scope_kind, document.scope_key = kind, key
        ((place, message),) = warnings_on_programme(session, document, NOW)
        assert (place, "the first team from outside" in message) == ("rules.0.when", True)
    document.scope_kind, document.scope_key = "facility", world.facility.public_id
    state(session, world, 20)
    assert warnings_on_programme(session, document, NOW) == []
    document.rules = [OPEN_TO_ALL]
    state(session, world, None)
    assert warnings_on_programme(session, document, NOW) == []
