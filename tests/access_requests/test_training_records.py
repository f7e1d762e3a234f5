"""Recording a training at a facility: of whom, in whose name, and what follows where it is withdrawn."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.access_requests.training_records import record_training
from infra_access.audit.models import AuditEvent
from infra_access.catalogue.facilities import create_facility, update_facility
from infra_access.catalogue.models import Facility, Organisation
from infra_access.catalogue.organisations import set_trust, update_organisation
from infra_access.core.authority import Actor, system_actor
from infra_access.core.errors import Conflict, Forbidden, Invalid
from infra_access.people.actors import load_actor
from infra_access.people.delegations import hand_over
from infra_access.people.models import Account, Training
from infra_access.people.roles import grants_of
from infra_access.people.trainings import trainings_of, withdraw_training
from infra_access.policy.applicants import facts_of
from infra_access.policy.rulebook import rulebook
from infra_access.scheduling.gates.reading import gates_of
from tests.factories.catalogue import make_facility, make_organisation
from tests.factories.people import make_account, make_actor, make_training
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import make_booking, make_place, span

LASER = raw_rule(
    "laser",
    {"type": "require", "kind": "training", "code": "laser-safety", "issuers": ["Laser office"]},
    applies_to=["book"],
)


@pytest.fixture
def facility(session: Session) -> Facility:
    return make_facility(session)


def staff_of(session: Session, facility: Facility, role: str = "facility_manager") -> Actor:
    return make_actor(session, (role, ("facility", facility.public_id)))


def record(
    session: Session, actor: Actor, facility: Facility, person: Account, now: datetime, **given: Any
) -> Training:
    values = {"email": person.email, "code": "laser-safety", "completed_on": now.date() - timedelta(days=1)}
    return record_training(session, actor=actor, now=now, facility=facility, **values | given)


def test_the_staff_and_the_safety_officer_record_what_others_completed_there(
    session: Session, now: datetime, facility: Facility
) -> None:
    person = make_account(session)
    for role in ("facility_manager", "instrument_scientist", "safety_officer"):
        made = record(session, staff_of(session, facility, role), facility, person, now)
        assert (made.issuer, made.facility_id) == (facility.name, facility.id)
    for stranger in (staff_of(session, make_facility(session)), staff_of(session, facility, "auditor")):
        with pytest.raises(Forbidden):
            record(session, stranger, facility, person, now)
    assert len(trainings_of(session, person.id, on=now.date())) == 3
    events = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "training.add")
    assert session.scalar(events) == 3


def test_nobody_records_their_own_nor_of_somebody_unknown(session: Session, now: datetime, facility: Facility) -> None:
    manager = staff_of(session, facility)
    own = session.get_one(Account, manager.account_id)
    with pytest.raises(Forbidden) as refused:
        record(session, manager, facility, own, now)
    assert refused.value.code == "training.own"
    deputy = make_account(session)
    (grant,) = grants_of(session, own.id, now=now)
    hand_over(session, actor=manager, now=now, grant=grant, to=deputy, until=now + timedelta(days=1))
    with pytest.raises(Forbidden) as refused:
        record(session, load_actor(session, deputy.id, now=now), facility, own, now)
    assert refused.value.code == "training.own"
    unconfirmed = make_account(session)
    unconfirmed.email_confirmed_at = None
    unknown = Account(email="nobody@else.example", name="N")
    for wrong in (unconfirmed, unknown):
        with pytest.raises(Invalid) as named:
            record(session, manager, facility, wrong, now)
        assert set(named.value.fields) == {"email"}
    for given, field in (
        ({"completed_on": now.date() + timedelta(days=1)}, "completed_on"),
        ({"expires_on": date(2020, 1, 1)}, "expires_on"),
        ({"code": " "}, "code"),
    ):
        with pytest.raises(Invalid) as named:
            record(session, manager, facility, make_account(session), now, **given)
        assert set(named.value.fields) == {field}
    assert session.scalar(select(func.count()).select_from(Training)) == 0


def test_nobody_records_in_the_name_of_others(session: Session, now: datetime, facility: Facility) -> None:
    make_policy(session, LASER, scope=("facility", facility.public_id))
    other, person = make_facility(session, name="Ring of Porto"), make_account(session)
    stranger = staff_of(session, other)
    for issuer in (facility.name.upper(), "laser OFFICE"):
        with pytest.raises(Invalid) as refused:
            record(session, stranger, other, person, now, issuer=issuer)
        assert set(refused.value.fields) == {"issuer"}
    assert record(session, stranger, other, person, now, issuer="ring of porto").facility_id == other.id
    assert record(session, stranger, other, person, now, issuer="Academy of Light").facility_id == other.id
    assert record(session, staff_of(session, facility), facility, person, now, issuer="Laser Office").id


def test_a_name_that_others_count_on_is_used_once_it_was_verified(
    session: Session, now: datetime, facility: Facility
) -> None:
    make_policy(session, LASER)
    rival = make_facility(session, name="Workshop")
    person = make_account(session)
    scope = ("organisation", session.get_one(Organisation, rival.organisation_id).public_id)
    chief = make_actor(session, ("organisation_admin", scope))

    def refused() -> bool:
        try:
            record(session, chief, rival, person, now)
        except Invalid as error:
            return error.code == "training.issuer"
        return False

    verified = session.get_one(Organisation, facility.organisation_id)
    for name in ("LASER  Office", verified.name.upper()):
        update_facility(session, actor=chief, now=now, facility=rival, changes={"name": name})
        assert refused(), name
        update_facility(session, actor=chief, now=now, facility=rival, changes={"name": rival.name})
        assert refused()
    # Who verifies confirms a name by saving it, or by verifying the organisation again.
    update_facility(session, actor=system_actor("tests"), now=now, facility=rival, changes={"name": rival.name})
    assert not refused()
    update_facility(session, actor=chief, now=now, facility=rival, changes={"name": "Laser office"})
    assert refused()
    later = now + timedelta(seconds=1)
    own = session.get_one(Organisation, rival.organisation_id)
    set_trust(session, actor=system_actor("tests"), now=later, organisation=own, trust="verified")
    assert not refused()
    update_facility(session, actor=chief, now=later, facility=rival, changes={"name": "Workshop"})
    assert not refused()
    made = create_facility(
        session,
        actor=chief,
        now=later + timedelta(seconds=1),
        organisation=own,
        name="Laser office",
        country="DE",
        timezone="Europe/Berlin",
    )
    with pytest.raises(Invalid):
        record(session, chief, made, person, now)


def test_an_organisation_that_is_not_verified_takes_no_name_that_counts(session: Session, now: datetime) -> None:
    make_policy(session, LASER)
    own = make_organisation(session, name="Workshop", trust="evidenced")
    facility, person = make_facility(session, organisation=own, publication="draft"), make_account(session)
    chief = make_actor(session, ("organisation_admin", ("organisation", own.public_id)))
    update_organisation(session, actor=chief, now=now, organisation=own, changes={"name": "Laser office"})
    with pytest.raises(Invalid) as refused:
        record(session, chief, facility, person, now, issuer="Laser office")
    assert set(refused.value.fields) == {"issuer"}


def test_nobody_withdraws_their_own(session: Session, now: datetime, facility: Facility) -> None:
    manager = staff_of(session, facility)
    own = session.get_one(Account, manager.account_id)
    training = record(session, staff_of(session, facility), facility, own, now)
    with pytest.raises(Forbidden) as refused:
        withdraw_training(session, actor=manager, now=now, training=training, reason="It was not I.")
    assert refused.value.code == "training.own"
    assert training.withdrawn_at is None


def test_whom_nobody_verified_records_none_whatever_they_call_themselves(session: Session, now: datetime) -> None:
    make_policy(session, LASER)
    own = make_organisation(session, name="Laser office", trust="self-declared")
    facility, person = make_facility(session, organisation=own), make_account(session)
    with pytest.raises(Forbidden) as refused:
        record(session, staff_of(session, facility), facility, person, now, issuer="Laser office")
    assert refused.value.code == "training.unverified"
    assert trainings_of(session, person.id, on=now.date()) == []


def test_a_gate_is_met_at_once_and_closed_where_the_training_is_withdrawn(session: Session, now: datetime) -> None:
    make_policy(session)
    place = make_place(session)
    manager = staff_of(session, place.facility)
    booking = make_booking(session, place, span(10, 12))
    make_policy(session, LASER)
    person = session.get_one(Account, booking.account_id)
    actor = load_actor(session, person.id, now=now)

    def state() -> str:
        facts = facts_of(session, actor, acting_for_id=None, now=now, book=rulebook(session))
        return f"{gates_of(session, booking, now=now)[0].state} {sorted(facts.value('satisfied', now) or ())}"

    assert state() == "open []"
    house = record(session, manager, place.facility, person, now)  # by an issuer whom the rule does not name
    by_the_house = f"training:laser-safety by {place.facility.name.casefold()}"
    assert state() == f"open {['training:laser-safety', by_the_house]}"
    training = record(session, manager, place.facility, person, now, issuer="Laser office")
    known = sorted(["training:laser-safety", by_the_house, "training:laser-safety by laser office"])
    assert state() == f"met {known}"

    withdraw_training(session, actor=manager, now=now, training=training, reason="Mixed up with another.")
    assert state() == f"open {['training:laser-safety', by_the_house]}"
    with pytest.raises(Conflict):
        withdraw_training(session, actor=manager, now=now, training=training, reason="Again.")
    assert [one.id for one in trainings_of(session, person.id, on=now.date())] == [house.id]
    withdraw_training(session, actor=manager, now=now, training=house, reason="That too.")
    assert state() == "open []"


def test_only_who_records_withdraws_and_says_why(session: Session, now: datetime, facility: Facility) -> None:
    person = make_account(session)
    manager = staff_of(session, facility)
    training = record(session, manager, facility, person, now)
    for stranger in (load_actor(session, person.id, now=now), staff_of(session, make_facility(session))):
        with pytest.raises(Forbidden):
            withdraw_training(session, actor=stranger, now=now, training=training, reason="No.")
    with pytest.raises(Forbidden):
        withdraw_training(
            session, actor=manager, now=now, training=make_training(session, account=person), reason="No."
        )
    with pytest.raises(Invalid):
        withdraw_training(session, actor=manager, now=now, training=training, reason=" ")
    assert training.withdrawn_at is None
