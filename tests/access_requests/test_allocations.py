"""What was granted is drawn on by its team, within its instruments and period, and never overdrawn."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations, drafting
from infra_access.access_requests.models import Allocation
from infra_access.core.errors import Conflict, Forbidden, NotFound
from infra_access.core.timespan import TimeSpan
from infra_access.people.actors import load_actor
from tests.factories.access_requests import NOW, OPEN_TO_ALL, make_active, make_submitted, make_world
from tests.factories.catalogue import make_instrument
from tests.factories.people import make_account, make_actor

SPAN = TimeSpan(NOW + timedelta(days=50), NOW + timedelta(days=50, hours=8))


def test_it_is_drawn_and_given_back_but_never_overdrawn(session: Session) -> None:
    world = make_world(session)
    allocation = allocations.allocation_of(session, make_active(session, world))
    assert allocation is not None
    granted = allocations.lock(session, allocation.public_id, actor=world.applicant, now=NOW)
    assert {"gate:allocation", "agreement:access-terms"} <= granted.satisfies
    assert granted.facts.value("request.regime", NOW) == "open"
    draw = {"instrument_id": world.instrument.id, "span": SPAN}
    allocations.draw(session, granted, **draw, units=Decimal("1.5"))
    with pytest.raises(Conflict) as refusal:
        allocations.draw(session, granted, **draw, units=Decimal("0.51"))
    assert (refusal.value.code, refusal.value.details["left"]) == ("allocation.overdrawn", "0.50")
    allocations.give_back(session, granted, Decimal("1.5"))
    allocations.draw(session, granted, **draw, units=Decimal(2))
    assert allocation.used == 2
    with pytest.raises(IntegrityError, match="never_overdrawn"):
        session.execute(update(Allocation).values(used=3))


def test_it_is_for_its_own_instruments_and_period(session: Session) -> None:
    world = make_world(session)
    allocation = allocations.allocation_of(session, make_active(session, world))
    assert allocation is not None
    granted = allocations.lock(session, allocation.public_id, actor=world.applicant, now=NOW)
    other = make_instrument(session, facility=world.facility)
    late = TimeSpan(NOW + timedelta(days=99), NOW + timedelta(days=101))
    for instrument, span in ((other, SPAN), (world.instrument, late)):
        with pytest.raises(Conflict) as refusal:
            allocations.draw(session, granted, instrument_id=instrument.id, span=span, units=Decimal(1))
        assert refusal.value.code == "allocation.outside"
    with pytest.raises(Conflict) as refusal:
        allocations.lock(session, allocation.public_id, actor=world.applicant, now=NOW + timedelta(days=100))
    assert refusal.value.code == "allocation.inactive"


def test_it_belongs_to_the_team_and_not_to_who_takes_part_in_the_data_only(session: Session) -> None:
    world = make_world(session)
    reader = make_account(session, email="reader@example.org")
    member = {"email": reader.email, "name": "R", "role": "data_only", "country_of_work": "KE", "presence": "none"}
    allocation = allocations.allocation_of(session, make_active(session, world, participants=[member]))
    assert allocation is not None
    with pytest.raises(NotFound):
        allocations.lock(session, allocation.public_id, actor=make_actor(session), now=NOW)
    with pytest.raises(Forbidden):
        allocations.lock(session, allocation.public_id, actor=load_actor(session, reader.id, now=NOW), now=NOW)


def test_a_request_never_shrinks_below_what_was_drawn(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL], terms={})
    request = make_submitted(session, world)
    allocation = allocations.allocation_of(session, request)
    assert allocation is not None
    granted = allocations.lock(session, allocation.public_id, actor=world.applicant, now=NOW)
    allocations.draw(session, granted, instrument_id=world.instrument.id, span=SPAN, units=Decimal(2))
    drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes={"quantity": 3})
    assert (request.state, allocation.amount) == ("active", 3)
    with pytest.raises(Conflict) as refusal:
        drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes={"quantity": 1})
    assert refusal.value.code == "allocation.used"
