"""What a session waits for: trainings of each person, papers of each sample, and what the facility checks."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from infra_access.access_requests import allocations, drafting, submitting
from infra_access.access_requests.gates.judging import samples_of
from infra_access.access_requests.gates.of_requests import gates_of_request
from infra_access.access_requests.gates.reading import as_read
from infra_access.access_requests.models import AccessRequest, Approval, Participant
from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden, Invalid
from infra_access.core.timespan import TimeSpan
from infra_access.people.actors import load_actor
from infra_access.people.assurances import withdraw_assurance
from infra_access.people.delegations import hand_over
from infra_access.people.roles import grants_of
from infra_access.scheduling.attendance import check_in, complete_unattended, due
from infra_access.scheduling.booking_queries import booking_by_public_id, relations_of
from infra_access.scheduling.changes import move
from infra_access.scheduling.gates.clearing import clear, take_back
from infra_access.scheduling.gates.reading import gates_of
from infra_access.scheduling.gates.seen import seen_gates
from infra_access.scheduling.places import place_of
from tests.factories.access_requests import (
    FEASIBILITY,
    OPEN_TO_ALL,
    decide,
    make_request,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.overrides import LATER, administrators, grant, withdraw
from tests.factories.people import make_account, make_actor, make_assurance, make_training
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import MONDAY, SYSTEM, make_allocation, make_booking, make_place, span, wishes

TRAINING = {"type": "require", "kind": "training", "code": "radiation-safety"}
OPEN = raw_rule("open", {"type": "permit"})
TRAINED = raw_rule("trained", TRAINING, applies_to=["book"])
WALK = raw_rule("walk", {"type": "require", "kind": "gate", "code": "safety-walk"}, applies_to=["book"])
FROM_ABROAD = {
    "some": {"over": "samples", "when": {"op": "ne", "fact": "samples[].country", "other": "facility.country"}}
}
PERMIT_OF_IMPORT = {
    "id": "import",
    "applies_to": ["request", "book"],
    "effect": {"type": "require", "kind": "document", "code": "import-permit"},
    "when": FROM_ABROAD,
    "grounds": "legal",
    "message": {"en": "Samples from abroad come with a permit."},
    "expected_days": 3,
    "latest_days": 12,
}
DURING = span(10, 12).start


@pytest.fixture
def place(session):
    return make_place(session)


@pytest.fixture
def account(session):
    return make_account(session, name="Ada")


@pytest.fixture
def actor(session, account):
    return make_actor(session, account=account)


@pytest.fixture
def staff(session, place):
    return make_actor(session, ("facility_manager", ("facility", place.facility.public_id)), name="Grace")


def join_team(session, allocation, account, *, role="member", presence="on-site"):
    session.add(
        Participant(
            access_request_id=allocation.access_request_id,
            account_id=account and account.id,
            email=account.email if account else "guest@example.org",
            name=account.name if account else "Guest",
            role=role,
            country_of_work="DE",
            presence=presence,
        )
    )
    session.flush()


def states(gates):
    return [(one.person.name if one.person else one.key, str(one.state)) for one in gates]


def test_each_person_on_site_needs_the_training_and_who_only_takes_the_data_does_not(session, place, actor, account):
    make_policy(session, OPEN, TRAINED)
    make_training(session, account=account)
    allocation = make_allocation(session, place, actor)
    late, remote, operator = (make_account(session, name=name) for name in ("Bob", "Cleo", "Dan"))
    join_team(session, allocation, late)
    join_team(session, allocation, remote, role="data-only", presence="none")
    join_team(session, allocation, operator, role="operator", presence="remote")
    join_team(session, allocation, None)
    booking = make_booking(session, place, span(10, 12), actor=actor, allocation=allocation.public_id)
    found = gates_of(session, booking, now=MONDAY)
    assert states(found) == [("Bob", "open"), ("Dan", "open"), ("Guest", "open"), ("Ada", "met")]
    assert {one.due for one in found} == {booking.starts - timedelta(days=9)}
    assert "sign up" in str(found[2].said)
    with pytest.raises(Conflict) as refusal:
        check_in(session, actor=actor, now=DURING, booking=booking)
    assert refusal.value.code == "booking.gates_open"
    assert [one["person"] for one in refusal.value.details["gates"]] == ["Bob", "Dan", "Guest"]
    assert "Bob" in str(refusal.value)
    # Supplying what is missing decides again at once.
    for one in (late, operator):
        make_training(session, account=one)
    session.execute(update(Participant).where(Participant.account_id.is_(None)).values(presence="none"))
    assert states(gates_of(session, booking, now=MONDAY)) == [("Ada", "met"), ("Bob", "met"), ("Dan", "met")]
    check_in(session, actor=actor, now=DURING, booking=booking)
    assert booking.state == "checked_in"
    assert gates_of(session, booking, now=DURING) == []


def test_an_assurance_counts_by_its_record_and_not_by_the_word_of_who_books(session, place, actor, account):
    vouched = {"type": "require", "kind": "assurance", "code": "identity-high"}
    make_policy(session, OPEN, raw_rule("vouched", vouched, applies_to=["book"]))
    allocation = make_allocation(session, place, actor)
    request = session.get_one(AccessRequest, allocation.access_request_id)
    request.project = {**request.project, "assurances": ["identity-high"]}
    session.flush()
    with pytest.raises(Forbidden):
        make_booking(session, place, span(10, 12), actor=actor, allocation=allocation.public_id)
    assurance = make_assurance(session, account)
    booking = make_booking(session, place, span(10, 12), actor=actor, allocation=allocation.public_id)
    assert states(gates_of(session, booking, now=MONDAY)) == [("assurance:identity-high", "met")]
    withdraw_assurance(session, actor=SYSTEM, now=MONDAY, assurance=assurance, reason="The passport was forged.")
    (gate,) = gates_of(session, booking, now=MONDAY)
    assert (str(gate.state), str(gate.owner), gate.said[:11]) == ("open", "role", "Whom to ask")
    with pytest.raises(Conflict):
        check_in(session, actor=actor, now=DURING, booking=booking)


def test_a_rule_may_say_itself_whose_training_counts(session, place, actor, account):
    on_site = {
        "all": [
            {"op": "eq", "fact": "participants[].presence", "value": "on-site"},
            {"not": {"op": "contains", "fact": "participants[].trainings", "value": "radiation-safety"}},
        ]
    }
    when = {"some": {"over": "participants", "when": on_site}}
    make_policy(session, OPEN, raw_rule("trained", TRAINING, when, applies_to=["book"]))
    make_training(session, account=account)
    allocation = make_allocation(session, place, actor)
    join_team(session, allocation, make_account(session, name="Bob"), role="operator", presence="remote")
    join_team(session, allocation, make_account(session, name="Cleo"))
    booking = make_booking(session, place, span(10, 12), actor=actor, allocation=allocation.public_id)
    assert states(gates_of(session, booking, now=MONDAY)) == [("Cleo", "open"), ("Ada", "met")]


def test_a_training_that_ends_before_the_session_has_expired_for_it(session, place, actor, account):
    make_policy(session, OPEN, TRAINED)
    make_training(session, account=account, expires_on=date(2026, 3, 10))
    booking = make_booking(session, place, span(10, 12), actor=actor)
    assert states(gates_of(session, booking, now=MONDAY)) == [("Ada", "met")]
    move(session, actor=actor, now=MONDAY, booking=booking, wishes=wishes(span(10, 12, day=8)))
    (gate,) = gates_of(session, booking, now=MONDAY)
    assert (str(gate.state), str(gate.owner)) == ("expired", "person")
    assert "${day}" in gate.said
    with pytest.raises(Conflict, match=r"Ada"):
        check_in(session, actor=actor, now=span(10, 12, day=8).start, booking=booking)
    make_training(session, account=account, completed_on=date(2026, 3, 1))
    assert states(gates_of(session, booking, now=MONDAY)) == [("Ada", "met")]


def test_only_trainings_of_the_issuers_named_count(session, place, actor, account):
    make_policy(session, OPEN, raw_rule("trained", TRAINING | {"issuers": ["National school"]}, applies_to=["book"]))
    make_training(session, account=account)
    with pytest.raises(Forbidden) as caught:
        make_booking(session, place, span(10, 12), actor=actor)
    assert [one["code"] for one in caught.value.details["decision"]["missing"]] == ["radiation-safety"]
    recognised = make_training(session, account=account, issuer="national School")
    booking = make_booking(session, place, span(10, 12), actor=actor)
    assert states(gates_of(session, booking, now=MONDAY)) == [("Ada", "met")]
    session.delete(recognised)
    session.flush()
    (gate,) = gates_of(session, booking, now=MONDAY)
    assert gate.open
    assert gate.said.mapping == {"issuer": "Safety office", "issuers": "National school"}


def test_only_a_training_has_issuers(session):
    walk = raw_rule("walk", {"type": "require", "kind": "gate", "code": "walk", "issuers": ["Anybody"]})
    with pytest.raises(Invalid):
        make_policy(session, OPEN, walk)


def test_what_the_facility_checks_refuses_no_booking_and_is_cleared_by_it(session, place, actor, staff):
    make_policy(session, OPEN, WALK)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    assert (booking.state, booking.decision["outcome"]) == ("confirmed", "conditional")
    (gate,) = gates_of(session, booking, now=MONDAY)
    assert (gate.key, str(gate.owner), gate.role) == ("gate:safety-walk", "role", "safety_officer")
    for who in (actor, staff):
        with pytest.raises(Conflict, match="walk"):
            check_in(session, actor=who, now=DURING, booking=booking)
    sealed = {"title": "Record of the walk", "number": "W-7", "sha256": "0" * 64}
    clear(session, actor=staff, now=MONDAY, booking=booking, gate=gate.key, note="Walked.", **sealed)
    (gate,) = gates_of(session, booking, now=MONDAY)
    assert (str(gate.state), gate.clearance.by, gate.clearance.number) == ("met", "Grace", "W-7")
    assert booking.state == "ready"
    with pytest.raises(Conflict) as again:
        clear(session, actor=staff, now=MONDAY, booking=booking, gate=gate.key, note="Walked.")
    assert again.value.code == "gate.met"
    take_back(session, actor=staff, now=MONDAY, booking=booking, gate=gate.key)
    assert (booking.state, gates_of(session, booking, now=MONDAY)[0].open) == ("confirmed", True)
    with pytest.raises(Conflict):
        take_back(session, actor=staff, now=MONDAY, booking=booking, gate=gate.key)
    clear(session, actor=staff, now=MONDAY, booking=booking, gate=gate.key, title="Record of the walk")
    check_in(session, actor=actor, now=DURING, booking=booking)
    acts = session.scalars(
        select(AuditEvent.action).where(AuditEvent.object_id == booking.public_id).order_by(AuditEvent.id)
    ).all()
    assert [one for one in acts if "gate" in one] == [
        "booking.gate_cleared",
        "booking.gate_reopened",
        "booking.gate_cleared",
    ]


def test_an_open_gate_keeps_no_session_from_being_completed_unattended(session, place, actor):
    make_policy(session, OPEN, WALK)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    later = span(14, 15).start
    assert due(session, now=later) == ([booking.id], None)
    complete_unattended(session, actor=SYSTEM, now=later, booking=booking)
    assert booking.state == "completed"


def test_what_is_wanted_at_once_still_refuses_the_booking(session, place, actor):
    make_policy(session, OPEN, WALK, raw_rule("plan", {"type": "require", "kind": "document", "code": "safety-plan"}))
    with pytest.raises(Forbidden):
        make_booking(session, place, span(10, 12), actor=actor)


def test_a_booking_with_a_gate_still_waits_for_its_approval(session, place, actor, staff):
    yes = raw_rule("yes", {"type": "approve", "role": "facility_manager", "scope": "facility"}, applies_to=["book"])
    make_policy(session, OPEN, WALK, yes)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    assert booking.state == "pending_approval"
    clear(session, actor=staff, now=MONDAY, booking=booking, gate="gate:safety-walk", note="Walked.")
    assert booking.state == "pending_approval"


def read_by(session, booking, actor):
    """Return the gates as somebody of the staff reads them."""
    view = booking_by_public_id(session, booking.public_id, actor=actor)
    relations = relations_of(session, booking, actor)
    return seen_gates(session, view, actor=actor, scopes=view.scopes, relations=relations, now=MONDAY)


def test_nobody_clears_a_gate_of_their_own_or_of_their_team(session, place, staff, actor):
    make_policy(session, OPEN, WALK)
    own = make_booking(session, place, span(10, 12), actor=staff)
    allocation = make_allocation(session, place, actor)
    teams = make_booking(session, place, span(13, 14), actor=actor, allocation=allocation.public_id)
    session.add(
        Participant(
            access_request_id=allocation.access_request_id,
            account_id=staff.account_id,
            email="staff@example.org",
            name="Grace",
            role="member",
            country_of_work="DE",
            presence="none",
        )
    )
    session.flush()
    for booking in (own, teams):
        with pytest.raises(Forbidden) as refusal:
            clear(session, actor=staff, now=MONDAY, booking=booking, gate="gate:safety-walk", note="Walked.")
        assert refusal.value.code == "gate.own"


def test_nor_does_who_has_an_address_of_the_team_or_stands_in_for_it(session, place):
    make_policy(session, OPEN, WALK)
    owner = make_actor(session, ("facility_manager", ("facility", place.facility.public_id)))
    allocation = make_allocation(session, place, owner)
    join_team(session, allocation, None)
    booking = make_booking(session, place, span(10, 12), actor=owner, allocation=allocation.public_id)
    guest, stand_in = make_account(session, email="guest@example.org"), make_account(session)
    (grant,) = grants_of(session, owner.account_id, now=MONDAY)
    hand_over(session, actor=owner, now=MONDAY, grant=grant, to=stand_in, until=MONDAY + timedelta(days=5))
    scope = ("facility", place.facility.public_id)
    for near in (
        make_actor(session, ("facility_manager", scope), account=guest),
        load_actor(session, stand_in.id, now=MONDAY),
    ):
        with pytest.raises(Forbidden) as refusal:
            clear(session, actor=near, now=MONDAY, booking=booking, gate="gate:safety-walk", note="Walked.")
        assert refusal.value.code == "gate.own"
        (told,) = read_by(session, booking, near)
        assert (told.clears, told.hindered) == (False, refusal.value.message)
    staff = make_actor(session, ("facility_manager", scope))
    (told,) = read_by(session, booking, staff)
    assert (told.clears, told.hindered) == (True, "")
    clear(session, actor=staff, now=MONDAY, booking=booking, gate="gate:safety-walk", note="Walked.")


def test_the_role_that_owns_a_gate_clears_it_and_no_other(session, place, actor):
    visa = raw_rule("visa", {"type": "require", "kind": "gate", "code": "visa"}, applies_to=["book"], grounds="legal")
    make_policy(session, OPEN, WALK, visa)
    booking = make_booking(session, place, span(10, 12), actor=actor)
    safety = make_actor(session, ("safety_officer", ("facility", place.facility.public_id)))
    clear(session, actor=safety, now=MONDAY, booking=booking, gate="gate:safety-walk", note="Walked.")
    with pytest.raises(Forbidden) as refusal:
        clear(session, actor=safety, now=MONDAY, booking=booking, gate="gate:visa", note="Seen.")
    assert refusal.value.code == "gate.not_yours"
    for stranger in (actor, make_actor(session)):
        with pytest.raises(Forbidden):
            clear(session, actor=stranger, now=MONDAY, booking=booking, gate="gate:visa", note="Seen.")


def test_bad_input_names_its_field_and_changes_nothing(session, place, actor, staff):
    make_policy(session, OPEN, WALK, TRAINED)
    allocation = make_allocation(session, place, actor)
    make_training(session, account=session.get_one(type(make_account(session)), actor.account_id))
    for name in ("Bob", "Cleo"):
        join_team(session, allocation, make_account(session, name=name))
    booking = make_booking(session, place, span(10, 12), actor=actor, allocation=allocation.public_id)
    training = {"gate": "training:radiation-safety", "note": "Shown."}
    for given, field in (
        ({"gate": "gate:tea", "note": "Had."}, "gate"),
        ({"gate": "gate:safety-walk"}, "note"),
        ({"gate": "gate:safety-walk", "note": "Walked.", "sha256": "12"}, "sha256"),
        ({"gate": "gate:safety-walk", "note": "Walked.", "person": actor.public_id}, "person"),
        ({"gate": "gate:safety-walk", "note": "Walked.", "sample": 1}, "sample"),
        (training, "person"),
    ):
        with pytest.raises(Invalid) as refusal:
            clear(session, actor=staff, now=MONDAY, booking=booking, **given)
        assert list(refusal.value.fields) == [field]
    bob = next(one.person for one in gates_of(session, booking, now=MONDAY) if one.person and one.person.name == "Bob")
    clear(session, actor=staff, now=MONDAY, booking=booking, person=bob.public_id, **training)
    waiting = [name for name, state in states(gates_of(session, booking, now=MONDAY)) if state == "open"]
    assert waiting == ["gate:safety-walk", "Cleo"]


def test_a_missing_paper_of_a_sample_stops_its_session_and_no_approval(session):
    world = make_world(session, rules=[OPEN_TO_ALL, PERMIT_OF_IMPORT, FEASIBILITY], terms={})
    soils = [{"kind": "soil", "country": "KE"}, {"kind": "steel", "country": "DE"}, {"kind": "water", "country": "KE"}]
    request = make_request(session, world, project={"samples": soils})
    submitting.submit(session, actor=world.applicant, now=MONDAY, access_request=request)
    assert (request.state, request.decision["outcome"]) == ("under_review", "conditional")
    (asked,) = session.scalars(select(Approval)).all()
    assert asked.rule == "feasibility"
    # A paper that comes later calls no approval off.
    named = [soils[0] | {"documents": {"import-permit": "P-12"}}, *soils[1:]]
    changes = {"project": {"samples": named}}
    drafting.amend(session, actor=world.applicant, now=MONDAY, access_request=request, changes=changes)
    session.refresh(asked)
    assert asked.state == "pending"
    allocation = allocations.activate(session, request)
    place = place_of(session, world.instrument.id)
    booking = make_booking(session, place, span(9, 17, day=50), actor=world.applicant, allocation=allocation.public_id)
    found = gates_of(session, booking, now=MONDAY)
    assert [(one.sample.number, str(one.state), str(one.owner)) for one in found] == [
        (3, "open", "team"),
        (1, "met", "team"),
    ]
    paper = {"gate": "document:import-permit", "title": "Permit", "number": "P-13"}
    clear(session, actor=world.manager, now=MONDAY, booking=booking, sample=3, **paper)
    assert booking.state == "ready"
    # Another sample in its place has to be checked anew.
    other = [*named[:2], {"kind": "blood", "country": "KE"}]
    request = session.get_one(AccessRequest, request.id)
    drafting.amend(
        session, actor=world.applicant, now=MONDAY, access_request=request, changes={"project": {"samples": other}}
    )
    assert [(one.sample.number, one.open) for one in gates_of(session, booking, now=MONDAY)] == [(3, True), (1, False)]


def test_a_clearance_knows_its_sample_by_all_that_is_said_of_it_but_the_papers():
    soil = {"kind": "soil", "country": "KE"}
    said = [soil, soil | {"documents": {"mta": "7"}}, soil | {"biosafety": "bsl-2"}, soil | {"fate": "destroyed"}]
    marks = [sample.mark for sample in samples_of({"samples": said})]
    # As it is kept with clearances: nothing that a sample does not say may change it.
    assert marks[0] == marks[1] == "13e4f92c00705e610b026b0dcd03eff6696426ed9d088a0517671eb0da9a0ccf"
    assert len(set(marks)) == 3


def test_the_team_reads_as_much_as_a_rule_discloses(session, place, actor):
    hidden = [
        raw_rule(f"h{n}", {"type": "require", "kind": "gate", "code": f"h{n}"}, applies_to=["book"]) for n in (1, 2)
    ]
    general = raw_rule("visa", {"type": "require", "kind": "gate", "code": "visa"}, applies_to=["book"])
    general |= {"disclosure": "generic", "grounds": "security"}
    make_policy(session, OPEN, TRAINED, *(one | {"disclosure": "none"} for one in hidden), general)
    make_training(session, account=session.get_one(type(make_account(session)), actor.account_id))
    booking = make_booking(session, place, span(10, 12), actor=actor)
    found = gates_of(session, booking, now=MONDAY)
    assert len(found) == 4
    mine = as_read(found, booking.case, relations={"owner"}, named=True)
    assert [one.key for one in mine] == ["gate:withheld", "gate:visa", "training:radiation-safety"]
    assert all(booking.case in one.message.mapping["case"] for one in mine[:2])
    assert {one.role for one in mine[:2]} == {"facility_manager"}
    away = as_read(found, booking.case, relations=(), named=False)
    assert {one.role for one in away if one.key == "gate:visa"} == {"export_control_officer"}
    assert [one.person.name for one in away if one.person] == [""]
    with pytest.raises(Conflict) as refusal:
        check_in(session, actor=actor, now=DURING, booking=booking)
    assert {one["gate"] for one in refusal.value.details["gates"]} == {"gate:withheld", "gate:visa"}


def test_what_an_exception_was_granted_from_is_no_gate(session):
    course = PERMIT_OF_IMPORT | {"id": "course", "effect": TRAINING, "applies_to": ["book"]}
    del course["when"]
    rules = [OPEN_TO_ALL, FEASIBILITY, course | {"overridable_by": "access_administrator"}]
    world = make_world(session, rules=rules, terms={})
    request = make_submitted(session, world, period=(LATER, LATER + timedelta(days=100)))
    start = (LATER + timedelta(days=7)).replace(hour=9)

    def needed():
        return [one.key for one in gates_of_request(session, request, world.route, now=LATER) if one.open]

    assert needed() == ["training:radiation-safety"]
    first = grant(session, request, rule="course", valid_until=start)
    assert needed() == []
    decide(session, world.manager, pending(session, request)["facility_manager"], now=LATER)
    place = place_of(session, world.instrument.id)
    time = TimeSpan(start, start + timedelta(hours=1))
    key = allocations.allocation_of(session, request).public_id
    booking = make_booking(session, place, time, actor=world.applicant, allocation=key, now=LATER)
    assert [one.open for one in gates_of(session, booking, now=LATER)] == [True]  # it has ended when the session begins
    with pytest.raises(Conflict):
        check_in(session, actor=world.applicant, now=start, booking=booking)

    withdraw(session, administrators(session, 1)[0], first)
    assert needed() == ["training:radiation-safety"]
    grant(session, request, rule="course")
    assert needed() == gates_of(session, booking, now=LATER) == []
    check_in(session, actor=world.applicant, now=start, booking=booking)
