"""What two countries gave each other, as rules read it of a request, against sums made by hand."""

import json
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from infra_access.access_requests import submitting
from infra_access.access_requests.approvals.queries import inbox
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.what_if import what_if
from infra_access.accounting.ledger import correct
from infra_access.core.authority import NETWORK
from infra_access.core.i18n import plain
from infra_access.ledger.models import UsageLine
from infra_access.measurement.contributions import note_contribution
from infra_access.policy.canonical import restore_decision
from infra_access.policy.decisions import decisions_about, replay
from infra_access.policy.rulebook import rulebook
from infra_access.scheduling.places import place_of
from tests.factories.access_requests import (
    FEASIBILITY,
    NOW,
    OPEN_TO_ALL,
    SYSTEM,
    World,
    decide,
    make_request,
    make_rules,
    pending,
)
from tests.factories.accounting import make_priced_world, make_usage
from tests.factories.catalogue import make_facility
from tests.factories.people import make_account, make_actor, make_affiliation
from tests.factories.policy import make_document, raw_rule
from tests.factories.scheduling import make_booking, make_place, span

NAMES = ("received_units", "given_units", "balance_value")
READS_ALL = raw_rule(
    "ledger",
    {"type": "prefer", "weight": 10},
    {"all": [{"op": "gte", "fact": f"ledger.{name}", "value": 0} for name in NAMES]},
)


@pytest.fixture
def world(session: Session) -> World:
    """Return the German facility, which counts shifts in euros, and the startup of Kenya."""
    return make_priced_world(session, rules=[OPEN_TO_ALL, READS_ALL], terms={})


@pytest.fixture
def there(session: Session, world: World) -> Any:
    """Return a place of the startup in Kenya."""
    home = make_facility(session, organisation=world.startup, country="KE", timezone="Africa/Nairobi")
    return make_place(session, facility=home)


@pytest.fixture
def german(session: Session) -> Any:
    """Return a person who works in Germany and acts for nobody."""
    return make_actor(session, account=make_account(session, country_of_work="DE"))


def used(session: Session, place: Any, hour: int, actor: Any, **line: Any) -> UsageLine:
    """Book an hour on a place and write a line of it, of 2 shifts and 2000 EUR."""
    booking = make_booking(session, place, span(hour, hour + 1), actor=actor)
    return make_usage(session, place, booking.id, **line)


def read(session: Session, world: World, **overrides: Any) -> dict[str, str | None]:
    """Send a request; return what its decision kept of the ledger, which replays."""
    now = overrides.pop("now", NOW)
    request = make_request(session, world, now=now, **overrides)
    submitting.submit(session, actor=overrides.get("actor", world.applicant), now=now, access_request=request)
    kept = decisions_about(session, subject_kind="access_request", subject_id=request.public_id)[0]
    assert replay(kept) == kept.decision.encode()
    values = json.loads(kept.facts)[0]["values"]
    return {name: values[f"ledger.{name}"]["value"] for name in NAMES if f"ledger.{name}" in values}


def contribute(session: Session, world: World, value: int, currency: str = "EUR", **overrides: Any) -> None:
    values: dict[str, Any] = {"what": "A detector", "given_on": date(2026, 2, 1), "reason": "Its price", "now": NOW}
    note_contribution(
        session,
        actor=SYSTEM,
        organisation=world.startup,
        value=Decimal(value),
        currency=currency,
        **values | overrides,
    )


def test_it_is_what_was_used_both_ways_in_a_year_in_the_unit_of_the_way_in(
    session: Session, world: World, there: Any, german: Any
) -> None:
    assert read(session, world) == {"received_units": "0", "given_units": "0", "balance_value": "0"}
    here = place_of(session, world.instrument.id)
    long_ago = NOW - timedelta(days=366)
    line = used(session, here, 9, world.applicant)
    correct(session, actor=SYSTEM, now=NOW, line=line, units=Decimal("-0.50"), price=Decimal(0), note="Half")  # -500
    used(session, here, 10, world.applicant, units=Decimal(4), access_unit="hour", list_value=Decimal("500.10"))
    used(session, here, 11, world.applicant, access_unit="sample", list_value=Decimal(100))
    used(session, here, 12, world.applicant, kind="lost")
    used(session, here, 13, world.applicant, kind="no-show")
    used(session, here, 14, german)  # in one country
    old = used(session, here, 15, world.applicant, now=long_ago)
    correct(session, actor=SYSTEM, now=NOW, line=old, units=Decimal(-1), price=Decimal(0), note="Of that time")
    used(session, there, 9, german, units=Decimal(3), list_value=Decimal(900))
    used(session, there, 10, world.applicant)  # its own
    third = make_place(session, facility=make_facility(session, country="FR"))
    used(session, third, 9, world.applicant)

    assert read(session, world) == {"received_units": "2", "given_units": "3", "balance_value": "-1200.1"}
    contribute(session, world, 1000)
    contribute(session, world, 7000, given_on=long_ago.date())
    assert read(session, world)["balance_value"] == "-200.1"


