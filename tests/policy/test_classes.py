"""Classes of instruments are the same for everybody, and each says what its instruments would be told alone."""

import random

import pytest

from infra_access.core.decision import Outcome
from infra_access.policy.classes import Classes, Standing, standing_of
from infra_access.policy.conditions import Compare, Op
from infra_access.policy.eligibility import eligibility
from infra_access.policy.rulebook import rulebook
from infra_access.policy.rules import ApprovalScope, Approve, Deny, Prefer
from infra_access.scheduling.find_time.partitions import classes_now
from tests.factories.access_requests import make_route
from tests.factories.catalogue import make_facility, make_instrument
from tests.factories.policy import NOW, decide, facts, make_policy, permit, raw_rule, rule

ASKING = {"applicant.sector": "company", "applicant.country": "KE", "applicant.relation": "external"}


@pytest.mark.parametrize("seed", range(3))
def test_the_class_of_an_instrument_is_told_what_it_would_be_told_alone(session, seed) -> None:
    dice = random.Random(seed)
    facilities = [make_facility(session), make_facility(session, country="PT", timezone="Europe/Lisbon")]
    made = []
    for _number in range(14):
        facility = dice.choice(facilities)
        tags = dice.sample(["laser", "x-ray", "cold"], dice.randrange(3))
        instrument = make_instrument(session, facility=facility, tags=tags, techniques=[dice.choice(("NMR", "SEM"))])
        routes = []
        for _route in range(dice.randrange(3)):
            routes.append(make_route(session, facility=facility, instruments=[instrument]).public_id)
        made.append((instrument, routes))
    first, routes = next(one for one in made if one[1])
    make_policy(
        session,
        raw_rule("open", {"type": "permit"}, {"op": "overlaps", "fact": "instrument.techniques", "value": ["nmr"]}),
    )
    make_policy(session, raw_rule("laser", {"type": "deny"}), scope=("tag", "laser"))
    make_policy(session, raw_rule("named", {"type": "permit"}), scope=("instrument", first.public_id))
    make_policy(session, raw_rule("way", {"type": "permit"}), scope=("route", routes[0]))
    applicant = facts(ASKING)
    book, kept = classes_now(session, NOW)
    partition = kept.partition
    classes = Classes(book, applicant, "book", NOW)
    assert len(partition.keys) == len(made)
    assert len(partition.samples) < len(made)
    for instrument, ways in made:
        position = partition.position(instrument.id)
        sample = partition.samples[partition.classes[position]]
        routes_of_class = [way.route for way in sample.ways] or [None]
        told = {classes.decide(sample.place, route).outcome for route in routes_of_class}
        alone = {
            eligibility(session, instrument.id, applicant=applicant, action="book", now=NOW, routes=[way]).outcome
            for way in ways or [None]
        }
        assert told == alone


def test_a_change_of_policy_catalogue_or_ways_in_makes_other_classes(session) -> None:
    facility = make_facility(session)
    instrument = make_instrument(session, facility=facility)
    make_policy(session)
    seen = [classes_now(session, NOW)[1]]
    assert classes_now(session, NOW)[1] is seen[0]
    for change in (
        lambda: make_policy(session, raw_rule("more", {"type": "permit"})),
        lambda: make_instrument(session, facility=facility),
        lambda: make_route(session, facility=facility, instruments=[instrument]),
    ):
        change()
        session.flush()
        seen.append(classes_now(session, NOW)[1])
        assert seen[-1] is not seen[-2]
    assert rulebook(session).number == seen[-1].heads.policy[0]


def test_a_class_says_yes_only_where_nothing_that_counts_hangs_on_an_unknown_fact() -> None:
    hidden = rule("lead", Deny(), Compare(Op.LTE, "time.lead_days", 3))
    assert standing_of(decide([permit()])) is Standing.YES
    assert standing_of(decide([permit(), hidden])) is Standing.OPEN
    assert standing_of(decide([permit(), rule("no", Deny())])) is Standing.NO
    assert standing_of(decide([])) is Standing.NO
    assert decide([permit(), hidden]).outcome is Outcome.CONDITIONAL


def test_what_the_ledger_says_is_not_known_of_a_class_and_a_preference_by_it_keeps_its_yes() -> None:
    received = Compare(Op.GTE, "ledger.received_units", 10)
    known = facts({"applicant.country": "KE", "facility.country": "DE"})
    assert standing_of(decide([permit(), rule("first", Prefer(10), received)], known)) is Standing.YES
    looked_at = rule("look", Approve("facility_manager", ApprovalScope.FACILITY), received)
    assert standing_of(decide([permit(), looked_at], known)) is Standing.OPEN
    assert standing_of(decide([permit(when=received)], known)) is Standing.OPEN
