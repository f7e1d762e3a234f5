"""Who is told of each step of an order, by its number: never its title, nor what the samples are."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from infra_access.access_requests.allocations import set_state
from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.vocabularies import AllocationState
from infra_access.core.i18n import plain
from infra_access.notifications.compose import Letterhead, compose
from infra_access.orders.ending import end_orders
from infra_access.orders.ordering import cancel_order
from infra_access.orders.standing import lock_order
from infra_access.outbox.events import Claimed
from infra_access.outbox.models import OutboxEvent
from infra_access.people.models import Account
from tests.factories.orders import NOW, make_order, make_ordered, make_queue, make_sample_grant
from tests.factories.people import make_actor

LETTERHEAD = Letterhead("post@access.example", "https://access.example", lambda text, locale: plain(text))


@pytest.fixture
def world(session):
    return make_queue(session)


def told(session, world):
    """Return for each event of an order whom its mails go to, and all that they say."""
    names = {world.applicant.account_id: "team", world.manager.account_id: "staff"}
    people = {row.email: names.get(row.id, "other") for row in session.scalars(select(Account))}
    found, said = {}, ""
    for event in session.scalars(
        select(OutboxEvent).where(OutboxEvent.kind.startswith("service_order.")).order_by(OutboxEvent.id)
    ):
        mails = compose(session, Claimed(event.id, event.kind, event.payload, 1), letterhead=LETTERHEAD, now=NOW)
        found[event.kind.partition(".")[2]] = sorted(people[mail["To"].addresses[0].addr_spec] for mail in mails)
        said += "".join(f"{mail['Subject']}\n{mail.get_content()}" for mail in mails)
    return found, said


def test_each_step_is_told_to_the_other_side(session, world):
    order = make_order(session, world, "disputed")
    make_actor(session)
    found, said = told(session, world)
    assert found == {
        "quoted": ["team"],
        "ordered": ["staff"],
        "samples_received": ["team"],
        "started": ["team"],
        "quality_checked": ["team"],
        "delivered": ["team"],
        "disputed": ["staff"],
    }
    assert "2026-0001" in said
    assert f"https://access.example/service-orders/{order.public_id}" in said
    assert not any(word in said for word in (order.title, order.sample_description, order.deliverable, "${"))


def test_a_cancelled_order_is_told_to_both_with_the_reason(session, world):
    order = make_ordered(session, world)
    cancel_order(session, actor=world.manager, now=NOW + timedelta(days=1), order=order, reason="No wet samples.")
    found, said = told(session, world)
    assert found["cancelled"] == ["staff", "team"]
    assert "No wet samples." in said


def test_begun_work_whose_access_ended_is_told_to_both_with_the_reason(session, world):
    order = make_order(session, world, "in_work", allocation=make_sample_grant(session, world).public_id)
    found = lock_order(session, order, None)
    by = {"actor": make_actor(session), "now": NOW + timedelta(days=3)}
    access_request = session.scalars(select(AccessRequest)).one()
    set_state(session, access_request, AllocationState.ENDED)
    end_orders(session, **by, access_request=access_request, locked=[found], reason="The laser is unsafe.")
    found, said = told(session, world)
    assert found["access_ended"] == ["staff", "team"]
    assert "Reason given: The laser is unsafe." in said
    assert "${" not in said
