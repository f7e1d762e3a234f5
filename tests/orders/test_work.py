"""The work of the staff and the team's answer: each step by its own people, in its state, once."""

from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from infra_access.core.errors import Conflict, Forbidden, Invalid, PreconditionFailed
from infra_access.ledger.models import UsageLine
from infra_access.orders import closing, work
from infra_access.orders.lifecycle import OrderState, OrderTransition, possible
from infra_access.orders.models import ServiceOrder
from infra_access.orders.ordering import cancel_order, place_order
from infra_access.orders.queue import is_overdue
from infra_access.people.actors import load_actor
from tests.factories.accounting import make_funding
from tests.factories.orders import NOW, TURNAROUND, make_order, make_ordered, make_queue, make_quoted, make_sample_grant
from tests.factories.people import make_actor, make_grant
from tests.factories.scheduling import row_counts

LATER = NOW + timedelta(days=20)
REACHABLE = [state for state in OrderState if state != "cancelled"]
CALLS = {
    OrderTransition.ORDER: (place_order, {}),
    OrderTransition.RECEIVE: (work.receive_samples, {"count": 8}),
    OrderTransition.START: (work.start, {}),
    OrderTransition.CHECK: (work.check_quality, {}),
    OrderTransition.DELIVER: (work.deliver, {"deliverable": "A link"}),
    OrderTransition.ACCEPT: (closing.accept, {}),
    OrderTransition.DISPUTE: (closing.dispute, {"reason": "Two spectra are empty."}),
    OrderTransition.CANCEL: (cancel_order, {}),
}
STAFF = [OrderTransition.RECEIVE, OrderTransition.START, OrderTransition.CHECK, OrderTransition.DELIVER]
TEAM = [OrderTransition.ACCEPT, OrderTransition.DISPUTE]


@pytest.fixture
def world(session):
    return make_queue(session)


@contextmanager
def unchanged(session):
    """Show that the block left nothing behind."""
    session.flush()
    before = row_counts(session)
    yield
    session.flush()
    assert row_counts(session) == before


def refused(session, kind, transition, order, actor, **overrides):
    """Return the refusal, after showing that the order stayed as it was."""
    version = order.version
    call, values = CALLS[transition]
    with pytest.raises(kind) as caught:
        call(session, actor=actor, now=LATER, order=order, **values | overrides)
    assert not session.dirty
    assert order.version == version
    return caught.value


def test_every_wrong_step_is_refused_and_nothing_written(session, world):
    for state in REACHABLE:
        order = make_order(session, world, state)
        with unchanged(session):
            for transition in set(CALLS) - set(possible(state)):
                actor = world.manager if transition in STAFF else world.applicant
                error = refused(session, Conflict, transition, order, actor)
                assert (error.code, error.details["possible"]) == ("order.state", list(possible(state)))
        assert order.state == state


def test_the_arrival_of_the_samples_sets_the_promised_day(session, world):
    order = make_ordered(session, world)
    work.receive_samples(session, actor=world.manager, now=LATER, order=order, count=8, tracking="DHL 4711")
    assert (order.samples_received, order.samples_received_at, order.tracking_in) == (8, LATER, "DHL 4711")
    # Days of the calendar, not working days.
    assert order.promised_at == LATER + timedelta(days=TURNAROUND)
    assert not is_overdue(order, order.promised_at)
    assert is_overdue(order, order.promised_at + timedelta(seconds=1))


def test_a_queue_may_promise_nothing(session):
    world = make_queue(session, turnaround_days=None)
    order = make_order(session, world, "samples_received")
    assert order.promised_at is None
    assert not is_overdue(order, LATER)


def test_samples_that_are_missing_are_explained(session, world):
    order = make_ordered(session, world)
    error = refused(session, Invalid, OrderTransition.RECEIVE, order, world.manager, count=7)
    assert "condition" in error.fields
    for wrong in ({"count": 0}, {"count": -1}, {"count": 10**9}, {"tracking": "x" * 201}, {"condition": "x" * 2_001}):
        refused(session, Invalid, OrderTransition.RECEIVE, order, world.manager, **wrong)
    work.receive_samples(session, actor=world.manager, now=LATER, order=order, count=7, condition="One was broken.")
    assert (order.samples_received, order.condition_note) == (7, "One was broken.")


def test_a_delivery_says_what_it_is(session, world):
    order = make_order(session, world, "quality_checked")
    for wrong in ({"deliverable": ""}, {"deliverable": "x" * 5_001}, {"tracking": "a\nb"}):
        refused(session, Invalid, OrderTransition.DELIVER, order, world.manager, **wrong)