def test_an_organisation_abroad_at_its_own_facility_and_a_team_at_home_exchange_nothing(
    session: Session, world: World, there: Any
) -> None:
    world.facility.organisation_id = world.startup.id
    used(session, place_of(session, world.instrument.id), 9, world.applicant)
    assert read(session, world) == dict.fromkeys(NAMES)

    colleague = make_account(session)
    neighbour = make_priced_world(session, rules=[OPEN_TO_ALL, READS_ALL], terms={})
    make_affiliation(session, account=colleague, organisation=neighbour.startup)
    assert read(session, neighbour) == {"received_units": "0", "given_units": "0", "balance_value": "0"}
    neighbour.facility.country = "KE"
    assert read(session, neighbour) == dict.fromkeys(NAMES)


def test_the_balance_is_unknown_in_several_currencies_and_the_officer_is_told(
    session: Session, world: World, there: Any, german: Any
) -> None:
    used(session, there, 9, german, currency="KES")
    assert read(session, world) == {"received_units": "0", "given_units": "2"}
    request = session.scalars(select(AccessRequest).order_by(AccessRequest.id.desc()).limit(1)).one()
    kept = decisions_about(session, subject_kind="access_request", subject_id=request.public_id)[0]
    assert request.preference == 0
    reasons = [plain(reason.message) for reason in restore_decision(kept.decision).reasons]
    assert "Cannot be decided without the missing facts: Rule ledger." in reasons
    contribute(session, world, 100, "EUR")
    assert "balance_value" not in read(session, world)


def test_a_person_who_acts_for_nobody_is_of_the_country_in_which_they_work(session: Session, world: World) -> None:
    used(session, place_of(session, world.instrument.id), 9, world.applicant)
    alone = make_actor(session, account=make_account(session, country_of_work="KE"))
    assert read(session, world, actor=alone, acting_for=None) == {
        "received_units": "2",
        "given_units": "0",
        "balance_value": "-2000",
    }


LITTLE_RECEIVED = raw_rule(
    "little", {"type": "prefer", "weight": 50}, {"op": "lte", "fact": "ledger.received_units", "value": 1}
)


def test_who_received_little_comes_first_in_the_inbox_and_on_the_reserve_list(session: Session) -> None:
    world = make_priced_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, LITTLE_RECEIVED])
    used(session, place_of(session, world.instrument.id), 9, world.applicant)
    ghana = make_account(session, country_of_work="GH")
    little = make_actor(session, account=ghana)
    approvals = []
    for title, actor, acting_for in (("much", world.applicant, world.startup.public_id), ("little", little, None)):
        request = make_request(session, world, title=title, actor=actor, acting_for=acting_for)
        submitting.submit(session, actor=actor, now=NOW, access_request=request)
        approvals += pending(session, request).values()

    def order(state: str) -> list[str]:
        return [one.title for one in inbox(session, actor=world.manager, now=NOW, state=state).items]

    assert order("pending") == ["little", "much"]
    for approval in approvals:
        decide(session, world.manager, approval, "reserve", now=NOW)
    assert order("reserved") == ["little", "much"]


def test_a_draft_that_reads_the_ledger_is_tried_as_it_stood_when_each_was_sent(session: Session) -> None:
    world = make_priced_world(session, rules=[OPEN_TO_ALL], terms={})
    early, late = (make_request(session, world) for _each in range(2))
    submitting.submit(session, actor=world.applicant, now=NOW, access_request=early)
    later = NOW + timedelta(days=2)
    used(session, place_of(session, world.instrument.id), 9, world.applicant, now=NOW + timedelta(days=1))
    submitting.submit(session, actor=world.applicant, now=later, access_request=late)
    received = {"op": "gte", "fact": "ledger.received_units", "value": 1}
    check = {"type": "approve", "role": "facility_manager", "scope": "facility"}
    draft = make_document(session, rules=[raw_rule("look", check, received)])

    changed = {one.public_id: (one.before, one.after) for one in what_if(session, draft, now=later).requests}

    assert changed == {late.public_id: ("permit", "needs_approval")}


def test_the_database_is_asked_once_more_where_a_rule_that_may_reach_it_reads_the_ledger(session: Session) -> None:
    elsewhere = make_priced_world(session, rules=[OPEN_TO_ALL])
    small = {**LITTLE_RECEIVED, "when": {"op": "lte", "fact": "request.quantity", "value": 1}}
    counts = []
    for rule, (kind, key) in (
        (LITTLE_RECEIVED, NETWORK),
        (small, NETWORK),
        (LITTLE_RECEIVED, ("route", elsewhere.route.public_id)),
    ):
        world = make_priced_world(session, rules=[OPEN_TO_ALL], terms={})
        make_rules(session, [rule], scope_kind=kind, scope_key=key, name="More")
        request = make_request(session, world)
        rulebook(session)
        session.flush()
        seen: list[str] = []
        remember = partial(_remember, seen)
        event.listen(session.connection(), "before_cursor_execute", remember)
        submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)
        event.remove(session.connection(), "before_cursor_execute", remember)
        counts.append((len(seen), sum("usage_line" in one for one in seen)))
    assert counts == [(counts[1][0] + 1, 1), (counts[1][0], 0), (counts[1][0], 0)]


def test_a_rule_of_an_instrument_reads_it_too(session: Session) -> None:
    world = make_priced_world(session, rules=[OPEN_TO_ALL], terms={})
    key = world.instrument.public_id
    make_rules(session, [LITTLE_RECEIVED], scope_kind="instrument", scope_key=key, name="Of the instrument")
    assert read(session, world) == {"received_units": "0"}


def _remember(seen: list[str], _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    seen.append(statement)
