"""A yes that leaves out some of the instruments: what was granted is not for them, and the team reads why."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations, drafting
from infra_access.access_requests.allocation_queries import allocations_of
from infra_access.access_requests.approvals.narrower import Narrower
from infra_access.access_requests.gates.of_requests import gates_of_request
from infra_access.access_requests.models import AccessRequest, Allocation, Approval
from infra_access.access_requests.terms.agreement_queries import agreements_of
from infra_access.catalogue.models import Instrument
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.timespan import TimeSpan
from infra_access.notifications.kinds import Kind
from infra_access.notifications.subjects import subject_of
from infra_access.scheduling.details import details_of
from tests.factories.access_requests import (
    NOW,
    World,
    decide,
    make_route,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.catalogue import make_instrument
from tests.factories.policy import make_policy, raw_rule

LATER = NOW + timedelta(days=1)
SEALED = raw_rule("sealed", {"type": "mask", "fields": ["model"]}, applies_to=["view_details"])


def wide(session: Session, **route: Any) -> tuple[World, Instrument]:
    """Return a world whose way in leads to a second instrument too, without terms."""
    world = make_world(session)
    second = make_instrument(session, facility=world.facility, name="Second", model="X2")
    both_of = [world.instrument, second]
    way = make_route(session, facility=world.facility, instruments=both_of, **{"terms": {}} | route)
    return replace(world, route=way), second


def ask(session: Session, world: World, *instruments: Instrument, **more: Any) -> AccessRequest:
    return make_submitted(session, world, instruments=[one.public_id for one in instruments], **more)


def without(*instruments: Instrument) -> dict[str, Any]:
    return {"narrower": Narrower(left_out=tuple(one.public_id for one in instruments)), "reason": "It is in repair."}


def both(session: Session, world: World, request: AccessRequest, **manager: Any) -> dict[str, Approval]:
    waiting = pending(session, request)
    decide(session, world.manager, waiting["facility_manager"], **manager)
    decide(session, world.administrator, waiting["access_administrator"])
    return waiting


def test_what_was_granted_is_not_for_what_a_yes_left_out(session: Session) -> None:
    world, second = wide(session)
    request = ask(session, world, world.instrument, second)
    said = both(session, world, request, **without(second))["facility_manager"]
    assert (request.state, said.left_out) == ("active", [{"id": second.public_id, "name": "Second"}])
    key = session.scalars(select(Allocation.public_id)).one()
    can = allocations.bookable(session, key, actor=world.applicant, now=LATER)
    assert [one.id for one in can.instruments] == [world.instrument.id]
    granted = allocations.lock(session, key, actor=world.applicant, now=LATER)
    span = TimeSpan(request.period_start, request.period_start + timedelta(hours=2))
    assert allocations.refuse_outside(session, granted, instrument_id=world.instrument.id, span=span).used == 0
    with pytest.raises(Conflict) as refused:
        allocations.refuse_outside(session, granted, instrument_id=second.id, span=span)
    assert refused.value.code == "allocation.outside"
    (own,) = allocations_of(session, actor=world.applicant).items
    assert [one.id for one in own.instruments] == [world.instrument.id]
    make_policy(session, SEALED)
    assert details_of(session, second, actor=world.applicant, now=LATER).hidden == ("model",)
    assert details_of(session, world.instrument, actor=world.applicant, now=LATER).hidden == ()
    payload = {"access_request": request.public_id}
    told = subject_of(session, Kind.REQUEST_ACTIVATED, payload, now=LATER, base_url="http://x")
    assert told is not None
    assert told.values["instruments"] == world.instrument.name


def test_only_some_of_what_was_asked_is_left_out_and_never_without_a_reason(session: Session) -> None:
    world, second = wide(session)
    other = make_instrument(session, facility=world.facility)
    request = ask(session, world, world.instrument, second)
    waiting = pending(session, request)
    for given, field in (
        (without(other), "left_out"),
        (without(world.instrument, second), "left_out"),
        (without(second) | {"reason": " "}, "reason"),
        (without(second) | {"verdict": "refuse"}, "left_out"),
    ):
        with pytest.raises(Invalid) as refused:
            decide(session, world.manager, waiting["facility_manager"], **given)
        assert list(refused.value.fields) == [field]
    decide(session, world.administrator, waiting["access_administrator"], **without(second))
    with pytest.raises(Invalid) as refused:
        decide(session, world.manager, waiting["facility_manager"], **without(world.instrument))
    assert list(refused.value.fields) == ["left_out"]
    assert request.state == "under_review"


def test_what_was_left_out_is_granted_once_it_is_asked_for_anew_and_a_yes_to_nothing_is_asked_again(
    session: Session,
) -> None:
    world, second = wide(session)
    request = ask(session, world, world.instrument, second)
    waiting = pending(session, request)
    decide(session, world.manager, waiting["facility_manager"])
    said = decide(session, world.administrator, waiting["access_administrator"], **without(second))
    changes = {"instruments": [second.public_id]}
    drafting.amend(session, actor=world.applicant, now=LATER, access_request=request, changes=changes)
    assert (request.state, said.state) == ("under_review", "void")
    both(session, world, request)
    key = session.scalars(select(Allocation.public_id)).one()
    can = allocations.bookable(session, key, actor=world.applicant, now=LATER)
    assert [one.id for one in can.instruments] == [second.id]


def test_what_was_left_out_stays_so_when_the_team_changes_a_telephone(session: Session) -> None:
    world, second = wide(session)
    request = ask(session, world, world.instrument, second)
    both(session, world, request, **without(second))
    email = world.applicant_account.email
    same = {"email": email, "name": "Person", "role": "principal", "organisation": world.startup.public_id}
    changes = {"participants": [same | {"phone": "+254 20 7654321"}]}
    drafting.amend(session, actor=world.applicant, now=LATER, access_request=request, changes=changes)
    assert request.state == "active"
    key = session.scalars(select(Allocation.public_id)).one()
    can = allocations.bookable(session, key, actor=world.applicant, now=LATER)
    assert [one.id for one in can.instruments] == [world.instrument.id]


def test_what_was_left_out_asks_for_no_gate_and_no_agreement(session: Session) -> None:
    course = {"type": "require", "kind": "training", "code": "laser-safety"}
    contract = {"type": "require", "kind": "agreement", "code": "data-transfer"}
    text = {"title": "Data transfer", "version": "1", "text": "${host} and ${applicant} protect the data."}
    world, second = wide(session, terms={"agreement:data-transfer": text})
    make_policy(
        session,
        *(raw_rule(effect["code"], effect, applies_to=["book"]) for effect in (course, contract)),
        scope=("instrument", second.public_id),
    )
    whole = ask(session, world, world.instrument, second)
    waits = ask(session, world, world.instrument, second)
    for request in (whole, waits):
        assert keys(session, world, request) == {"agreement:data-transfer", "training:laser-safety"}
    both(session, world, whole)
    assert keys(session, world, whole) == {"agreement:data-transfer", "training:laser-safety"}
    assert [one.agreement.kind for one in agreements_of(session, whole)] == ["data-transfer"]
    both(session, world, waits, **without(second))
    assert keys(session, world, waits) == set()
    assert agreements_of(session, waits) == []


def keys(session: Session, world: World, request: AccessRequest) -> set[str]:
    return {one.key for one in gates_of_request(session, request, world.route, now=LATER)}
