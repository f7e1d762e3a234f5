"""Quoting and ordering: the policy, the price, the terms, the grant and the money all agree, or nothing is written."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from infra_access.access_requests.models import Allocation
from infra_access.accounting.models import Quote
from infra_access.audit.models import AuditEvent
from infra_access.catalogue.models import Instrument
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotAuthenticated, NotFound
from infra_access.orders import work
from infra_access.orders.ordering import cancel_order, place_order, quote_order
from infra_access.outbox.models import OutboxEvent
from infra_access.people.models import Account
from infra_access.policy.decisions import decisions_about, replay
from tests.factories.accounting import make_funding
from tests.factories.catalogue import make_instrument
from tests.factories.orders import (
    NOW,
    OPEN_TO_SENDERS,
    make_order,
    make_ordered,
    make_queue,
    make_quoted,
    make_sample_grant,
    wish,
)
from tests.factories.people import make_actor
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import row_counts

APPROVAL = raw_rule(
    "safety", {"type": "approve", "role": "safety_officer", "scope": "facility"}, applies_to=["mail_in"]
)
TERMS_FIRST = raw_rule("terms", {"type": "require", "kind": "agreement", "code": "terms"}, applies_to=["mail_in"])
PAID = raw_rule("paid", {"type": "require", "kind": "funding", "code": "voucher"}, applies_to=["mail_in"])
LATER = NOW + timedelta(days=1)


@pytest.fixture
def world(session):
    """A facility that takes samples by mail, and a startup of Kenya that sends some."""
    return make_queue(session)


def refused(session, kind, call, *args, **values):
    """Return the refusal, after showing that it left nothing behind."""
    session.flush()
    before = row_counts(session)
    with pytest.raises(kind) as caught:
        call(session, *args, **values)
    assert not session.dirty
    session.flush()
    assert row_counts(session) == before
    return caught.value


def not_quoted(session, kind, world, **overrides):
    return refused(session, kind, quote_order, **wish(world, **overrides))


def placed(session, order, actor, **overrides):
    values = {"now": LATER, "text_hash": order.terms.get("text_hash")} | overrides
    return place_order(session, actor=actor, order=order, **values)


def not_placed(session, kind, order, actor, **overrides):
    values = {"now": LATER, "text_hash": order.terms.get("text_hash")} | overrides
    error = refused(session, kind, place_order, actor=actor, order=order, **values)
    assert (order.state, order.ordered_at, order.funding_id) == ("quoted", None, None)
    return error


def test_a_quote_has_a_number_a_price_and_a_decision_and_takes_no_turn(session, world):
    before = row_counts(session)
    order = make_quoted(session, world)
    after = row_counts(session)
    quote = session.get_one(Quote, order.quote_id)
    assert (quote.number, quote.price, quote.units, quote.currency) == ("2026-0001", Decimal(200), Decimal(8), "EUR")
    assert (order.state, order.ordered_at, order.priority, order.promised_at) == ("quoted", None, 0, None)
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    # The quote and the order are a command each.
    assert grown == {
        "service_order": 1, "quote": 1, "quote_number": 1, "audit_event": 2, "outbox_event": 1, "decision_record": 1
    }  # fmt: skip
    (decision,) = decisions_about(session, subject_kind="service_order", subject_id=order.public_id)
    assert (decision.action, decision.outcome, decision.case) == ("mail_in", "permit", order.case)
    assert replay(decision) == decision.decision.encode()
    events = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(2)).all()
    assert [one.action for one in events] == ["service_order.quoted", "quote.given"]
    assert not any("sensors" in str(one.details) for one in events)


FAULTS = [
    ({"samples": 0}, "samples"),
    ({"samples": -1}, "samples"),
    ({"samples": 10**9}, "samples"),
    ({"samples": 10_001}, "samples"),
    ({"samples": True}, "samples"),
    ({"samples": 1.5}, "samples"),
    ({"title": ""}, "title"),
    ({"title": "x" * 301}, "title"),
    ({"sample_description": "\u200b"}, "sample_description"),
    ({"sample_description": "x" * 5_001}, "sample_description"),
    ({"hazards": "x" * 2_001}, "hazards"),
    ({"return_samples": "yes"}, "return_samples"),
    ({"regime": "secret"}, "regime"),
    ({"regime": "embargoed"}, "regime"),
    ({"acting_for": "0" * 16}, "acting_for"),
]


def test_each_fault_is_named_and_nothing_written(session, world):
    session.flush()
    before = row_counts(session)
    for changes, field in FAULTS:
        with pytest.raises(Invalid) as caught:
            make_quoted(session, world, **changes)
        assert field in caught.value.fields, changes
    assert row_counts(session) == before


def test_all_faults_are_named_at_once(session, world):
    error = not_quoted(session, Invalid, world, samples=0, title="", sample_description="")
    assert set(error.fields) == {"samples", "title", "sample_description"}


def test_the_most_samples_are_taken(session, world):
    assert make_quoted(session, world, samples=10_000).samples == 10_000
    assert make_quoted(session, world, samples=1).samples == 1


def test_a_way_in_that_is_not_for_samples_by_mail_takes_none(session):
    world = make_queue(session, time_given="team_picks", turnaround_days=None)
    assert not_quoted(session, Conflict, world).code == "order.route"
    other = make_instrument(session)
    not_quoted(session, Invalid, make_queue(session), instrument=other)
    not_quoted(session, NotFound, world, route="0" * 16)


def test_a_promise_of_days_needs_a_queue(session):
    with pytest.raises(Invalid) as caught:
        make_queue(session, time_given="team_picks")
    assert "turnaround_days" in caught.value.fields
    for wrong in (0, -1, 4_000, True, "ten"):
        with pytest.raises(Invalid):
            make_queue(session, rules=(), turnaround_days=wrong)


def test_an_instrument_that_does_not_work_takes_no_samples(session, world):
    order = make_quoted(session, world)
    table = Instrument.__table__
    for column, value, usual in (
        ("status", "down", "operating"),
        ("listing", "unclaimed", world.instrument.listing),
        ("publication", "retired", "published"),
    ):
        change = update(table).where(table.c.id == world.instrument.id)
        session.execute(change.values({column: value}))
        assert not_quoted(session, Conflict, world).code == "order.instrument", column
        assert not_placed(session, Conflict, order, world.applicant).code == "order.instrument", column
        session.execute(change.values({column: usual}))
    placed(session, order, world.applicant)


def test_without_a_permit_nobody_sends(session):
    error = not_quoted(session, Forbidden, make_queue(session, rules=()))
    assert error.code == "policy.refused"
    assert error.details["decision"]["outcome"] == "not_eligible"


def test_no_more_samples_are_sent_than_the_access_rules_limit(session):
    cap = raw_rule("cap", {"type": "limit", "amount": 7}, applies_to=["mail_in"])
    world = make_queue(session, rules=(OPEN_TO_SENDERS, cap))
    with pytest.raises(Invalid) as caught:
        make_quoted(session, world)
    assert (caught.value.code, list(caught.value.fields)) == ("order.limit", ["samples"])
    make_ordered(session, world, samples=7)


def test_a_visitor_sends_nothing(session, world):
    not_quoted(session, NotAuthenticated, world, actor=None)


def test_an_approval_leads_to_a_request_and_what_it_granted_is_drawn_on(session):
    world = make_queue(session, rules=(OPEN_TO_SENDERS, APPROVAL))
    error = not_quoted(session, Forbidden, world)
    assert error.code == "order.approval_needed"
    assert error.details["decision"]["outcome"] == "needs_approval"
    grant = make_sample_grant(session, world, amount=10)
    order = make_quoted(session, world, allocation=grant.public_id)
    assert grant.used == 0
    placed(session, order, world.applicant)
    assert (order.state, grant.used) == ("ordered", Decimal(8))


def test_a_quote_may_wait_for_terms_and_funding_but_an_order_may_not(session):
    world = make_queue(session, rules=(OPEN_TO_SENDERS, TERMS_FIRST, PAID))
    order = make_quoted(session, world)
    assert not_placed(session, Conflict, order, world.applicant, text_hash=None).code == "order.terms"
    assert not_placed(session, Conflict, order, world.applicant, text_hash="0" * 64).code == "order.terms"
    error = not_placed(session, Forbidden, order, world.applicant)
    assert [(one["kind"], one["code"]) for one in error.details["decision"]["missing"]] == [("funding", "voucher")]
    funding = make_funding(session, world.applicant)
    placed(session, order, world.applicant, funding=funding.public_id)
    assert (order.state, order.ordered_at, funding.used) == ("ordered", LATER, Decimal(200))


def test_what_neither_terms_nor_money_supply_stops_the_quote_already(session):
    trained = raw_rule("trained", {"type": "require", "kind": "training", "code": "x"}, applies_to=["mail_in"])
    world = make_queue(session, rules=(OPEN_TO_SENDERS, TERMS_FIRST, trained))
    assert not_quoted(session, Forbidden, world).code == "policy.refused"


def test_rules_see_who_sends_and_that_nobody_comes(session):
    present = {"op": "eq", "fact": "participants[].presence", "value": "on-site"}
    crossing = {"op": "eq", "fact": "legs[].crosses", "value": True}
    near = raw_rule("on-site", {"type": "deny"}, {"some": {"over": "participants", "when": present}},
                    applies_to=["mail_in"])  # fmt: skip
    world = make_queue(session, rules=(OPEN_TO_SENDERS, near))
    make_quoted(session, world)
    far = raw_rule("far", {"type": "deny"}, {"some": {"over": "legs", "when": crossing}}, applies_to=["mail_in"])
    make_policy(session, far)
    assert not_quoted(session, Forbidden, world).details["decision"]["outcome"] == "deny"


def test_rules_on_single_samples_ask_for_them(session):
    human = {"op": "eq", "fact": "samples[].kind", "value": "human tissue"}
    rule = raw_rule("human", {"type": "deny"}, {"some": {"over": "samples", "when": human}}, applies_to=["mail_in"])
    world = make_queue(session, rules=(OPEN_TO_SENDERS, rule))
    assert not_quoted(session, Forbidden, world).code == "policy.refused"


def test_a_policy_that_changed_since_the_quote_counts(session, world):
    order = make_quoted(session, world)
    make_policy(session, raw_rule("closed", {"type": "deny"}, applies_to=["mail_in"]))
    assert not_placed(session, Forbidden, order, world.applicant).code == "policy.refused"


def test_a_quote_runs_out(session, world):
    order = make_quoted(session, world)
    until = session.get_one(Quote, order.quote_id).valid_until
    assert not_placed(session, Conflict, order, world.applicant, now=until).code == "quote.expired"
    assert placed(session, order, world.applicant, now=until - timedelta(microseconds=1)).state == "ordered"


def test_funding_is_used_up_exactly_and_never_beyond(session, world):
    funding = make_funding(session, world.applicant, limit_amount=Decimal(400))
    for _order in range(2):
        placed(session, make_quoted(session, world), world.applicant, funding=funding.public_id)
    assert funding.used == funding.limit_amount
    order = make_quoted(session, world, samples=1)
    assert not_placed(session, Conflict, order, world.applicant, funding=funding.public_id).code == "funding.overdrawn"
    foreign = make_funding(session, make_actor(session))
    not_placed(session, NotFound, order, world.applicant, funding=foreign.public_id)
    dollars = make_funding(session, world.applicant, currency="USD")
    not_placed(session, Conflict, order, world.applicant, funding=dollars.public_id)


def test_a_grant_is_used_up_exactly_and_never_beyond(session, world):
    grant = make_sample_grant(session, world, amount=16)
    for _order in range(2):
        placed(session, make_quoted(session, world, allocation=grant.public_id), world.applicant)
    assert grant.used == grant.amount
    order = make_quoted(session, world, samples=1, allocation=grant.public_id)
    assert not_placed(session, Conflict, order, world.applicant).code == "allocation.overdrawn"


def test_a_grant_of_others_or_for_something_else_is_refused(session, world):
    grant = make_sample_grant(session, world)
    stranger = make_actor(session)
    not_quoted(session, NotFound, world, actor=stranger, acting_for=None, allocation=grant.public_id)
    assert "regime" in not_quoted(session, Invalid, world, regime="proprietary", allocation=grant.public_id).fields
    other = make_queue(session)
    elsewhere = make_sample_grant(session, world, route=other.route.public_id,
                                  instruments=[other.instrument.public_id])  # fmt: skip
    assert "allocation" in not_quoted(session, Invalid, world, allocation=elsewhere.public_id).fields


def test_the_whole_team_may_order_what_one_of_them_was_quoted(session, world):
    colleague = make_actor(session)
    grant = make_sample_grant(session, world, participants=[member(session, colleague)])
    order = make_quoted(session, world, allocation=grant.public_id)
    placed(session, order, colleague)
    assert order.state == "ordered"
    assert session.get_one(Allocation, order.allocation_id).used == Decimal(8)


def test_nobody_else_orders_for_the_team(session, world):
    order = make_quoted(session, world)
    for other in (make_actor(session), world.manager, make_actor(session, ("platform_admin", ("network", "")))):
        not_placed(session, Forbidden, order, other)


def test_cancelling_gives_back_what_was_drawn_and_reserved(session, world):
    grant, funding = make_sample_grant(session, world), make_funding(session, world.applicant)
    order = make_quoted(session, world, allocation=grant.public_id)
    placed(session, order, world.applicant, funding=funding.public_id)
    assert (grant.used, funding.used) == (Decimal(8), Decimal(200))
    cancel_order(session, actor=world.applicant, now=LATER, order=order)
    assert (order.state, order.closed_at, grant.used, funding.used) == ("cancelled", LATER, 0, 0)
    refused(session, Conflict, cancel_order, actor=world.applicant, now=LATER, order=order)


def test_samples_that_arrived_are_no_reason_to_keep_an_order_that_nobody_began(session, world):
    grant, funding = make_sample_grant(session, world), make_funding(session, world.applicant)
    order = make_quoted(session, world, allocation=grant.public_id)
    placed(session, order, world.applicant, funding=funding.public_id)
    work.receive_samples(session, actor=world.manager, now=LATER, order=order, count=8)
    cancel_order(session, actor=world.applicant, now=LATER, order=order)
    assert (order.state, grant.used, funding.used) == ("cancelled", 0, 0)
    begun = make_order(session, world, "in_work")
    refused(session, Conflict, cancel_order, actor=world.applicant, now=LATER, order=begun)


def test_a_quote_that_is_given_up_gives_nothing_back(session, world):
    grant = make_sample_grant(session, world)
    placed(session, make_quoted(session, world, allocation=grant.public_id), world.applicant)
    order = make_quoted(session, world, allocation=grant.public_id)
    cancel_order(session, actor=world.applicant, now=LATER, order=order)
    assert grant.used == Decimal(8)


def test_the_facility_cancels_with_a_reason(session, world):
    order = make_ordered(session, world)
    refused(session, Invalid, cancel_order, actor=world.manager, now=LATER, order=order)
    refused(session, Forbidden, cancel_order, actor=make_actor(session), now=LATER, order=order)
    cancel_order(session, actor=world.manager, now=LATER, order=order, reason="We cannot take wet samples.")
    assert (order.state, order.state_reason) == ("cancelled", "We cannot take wet samples.")


def test_each_step_is_told_once_without_what_is_confidential(session, world):
    make_ordered(session, world)
    told = session.scalars(
        select(OutboxEvent).where(OutboxEvent.kind.startswith("service_order.")).order_by(OutboxEvent.id)
    ).all()
    assert [one.kind for one in told] == ["service_order.quoted", "service_order.ordered"]
    assert all(set(one.payload) == {"service_order"} for one in told)


def member(session, actor):
    """Return somebody as a request names its team."""
    account = session.get_one(Account, actor.account_id)
    return {"email": account.email, "name": account.name, "role": "member", "country_of_work": "KE"}
