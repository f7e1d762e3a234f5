"""A yes to less than was asked, the reserve list, a later round, and who steps back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations, drafting, rejoining, submitting
from infra_access.access_requests.approvals import stepping_back
from infra_access.access_requests.approvals.narrower import Narrower
from infra_access.access_requests.approvals.verdicts import inbox
from infra_access.access_requests.models import AccessRequest, AccessRound, Allocation
from infra_access.catalogue.models import Instrument
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, DomainError, Forbidden, Invalid
from infra_access.core.ids import new_public_id
from infra_access.notifications.kinds import Kind
from infra_access.notifications.subjects import subject_of
from tests.factories.access_requests import (
    FEASIBILITY,
    HOST_COUNTRY,
    NOW,
    OPEN_TO_ALL,
    World,
    decide,
    make_active,
    make_request,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.people import make_actor

SAFETY = {
    **FEASIBILITY,
    "id": "safety",
    "effect": {"type": "approve", "role": "safety_officer", "scope": "facility"},
    "grounds": "safety",
}


def test_all_who_approve_narrow_what_is_granted(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world, quantity="10")
    waiting = pending(session, request)
    until = NOW + timedelta(days=60)
    less = Narrower(Decimal(6), until)
    decide(session, world.manager, waiting["facility_manager"], narrower=less, conditions="Outside the beam.")
    decide(session, world.administrator, waiting["access_administrator"], narrower=Narrower(Decimal(8)))
    granted = allocations.activate(session, request)
    assert (granted.amount, granted.valid_until, granted.conditions) == (6, until, "Outside the beam.")
    assert granted.valid_from == request.period_start


@pytest.mark.parametrize(
    ("narrower", "field"),
    [
        (Narrower(Decimal(0)), "most_units"),
        (Narrower(Decimal("0.001")), "most_units"),
        (Narrower(Decimal(11)), "most_units"),
        (Narrower(until=NOW + timedelta(days=10)), "until"),
        (Narrower(until=NOW + timedelta(days=200)), "until"),
    ],
)
def test_what_is_granted_lies_within_what_was_asked(session: Session, narrower: Narrower, field: str) -> None:
    world = make_world(session)
    approval = pending(session, make_submitted(session, world, quantity="10"))["facility_manager"]
    with pytest.raises(Invalid) as refusal:
        decide(session, world.manager, approval, narrower=narrower)
    assert list(refusal.value.fields) == [field]
    assert approval.state == "pending"


def test_less_than_is_used_is_not_granted(session: Session) -> None:
    world = make_world(session)
    request = make_active(session, world, quantity="10")
    session.scalars(select(Allocation)).one().used = Decimal(5)
    session.flush()
    team = [{"email": "x@example.org", "name": "X", "role": "member", "country_of_work": "FR"}]
    drafting.amend(
        session, actor=world.applicant, now=NOW, access_request=request, changes={"quantity": "9", "participants": team}
    )
    approval = pending(session, request)["access_administrator"]
    with pytest.raises(Invalid) as refusal:
        decide(session, world.administrator, approval, narrower=Narrower(Decimal(4)))
    assert list(refusal.value.fields) == ["most_units"]


def test_a_yes_that_ends_before_the_amended_period_is_asked_again(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    waiting = pending(session, request)
    less = Narrower(until=NOW + timedelta(days=50))
    decide(session, world.administrator, waiting["access_administrator"], narrower=less)
    later = (NOW + timedelta(days=60), NOW + timedelta(days=100))
    drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes={"period": later})
    again = pending(session, request)["access_administrator"]
    assert again is not waiting["access_administrator"]
    decide(session, world.administrator, again)
    decide(session, world.manager, pending(session, request)["facility_manager"])
    granted = allocations.activate(session, request)
    assert (granted.valid_from, granted.valid_until) == later


def test_only_a_yes_narrows(session: Session) -> None:
    world = make_world(session)
    approval = pending(session, make_submitted(session, world))["facility_manager"]
    with pytest.raises(Invalid):
        decide(session, world.manager, approval, "refuse", narrower=Narrower(Decimal(1)))


def test_from_the_reserve_list_a_request_comes_back_with_its_deadlines_put_off(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    waiting = pending(session, request)
    due = waiting["access_administrator"].due_at
    decide(session, world.manager, waiting["facility_manager"], "reserve", reason="No beam before May.")
    assert (request.state, request.state_reason) == ("reserve", "No beam before May.")
    assert [one.approval.state for one in inbox(session, actor=world.manager, now=NOW).items] == ["reserved"]
    # What another decides meanwhile does not take it off the list.
    decide(session, world.administrator, waiting["access_administrator"], now=NOW + timedelta(days=2))
    assert request.state == "reserve"
    decide(session, world.manager, waiting["facility_manager"], now=NOW + timedelta(days=11))
    assert request.state == "agreement_pending"
    assert waiting["access_administrator"].due_at == due


def test_going_on_from_the_reserve_list_puts_deadlines_off(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    waiting = pending(session, request)
    due = waiting["access_administrator"].due_at
    decide(session, world.manager, waiting["facility_manager"], "reserve")
    decide(session, world.manager, waiting["facility_manager"], "resume", now=NOW + timedelta(days=11))
    assert request.state == "under_review"
    assert waiting["access_administrator"].due_at == due + timedelta(days=10)
    assert waiting["facility_manager"].state == "pending"


def test_a_reserved_request_can_be_paused_and_refused(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    waiting = pending(session, request)
    decide(session, world.manager, waiting["facility_manager"], "reserve")
    decide(session, world.administrator, waiting["access_administrator"], "pause")
    assert (request.state, waiting["facility_manager"].state) == ("paused", "reserved")
    decide(session, world.manager, waiting["facility_manager"], "refuse")
    assert (request.state, waiting["access_administrator"].state) == ("refused", "void")


def later_round(session: Session, world: World) -> AccessRound:
    """Announce a round in a month."""
    later = AccessRound(
        public_id=new_public_id(), route_id=world.route.id, name="Later", opens_at=NOW + timedelta(days=30)
    )
    session.add(later)
    session.flush()
    return later


def test_a_deferred_request_comes_back_when_its_round_opens(database: Database) -> None:
    with database.writer() as session:
        world = make_world(session)
        request = make_submitted(session, world)
        approval = pending(session, request)["facility_manager"]
        with pytest.raises(Conflict) as refusal:
            decide(session, world.manager, approval, "defer")
        assert refusal.value.code == "access_round.none"
    with database.writer() as session:
        later = later_round(session, world)
        request = session.get_one(AccessRequest, request.id)
        approval = pending(session, request)["facility_manager"]
        due = approval.due_at
        decide(session, world.manager, approval, "defer", reason="This round is full.")
        assert (request.state, request.round_id) == ("deferred", later.id)
        key, approval_id = request.id, approval.id
    assert rejoining.rejoin(database, now=NOW + timedelta(days=29)) == 0
    assert rejoining.rejoin(database, now=NOW + timedelta(days=31)) == 1
    assert rejoining.rejoin(database, now=NOW + timedelta(days=31)) == 0
    with database.reader() as session:
        request = session.get_one(AccessRequest, key)
        (back,) = [one for one in pending(session, request).values() if one.id == approval_id]
        assert (request.state, back.state) == ("under_review", "pending")
        assert back.due_at == due + timedelta(days=30)


def test_a_safety_officer_finds_it_green_yellow_or_red(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, SAFETY])
    officer = make_actor(session, ("safety_officer", ("facility", world.facility.public_id)))
    said = {}
    for result, verdict, more in (
        ("green", "approve", {}),
        ("yellow", "approve", {"conditions": "With goggles."}),
        ("red", "refuse", {}),
    ):
        approval = pending(session, make_submitted(session, world))["safety_officer"]
        said[result] = decide(session, officer, approval, verdict, **more).safety_result
    assert said == {"green": "green", "yellow": "yellow", "red": "red"}


def test_whoever_steps_back_decides_nothing_more_of_it(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    approval = pending(session, request)["facility_manager"]
    with pytest.raises(Conflict) as alone:
        stepping_back.step_back(session, actor=world.manager, now=NOW, approval=approval, reason="My student.")
    assert alone.value.code == "approval.nobody"
    other = make_actor(session, ("facility_manager", ("facility", world.facility.public_id)))
    with pytest.raises(Forbidden):
        stepping_back.step_back(session, actor=world.applicant, now=NOW, approval=approval, reason="Mine.")
    stepping_back.step_back(session, actor=world.manager, now=NOW, approval=approval, reason="My student.")
    assert inbox(session, actor=world.manager, now=NOW).items == ()
    with pytest.raises(Forbidden) as refusal:
        decide(session, world.manager, approval)
    assert refusal.value.code == "approval.own"
    told = subject_of(session, Kind.APPROVAL_ASKED, {"approval": approval.public_id}, now=NOW, base_url="http://x")
    assert told is not None
    assert told.account_ids == (other.account_id,)
    assert decide(session, other, approval).state == "approved"


def test_on_a_controlled_instrument_two_different_people_say_yes(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY])
    session.get_one(Instrument, world.instrument.id).control_codes = ["3A001"]
    session.flush()
    with pytest.raises(Conflict, match="two different people"):
        make_submitted(session, world)
    other = make_actor(session, ("facility_manager", ("country", "DE")))
    request = make_submitted(session, world)
    asked = [one.approval for one in inbox(session, actor=other, now=NOW).items]
    assert sorted(one.rule for one in asked) == ["feasibility", "feasibility#second"]
    decide(session, other, asked[0])
    with pytest.raises(Forbidden) as refusal:
        decide(session, other, asked[1])
    assert refusal.value.code == "approval.two_people"
    decide(session, world.manager, asked[1])
    assert request.state == "agreement_pending"


def test_the_home_side_is_asked_in_its_own_house(session: Session) -> None:
    def stage(id: str, role: str, scope: str) -> dict[str, object]:
        return {**FEASIBILITY, "id": id, "effect": {"type": "approve", "role": role, "scope": scope}}

    house = stage("home", "organisation_admin", "home_organisation")
    outbound = stage("outbound", "access_administrator", "home_country")
    world = make_world(session, rules=[OPEN_TO_ALL, house, outbound, HOST_COUNTRY])
    dean = make_actor(session, ("organisation_admin", ("organisation", world.startup.public_id)))
    nairobi = make_actor(session, ("access_administrator", ("country", "KE")))
    request = make_submitted(session, world)
    found = {
        (one.approval.rule, one.approval.scope_kind, one.approval.scope_key): actor
        for actor in (dean, nairobi, world.administrator)
        for one in inbox(session, actor=actor, now=NOW).items
    }
    assert found == {
        ("home", "organisation", world.startup.public_id): dean,
        ("outbound", "country", "KE"): nairobi,
        ("host-country", "country", "DE"): world.administrator,
    }
    nobody = make_actor(session)
    draft = make_request(session, world, actor=nobody, acting_for=None)
    with pytest.raises(DomainError) as refusal:
        submitting.submit(session, actor=nobody, now=NOW, access_request=draft)
    assert refusal.value.code == "approval.no_home"
    waiting = pending(session, request)
    assert decide(session, dean, waiting["organisation_admin"]).state == "approved"


def test_a_grant_that_shrinks_stays_above_what_was_booked(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world, quantity="10")
    waiting = pending(session, request)
    decide(session, world.manager, waiting["facility_manager"], narrower=Narrower(Decimal(3)))
    granted: Allocation = allocations.activate(session, request)
    granted.used = Decimal(3)
    waiting["facility_manager"].most_units = Decimal(2)
    session.flush()
    with pytest.raises(Conflict) as refusal:
        allocations.activate(session, request)
    assert refusal.value.code == "allocation.used"