def test_a_delivery_is_entered_in_the_ledger_at_the_quoted_price(session, world):
    grant, funding = make_sample_grant(session, world), make_funding(session, world.applicant)
    order = make_quoted(session, world, allocation=grant.public_id)
    place_order(
        session, actor=world.applicant, now=NOW, order=order, text_hash=order.terms["text_hash"],
        funding=funding.public_id,
    )  # fmt: skip
    for transition in STAFF:
        call, values = CALLS[transition]
        call(session, actor=world.manager, now=LATER, order=order, **values)
    (line,) = session.scalars(select(UsageLine)).all()
    assert (line.kind, line.units, line.access_unit, line.price) == ("used", Decimal(8), "sample", Decimal(200))
    assert (line.service_order_id, line.allocation_id, line.funding_id) == (order.id, grant.id, funding.id)
    assert (grant.used, funding.used) == (Decimal(8), Decimal(200))


def test_work_done_again_is_entered_once_and_promised_anew(session, world):
    order = make_order(session, world, "disputed")
    assert order.state_reason == "Two spectra are empty."
    work.start(session, actor=world.manager, now=LATER, order=order)
    assert (order.state, order.promised_at) == ("in_work", LATER + timedelta(days=TURNAROUND))
    assert (order.checked_at, order.delivered_at, order.closed_at) == (None, None, None)
    for transition in STAFF[2:]:
        call, values = CALLS[transition]
        call(session, actor=world.manager, now=LATER, order=order, **values)
    assert session.scalar(select(func.count()).select_from(UsageLine)) == 1
    closing.accept(session, actor=world.applicant, now=LATER, order=order)
    assert (order.state, order.closed_at) == ("accepted", LATER)


def test_a_dispute_can_be_settled(session, world):
    order = make_order(session, world, "disputed")
    assert closing.accept(session, actor=world.applicant, now=LATER, order=order).state == "accepted"


def test_a_dispute_says_why(session, world):
    order = make_order(session, world, "delivered")
    for wrong in ("", " \u200b", "x" * 2_001):
        refused(session, Invalid, OrderTransition.DISPUTE, order, world.applicant, reason=wrong)


def test_the_team_does_nothing_of_the_staff_and_nobody_from_elsewhere(session, world):
    others = (
        world.applicant,
        make_queue(session).manager,
        make_actor(session, ("auditor", ("network", ""))),
        make_actor(session),
    )
    states = ("ordered", "samples_received", "in_work", "quality_checked")
    for state, transition in zip(states, STAFF, strict=True):
        order = make_order(session, world, state)
        with unchanged(session):
            for actor in others:
                refused(session, Forbidden, transition, order, actor)


def test_the_staff_do_nothing_of_the_team(session, world):
    order = make_order(session, world, "delivered")
    for actor in (world.manager, make_actor(session), make_actor(session, ("platform_admin", ("network", "")))):
        for transition in TEAM:
            refused(session, Forbidden, transition, order, actor)


def test_staff_do_not_work_on_their_own_order(session, world):
    order = make_ordered(session, world)
    make_grant(
        session,
        account=world.applicant_account,
        role="facility_manager",
        scope_kind="facility",
        scope_key=world.facility.public_id,
    )
    both = load_actor(session, world.applicant_account.id, now=LATER)
    assert refused(session, Forbidden, OrderTransition.RECEIVE, order, both).code == "order.own"


def test_who_looked_at_an_older_version_is_told(session, world):
    order = make_ordered(session, world)
    seen = order.version
    work.set_priority(session, actor=world.manager, now=LATER, order=order, priority=3, reason="Needed for a trial.")
    refused(session, PreconditionFailed, OrderTransition.RECEIVE, order, world.manager, expected_version=seen)


def test_of_two_who_press_at_once_the_second_sees_what_the_first_did(database):
    with database.writer() as session:
        world = make_queue(session)
        key = make_ordered(session, world).id
    with database.writer() as first:
        order = first.get_one(ServiceOrder, key)
        work.receive_samples(first, actor=world.manager, now=LATER, order=order, count=8)
    with database.writer() as session, pytest.raises(Conflict) as caught:
        work.receive_samples(session, actor=world.manager, now=LATER, order=order, count=8)
    assert caught.value.details["state"] == "samples_received"


def test_priority_is_given_with_a_reason_within_bounds(session, world):
    order = make_ordered(session, world)
    for wrong in ({"priority": 10}, {"priority": -1}, {"priority": True}, {"reason": ""}):
        with pytest.raises(Invalid):
            work.set_priority(
                session, actor=world.manager, now=LATER, order=order, **{"priority": 1, "reason": "Trial."} | wrong
            )
    with pytest.raises(Forbidden):
        work.set_priority(session, actor=world.applicant, now=LATER, order=order, priority=9, reason="Me first.")
    done = make_order(session, world, "accepted")
    with pytest.raises(Conflict):
        work.set_priority(session, actor=world.manager, now=LATER, order=done, priority=1, reason="Late.")
