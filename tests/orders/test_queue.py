"""The queue: urgent ones first, then in turn; staff see it whole in one statement, the team only how many are ahead."""

from datetime import timedelta

import pytest

from infra_access.core.errors import Forbidden, Invalid, NotFound
from infra_access.orders import work
from infra_access.orders.order_queries import order_by_public_id, orders_on, own_orders
from infra_access.orders.queue import queue_of
from tests.factories.catalogue import make_instrument
from tests.factories.orders import NOW, make_order, make_ordered, make_queue, make_quoted, make_sample_grant
from tests.factories.people import make_actor
from tests.orders.test_ordering import member
from tests.statements import count_statements


@pytest.fixture
def world(session):
    return make_queue(session)


def ordered(session, world, day, **overrides):
    return make_ordered(session, world, now=NOW + timedelta(days=day), title=f"Day {day}", **overrides)


def ahead(session, order, actor):
    return order_by_public_id(session, order.public_id, actor=actor).ahead


def test_a_queue_is_served_by_priority_then_by_turn(session, world):
    second, first, third = (ordered(session, world, day) for day in (2, 1, 3))
    assert [ahead(session, one, world.applicant) for one in (first, second, third)] == [0, 1, 2]
    work.set_priority(session, actor=world.manager, now=NOW, order=third, priority=1, reason="For a clinical trial.")
    assert [ahead(session, one, world.applicant) for one in (first, second, third)] == [1, 2, 0]
    work.set_priority(session, actor=world.manager, now=NOW, order=third, priority=0, reason="It was not needed.")
    assert ahead(session, third, world.applicant) == 2


def test_those_of_one_instant_stand_in_the_order_in_which_they_came(session, world):
    orders = [ordered(session, world, 1) for _each in range(3)]
    assert [ahead(session, one, world.applicant) for one in orders] == [0, 1, 2]


def test_only_what_waits_or_is_worked_on_keeps_others_waiting(session, world):
    for state in ("quoted", "ordered", "in_work", "quality_checked", "delivered", "accepted", "disputed"):
        make_order(session, world, state)
    last = ordered(session, world, 9)
    assert ahead(session, last, world.applicant) == 2
    assert ahead(session, make_quoted(session, world), world.applicant) is None


def test_other_instruments_have_queues_of_their_own(session, world):
    other = make_instrument(session, facility=world.facility)
    both = make_queue(session)
    ordered(session, world, 1)
    assert ahead(session, ordered(session, both, 2), both.applicant) == 0
    assert [one.instrument.id for one in queue_of(session, actor=world.manager, facility=world.facility)] == [
        world.instrument.id
    ]
    assert orders_on(session, instrument=other).items == ()


def test_staff_read_the_whole_queue_in_one_statement(session, database, world):
    for day in (3, 1, 2):
        ordered(session, world, day)
    make_order(session, world, "disputed")
    session.commit()
    with count_statements(database) as sent:
        queue = queue_of(session, actor=world.manager, facility=world.facility)
    # One finds the organisation that the right may come from.
    assert sent.count <= 2
    assert [one.order.title for one in queue] == ["Corrosion of sensors", "Day 1", "Day 2", "Day 3"]
    assert [one.ahead for one in queue] == [None, 0, 1, 2]
    with pytest.raises(Forbidden):
        queue_of(session, actor=world.applicant, facility=world.facility)


def test_an_order_is_its_teams_and_the_facilitys_to_see(session, world):
    colleague, stranger = make_actor(session), make_actor(session)
    grant = make_sample_grant(session, world, participants=[member(session, colleague)])
    order = make_ordered(session, world, allocation=grant.public_id)
    safety = make_actor(session, ("safety_officer", ("facility", world.facility.public_id)))
    for reader, relations in ((world.applicant, {"owner", "team"}), (colleague, {"team"}), (world.manager, set()),
                              (safety, set())):  # fmt: skip
        assert order_by_public_id(session, order.public_id, actor=reader).relations == relations
    for reader in (None, stranger, world.administrator, make_queue(session).manager):
        with pytest.raises(NotFound):
            order_by_public_id(session, order.public_id, actor=reader)
    with pytest.raises(NotFound):
        order_by_public_id(session, "0" * 16, actor=world.manager)


def test_the_list_of_ones_own_holds_those_of_ones_teams_and_pages(session, world):
    colleague = make_actor(session)
    grant = make_sample_grant(session, world, amount=20, participants=[member(session, colleague)])
    shared = make_ordered(session, world, allocation=grant.public_id)
    own = [make_quoted(session, world), make_ordered(session, world)]
    assert [one.order.id for one in own_orders(session, actor=colleague).items] == [shared.id]
    assert [one.order.id for one in own_orders(session, actor=world.applicant).items] == [
        own[1].id,
        own[0].id,
        shared.id,
    ]
    assert own_orders(session, actor=world.manager).items == ()
    first = own_orders(session, actor=world.applicant, limit=2)
    second = own_orders(session, actor=world.applicant, limit=2, cursor=first.next)
    assert ([one.order.id for one in second.items], second.next) == ([shared.id], None)
    assert [one.order.id for one in own_orders(session, actor=world.applicant, states=["quoted"]).items] == [own[0].id]


def test_the_orders_on_an_instrument_come_in_the_order_of_its_queue_page_by_page(session, world):
    orders = [ordered(session, world, day) for day in range(5)]
    work.set_priority(session, actor=world.manager, now=NOW, order=orders[3], priority=2, reason="Urgent.")
    found, cursor = [], None
    while True:
        page = orders_on(session, instrument=world.instrument, limit=2, cursor=cursor)
        found += [one.order.title for one in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == ["Day 3", "Day 0", "Day 1", "Day 2", "Day 4"]
    with pytest.raises(Invalid):
        orders_on(session, instrument=world.instrument, cursor="x")
