"""Two different people decide on what is under export control, and a yes counts while it could still be given."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from infra_access.access_requests import corrections, drafting, submitting
from infra_access.access_requests.approvals import authorisations, stepping_back
from infra_access.access_requests.approvals.verdicts import approvals_of
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.catalogue.models import Instrument
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict, Forbidden
from infra_access.people.actors import load_actor
from infra_access.people.delegations import hand_over
from infra_access.people.models import Account
from infra_access.people.roles import grants_of
from tests.factories.access_requests import (
    FEASIBILITY,
    NOW,
    OPEN_TO_ALL,
    World,
    decide,
    make_route,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.catalogue import make_instrument
from tests.factories.people import make_account, make_actor, make_affiliation

LATER = NOW + timedelta(days=2)
SAFETY = {**FEASIBILITY, "id": "safe", "effect": {"type": "approve", "role": "safety_officer", "scope": "facility"}}
BY_RULE, SECOND = "feasibility", "feasibility#second"


def control(session: Session, instrument: Instrument) -> None:
    """Put an instrument under export control."""
    session.get_one(Instrument, instrument.id).control_codes = ["3A001"]
    session.flush()


def manager_of(session: Session, world: World) -> Actor:
    """Name another manager of the facility."""
    return make_actor(session, ("facility_manager", ("facility", world.facility.public_id)))


def controlled(session: Session, *rules: dict[str, Any]) -> tuple[World, Actor]:
    """Make a world whose instrument is under export control, with a second manager."""
    world = make_world(session, rules=[OPEN_TO_ALL, *(rules or (FEASIBILITY,))])
    control(session, world.instrument)
    return world, manager_of(session, world)


def waiting(session: Session, request: AccessRequest) -> dict[str, Approval]:
    """Return the approvals that wait, by their rule."""
    return {one.rule: one for one in approvals_of(session, "access_request", request.id) if one.state == "pending"}


def given(session: Session, request: AccessRequest) -> list[str]:
    """Return the rules whose approval is given."""
    return [one.rule for one in approvals_of(session, "access_request", request.id) if one.state == "approved"]


@pytest.mark.parametrize(("first", "asks_changes"), [(BY_RULE, SECOND), (SECOND, BY_RULE)])
def test_whoever_asked_for_changes_is_asked_again_and_nobody_twice(
    session: Session, first: str, asks_changes: str
) -> None:
    world, second = controlled(session)
    request = make_submitted(session, world)
    decide(session, world.manager, waiting(session, request)[first])
    decide(session, second, waiting(session, request)[asks_changes], "request_changes")
    submitting.submit(session, actor=world.applicant, now=LATER, access_request=request)
    assert (request.state, list(waiting(session, request))) == ("under_review", [asks_changes])
    with pytest.raises(Forbidden) as refusal:
        decide(session, world.manager, waiting(session, request)[asks_changes])
    assert refusal.value.code == "approval.two_people"
    decide(session, second, waiting(session, request)[asks_changes])
    assert request.state == "agreement_pending"


def test_where_one_person_is_all_there_is_it_is_not_begun(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, {**FEASIBILITY, "id": "use"}])
    control(session, world.instrument)
    with pytest.raises(Conflict, match="two different people"):
        make_submitted(session, world)


def test_of_two_rules_one_person_decides_one(session: Session) -> None:
    world, second = controlled(session, FEASIBILITY, {**FEASIBILITY, "id": "use"})
    request = make_submitted(session, world)
    assert sorted(waiting(session, request)) == [BY_RULE, "use"]
    decide(session, world.manager, waiting(session, request)["use"])
    with pytest.raises(Forbidden):
        decide(session, world.manager, waiting(session, request)[BY_RULE])
    decide(session, second, waiting(session, request)[BY_RULE])
    assert request.state == "agreement_pending"


def test_nobody_steps_back_from_what_two_are_needed_for(session: Session) -> None:
    world, second = controlled(session)
    approval = waiting(session, make_submitted(session, world))[BY_RULE]
    with pytest.raises(Conflict, match="two different people"):
        stepping_back.step_back(session, actor=second, now=NOW, approval=approval, reason="My student.")


def test_ones_own_stand_in_is_no_second_person(session: Session) -> None:
    world, _second = controlled(session)
    request = make_submitted(session, world)
    decide(session, world.manager, waiting(session, request)[BY_RULE], now=NOW)
    stand_in = make_account(session)
    (grant,) = grants_of(session, world.manager.account_id or 0, now=NOW)
    until = NOW + timedelta(days=5)
    hand_over(session, actor=world.manager, now=NOW, grant=grant, to=stand_in, until=until)
    actor = load_actor(session, stand_in.id, now=LATER)
    with pytest.raises(Forbidden) as refusal:
        decide(session, actor, waiting(session, request)[SECOND], now=LATER)
    assert refusal.value.code == "approval.two_people"


@pytest.mark.parametrize("ahead", [True, False], ids=["given ahead", "given"])
def test_a_change_to_a_controlled_instrument_asks_two(session: Session, ahead: bool) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, {**FEASIBILITY, "rests_on": ["quantity"]}])
    manager_of(session, world)
    other = make_instrument(session, facility=world.facility)
    control(session, other)
    route = make_route(session, facility=world.facility, instruments=[world.instrument, other])
    if ahead:
        authorisations.authorise(
            session,
            actor=world.manager,
            now=NOW,
            role="facility_manager",
            scope=("facility", world.facility.public_id),
            organisation=world.startup.public_id,
            reason="Known users.",
            until=NOW + timedelta(days=365),
        )
    request = make_submitted(session, world, route=route.public_id)
    if not ahead:
        decide(session, world.manager, waiting(session, request)[BY_RULE])
    changes = {"instruments": [other.public_id]}
    drafting.amend(session, actor=world.applicant, now=LATER, access_request=request, changes=changes)
    assert request.state == "under_review"
    assert set(waiting(session, request)) == ({BY_RULE, SECOND} if ahead else {SECOND})


def test_a_yes_ends_when_whoever_gave_it_comes_on_the_team(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY])
    manager_of(session, world)
    account = session.get_one(Account, world.manager.account_id)
    for change in ("team", "organisation"):
        request = make_submitted(session, world)
        decide(session, world.manager, pending(session, request)["facility_manager"])
        changes: dict[str, Any] = {"summary": "More of it."}
        if change == "team":
            member = {"email": account.email, "name": "M", "role": "member", "country_of_work": "DE"}
            changes = {"participants": [member]}
        else:
            make_affiliation(session, account=account, organisation=world.startup)
        drafting.amend(session, actor=world.applicant, now=LATER, access_request=request, changes=changes)
        assert given(session, request) == []
        assert list(waiting(session, request)) == [BY_RULE]


def test_a_yes_ends_when_whoever_gave_it_wrote_a_part_or_steps_back(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, SAFETY])
    facility = ("facility", world.facility.public_id)
    both = make_actor(session, ("facility_manager", facility), ("safety_officer", facility))
    make_actor(session, ("safety_officer", facility))
    request = make_submitted(session, world)
    changes = {"summary": "As staff say."}
    propose = {"now": NOW, "access_request": request, "changes": changes, "reason": "Clearer."}
    correction = corrections.propose(session, actor=world.manager, **propose)
    decide(session, world.manager, waiting(session, request)[BY_RULE])
    answer = {"now": LATER, "access_request": request, "correction": correction, "accept": True}
    corrections.answer(session, actor=world.applicant, **answer)
    assert (given(session, request), sorted(waiting(session, request))) == ([], [BY_RULE, "safe"])
    manager_of(session, world)
    decide(session, both, waiting(session, request)[BY_RULE])
    stepping_back.step_back(session, actor=both, now=LATER, approval=waiting(session, request)["safe"], reason="Kin.")
    assert (given(session, request), sorted(waiting(session, request))) == ([], [BY_RULE, "safe"])


def test_nobody_steps_back_where_their_own_yes_would_wait_for_ever(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, SAFETY])
    facility = ("facility", world.facility.public_id)
    both = make_actor(session, ("safety_officer", facility), ("facility_manager", facility))
    manager_of(session, world)
    request = make_submitted(session, world)
    decide(session, both, waiting(session, request)["safe"])
    approval = waiting(session, request)[BY_RULE]
    with pytest.raises(Conflict) as refusal:
        stepping_back.step_back(session, actor=both, now=LATER, approval=approval, reason="Kin.")
    assert refusal.value.code == "approval.nobody"
    assert given(session, request) == ["safe"]


def test_a_yes_given_ahead_by_whoever_steps_back_is_asked_as_any_other(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, FEASIBILITY, SAFETY])
    facility = ("facility", world.facility.public_id)
    both = make_actor(session, ("safety_officer", facility), ("facility_manager", facility))
    make_actor(session, ("safety_officer", facility))
    authorisations.authorise(
        session,
        actor=both,
        now=NOW,
        role="facility_manager",
        scope=facility,
        organisation=world.startup.public_id,
        reason="Known users.",
        until=NOW + timedelta(days=365),
    )
    request = make_submitted(session, world)
    assert given(session, request) == [BY_RULE]
    stepping_back.step_back(session, actor=both, now=LATER, approval=waiting(session, request)["safe"], reason="Kin.")
    again = waiting(session, request)[BY_RULE]
    assert (again.authorisation_id, again.reason) == (None, None)
