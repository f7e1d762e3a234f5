"""A request from draft to active: who is asked, what voids a verdict, what a pause or a question does."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.access_requests import allocations, drafting, submitting
from infra_access.access_requests.allocation_queries import allocations_of
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.request_queries import own_requests, request_by_public_id
from infra_access.access_requests.routes import open_round
from infra_access.access_requests.terms import agreements
from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from infra_access.outbox.models import OutboxEvent
from infra_access.people.actors import load_actor
from infra_access.people.roles import grants_of, revoke_role
from infra_access.policy.models import DecisionRecord
from tests.factories.access_requests import (
    FEASIBILITY,
    HOST_COUNTRY,
    NOW,
    OPEN_TO_ALL,
    SYSTEM,
    decide,
    make_active,
    make_approved,
    make_network_administrator,
    make_request,
    make_rules,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.people import make_account, make_actor, make_assurance, make_grant

GUEST = {"email": "guest@example.org", "name": "Guest", "role": "member", "country_of_work": "TZ"}


def test_it_goes_from_draft_to_active_with_both_approvals_and_the_terms(session: Session) -> None:
    world = make_world(session)
    request = make_request(session, world)
    assert request.state == "draft"
    submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)
    assert (request.state, request.decision["outcome"]) == ("under_review", "needs_approval")
    waiting = pending(session, request)
    assert {(one.role, one.scope_kind, one.scope_key) for one in waiting.values()} == {
        ("facility_manager", "facility", world.facility.public_id),
        ("access_administrator", "country", "DE"),
    }
    decide(session, world.manager, waiting["facility_manager"], conditions="Bring your own holder.")
    assert request.state == "under_review"
    decide(session, world.administrator, waiting["access_administrator"])
    assert request.state == "agreement_pending"
    view = agreements.agreement_of(session, request)
    assert "Results are published." in view.agreement.text
    assert world.startup.name in view.agreement.text
    assert [one.side for one in view.accepted] == ["host"]
    agreements.accept(session, actor=world.applicant, now=NOW, access_request=request, text_hash=view.text_hash)
    assert request.state == "active"
    granted = allocations_of(session, actor=world.applicant).items[0]
    assert (granted.allocation.amount, granted.left, granted.allocation.conditions) == (2, 2, "Bring your own holder.")
    seen = request_by_public_id(session, request.public_id, actor=world.applicant)
    assert seen.allocation is granted.allocation
    assert seen.agreement is not None
    assert seen.agreement.is_complete
    kinds = list(
        session.scalars(
            select(OutboxEvent.kind).where(OutboxEvent.kind.startswith("access_request")).order_by(OutboxEvent.id)
        )
    )
    assert kinds == [
        "access_request.submitted",
        "access_request.approval_asked",
        "access_request.approval_asked",
        "access_request.decided",
        "access_request.approved",
        "access_request.activated",
    ]
    actions = list(
        session.scalars(
            select(AuditEvent.action).where(AuditEvent.object_id == request.public_id).order_by(AuditEvent.id)
        )
    )
    assert actions == [
        "access_request.created",
        "access_request.submitted",
        "access_request.decided",
        "access_request.decided",
        "agreement.accepted",
    ]
    # As it was sent, as it was granted, as its terms were accepted.
    assert session.scalar(select(func.count()).select_from(DecisionRecord)) == 3


def test_a_new_participant_from_abroad_re_asks_exactly_the_approval_on_participants(session: Session) -> None:
    world = make_world(session)
    request = make_active(session, world)
    version = request.version
    drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes={"participants": [GUEST]})
    states = session.execute(select(Approval.role, Approval.state).order_by(Approval.id)).all()
    assert [tuple(row) for row in states] == [
        ("facility_manager", "approved"),
        ("access_administrator", "void"),
        ("access_administrator", "pending"),
    ]
    assert request.state == "under_review"
    assert request.version > version
    allocation = allocations.allocation_of(session, request)
    assert allocation is not None
    assert allocation.state == "suspended"
    with pytest.raises(Conflict, match="booked on this at present"):
        allocations.lock(session, allocation.public_id, actor=world.applicant, now=NOW)
    decide(session, world.administrator, pending(session, request)["access_administrator"])
    assert (request.state, allocation.state) == ("active", "active")


def test_a_changed_name_or_telephone_voids_no_approval(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    decide(session, world.manager, pending(session, request)["facility_manager"])
    email = world.applicant_account.email
    same = {"email": email, "name": "Person", "role": "principal", "organisation": world.startup.public_id}
    changes = {"participants": [same | {"phone": "+254 20 7654321"}]}
    drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes=changes)
    assert list(session.scalars(select(Approval.state).order_by(Approval.id))) == ["approved", "pending"]
    decide(session, world.administrator, pending(session, request)["access_administrator"])
    assert request.state == "agreement_pending"
    changes = {"participants": [same | {"phone": "+254 20 7654322"}]}
    drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes=changes)
    assert list(session.scalars(select(Approval.state).order_by(Approval.id))) == ["approved", "approved"]
    assert request.state == "agreement_pending"
    events = session.scalars(select(AuditEvent).where(AuditEvent.action == "access_request.amended")).all()
    assert [one.details["changed"] for one in events] == [
        ["participants.contact", "participants.names"],
        ["participants.contact"],
    ]
    assert [one.details["void"] for one in events] == [[], []]


def test_a_larger_quantity_re_asks_the_facility_alone(session: Session) -> None:
    world = make_world(session)
    request = make_approved(session, world)
    drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes={"quantity": "5"})
    assert request.state == "under_review"
    assert set(pending(session, request)) == {"facility_manager"}


def test_a_draft_is_edited_freely_and_seen_by_its_team_alone(session: Session) -> None:
    world = make_world(session)
    request = make_request(session, world)
    changes = {"title": "Another", "quantity": "3.50", "participants": [GUEST]}
    drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes=changes)
    seen = request_by_public_id(session, request.public_id, actor=world.applicant)
    assert (seen.access_request.title, len(seen.team)) == ("Another", 2)
    for stranger in (world.manager, make_actor(session), None):
        with pytest.raises(NotFound):
            request_by_public_id(session, request.public_id, actor=stranger)
    submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)
    assert request_by_public_id(session, request.public_id, actor=world.manager).is_staff
    with pytest.raises(NotFound):
        request_by_public_id(session, request.public_id, actor=make_actor(session))


def test_a_team_member_with_an_account_sees_it_and_cannot_change_it(session: Session) -> None:
    world = make_world(session)
    friend = make_account(session, email="guest@example.org")
    request = make_request(session, world, participants=[GUEST])
    actor = load_actor(session, friend.id, now=NOW)
    assert request_by_public_id(session, request.public_id, actor=actor).relations == {"team"}
    assert [one.access_request.public_id for one in own_requests(session, actor=actor).items] == [request.public_id]
    with pytest.raises(Forbidden):
        drafting.amend(session, actor=actor, now=NOW, access_request=request, changes={"title": "Mine"})


def test_changes_asked_for_are_made_and_sent_again_to_whoever_asked(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    waiting = pending(session, request)
    decide(session, world.administrator, waiting["access_administrator"])
    decide(session, world.manager, waiting["facility_manager"], "request_changes", reason="Fewer shifts, please.")
    assert (request.state, request.state_reason) == ("changes_requested", "Fewer shifts, please.")
    drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes={"quantity": "1"})
    assert request.state == "changes_requested"
    submitting.submit(session, actor=world.applicant, now=NOW + timedelta(days=3), access_request=request)
    assert request.state == "under_review"
    assert set(pending(session, request)) == {"facility_manager"}


def test_a_pause_stops_the_deadlines(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    waiting = pending(session, request)
    due = waiting["access_administrator"].due_at
    decide(session, world.manager, waiting["facility_manager"], "pause", reason="Which steel is it?")
    assert request.state == "paused"
    decide(session, world.manager, waiting["facility_manager"], "resume", now=NOW + timedelta(days=5))
    assert request.state == "under_review"
    assert waiting["access_administrator"].due_at == due + timedelta(days=4)


def test_a_refusal_calls_off_the_other_approvals(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    decide(session, world.manager, pending(session, request)["facility_manager"], "refuse", reason="Too thick.")
    assert (request.state, request.state_reason) == ("refused", "Too thick.")
    assert pending(session, request) == {}


def test_withdrawing_ends_what_was_granted(session: Session) -> None:
    world = make_world(session)
    request = make_active(session, world)
    submitting.withdraw(session, actor=world.applicant, now=NOW, access_request=request, reason="No more money.")
    allocation = allocations.allocation_of(session, request)
    assert request.state == "withdrawn"
    assert allocation is not None
    assert allocation.state == "ended"
    with pytest.raises(Conflict):
        submitting.withdraw(session, actor=world.applicant, now=NOW, access_request=request)


def test_the_policy_itself_may_refuse(session: Session) -> None:
    closed = {
        "id": "closed",
        "applies_to": ["request"],
        "effect": {"type": "deny"},
        "grounds": "security",
        "message": {"en": "Closed this year."},
    }
    world = make_world(session, rules=[OPEN_TO_ALL, closed])
    request = make_submitted(session, world)
    assert (request.state, request.decision["outcome"]) == ("refused", "deny")
    assert request.state_reason == "Closed this year."


def test_what_is_missing_is_named_and_nothing_is_sent(session: Session) -> None:
    statement = {
        "id": "statement",
        "applies_to": ["request"],
        "effect": {"type": "require", "kind": "assurance", "code": "no-weapons"},
        "grounds": "security",
        "message": {"en": "State that it serves no weapons."},
        "expected_days": 1,
        "latest_days": 2,
    }
    world = make_world(session, rules=[OPEN_TO_ALL, statement], terms={})
    request = make_request(session, world)
    session.commit()
    with pytest.raises(Conflict) as refusal:
        submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)
    session.rollback()
    assert refusal.value.code == "access_request.incomplete"
    assert refusal.value.details["missing"][0]["code"] == "no-weapons"
    request = session.get_one(AccessRequest, request.id)
    assert request.state == "draft"
    # Their own word is shown and does not meet it; what staff note of them does.
    changes = {"project": {"assurances": ["no-weapons"]}}
    drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes=changes)
    session.commit()
    with pytest.raises(Conflict) as refusal:
        submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)
    session.rollback()
    (missing,) = refusal.value.details["missing"]
    assert (missing["code"], missing["how"][:11]) == ("no-weapons", "Whom to ask")
    make_assurance(session, world.applicant_account, code="no-weapons")
    submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)
    assert (request.state, request.project) == ("active", {"assurances": ["no-weapons"]})


def test_a_limit_of_the_policy_holds(session: Session) -> None:
    limit = {
        "id": "five",
        "applies_to": ["request"],
        "effect": {"type": "limit", "amount": 5},
        "grounds": "capacity",
        "message": {"en": "Up to five shifts."},
    }
    world = make_world(session, rules=[OPEN_TO_ALL, limit], terms={})
    request = make_request(session, world, quantity="6")
    with pytest.raises(Invalid, match="At most 5"):
        submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)


def test_without_an_administrator_of_the_country_the_network_decides(session: Session) -> None:
    world = make_world(session, rules=[OPEN_TO_ALL, HOST_COUNTRY])
    for grant in grants_of(session, int(world.administrator.account_id or 0), now=NOW):
        revoke_role(session, actor=SYSTEM, now=NOW, grant=grant)
    other = make_network_administrator(session)
    request = make_submitted(session, world)
    approval = pending(session, request)["access_administrator"]
    assert (approval.scope_kind, approval.scope_key) == ("network", "")
    decide(session, other, approval)
    assert request.state == "agreement_pending"


def test_with_nobody_to_approve_it_is_not_sent_and_says_so(session: Session) -> None:
    officer = FEASIBILITY | {"effect": {"type": "approve", "role": "safety_officer", "scope": "facility"}}
    world = make_world(session, rules=[OPEN_TO_ALL, officer])
    request = make_request(session, world)
    session.commit()
    with pytest.raises(Conflict) as refusal:
        submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)
    session.rollback()
    assert refusal.value.code == "approval.nobody"
    assert refusal.value.details["role"] == "safety_officer"
    assert session.get_one(AccessRequest, request.id).state == "draft"
    # The applicant alone in that role is nobody either.
    scope = {"role": "safety_officer", "scope_kind": "facility", "scope_key": world.facility.public_id}
    make_grant(session, account=world.applicant_account, **scope)
    with pytest.raises(Conflict, match="nobody holds that role"):
        submitting.submit(session, actor=world.applicant, now=NOW, access_request=request)


def test_a_route_between_two_calls_names_the_next(session: Session, now: datetime) -> None:
    world = make_world(session, entry="rounds")
    opens = now + timedelta(days=20)
    open_round(
        session, actor=SYSTEM, now=now, route=world.route, name="Autumn", opens_at=opens,
        closes_at=opens + timedelta(days=30),
    )  # fmt: skip
    request = make_request(session, world)
    with pytest.raises(Conflict) as refusal:
        submitting.submit(session, actor=world.applicant, now=now, access_request=request)
    assert refusal.value.details["next_round"] == opens.isoformat()
    submitting.submit(session, actor=world.applicant, now=opens, access_request=request)
    assert request.state == "under_review"
    assert request.round_id is not None


def test_an_older_version_is_refused(session: Session) -> None:
    world = make_world(session)
    request = make_request(session, world)
    with pytest.raises(PreconditionFailed):
        drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes={}, expected_version=99)


def test_an_amendment_that_the_policy_refuses_changes_nothing(session: Session) -> None:
    world = make_world(session)
    request = make_submitted(session, world)
    make_rules(
        session,
        [
            {
                "id": "small",
                "applies_to": ["request"],
                "effect": {"type": "deny"},
                "when": {"op": "gte", "fact": "request.quantity", "value": 10},
                "grounds": "capacity",
                "message": {"en": "Too much."},
            }
        ],
        name="More",
    )
    session.commit()
    with pytest.raises(Forbidden) as refusal:
        drafting.amend(session, actor=world.applicant, now=NOW, access_request=request, changes={"quantity": "20"})
    session.rollback()
    assert refusal.value.details["decision"]["outcome"] == "deny"
    assert session.get_one(AccessRequest, request.id).quantity == 2
