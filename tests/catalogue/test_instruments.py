from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.audit.models import AuditEvent
from infra_access.catalogue.facilities import create_facility, update_facility
from infra_access.catalogue.instruments import create_instrument, update_instrument
from infra_access.catalogue.models import Instrument
from infra_access.catalogue.offers import Offer, is_bookable, offer_of
from infra_access.catalogue.queries import access_types_of, resources_of, techniques_of
from infra_access.catalogue.scopes import facility_scopes, instrument_scopes, organisation_scopes
from infra_access.catalogue.vocabularies import Listing, OperationalStatus, SchedulingAuthority
from infra_access.core.authority import NETWORK, Actor, Grant, system_actor
from infra_access.core.errors import Conflict, Forbidden, Invalid, PreconditionFailed
from infra_access.outbox.models import OutboxEvent
from tests.factories.catalogue import NOW, make_facility, make_instrument, make_organisation, manager_of
from tests.factories.people import make_actor

SYSTEM = system_actor("tests")


def test_a_new_instrument_is_a_claimed_draft_with_its_copies(session: Session) -> None:
    facility = make_facility(session)
    instrument = create_instrument(
        session,
        actor=manager_of(facility),
        now=NOW,
        facility=facility,
        name="Scope",
        copies=2,
        techniques=["Micro-XANES", "micro xanes", "XES"],
        access_types=["remote", "physical"],
        capabilities=[{"quantity": "energy", "min": "2.5", "max": "17", "unit": "keV"}],
    )
    assert (instrument.listing, instrument.publication, instrument.status, instrument.version) == (
        "claimed",
        "draft",
        "unknown",
        1,
    )
    copies = resources_of(session, [instrument.id])[instrument.id]
    assert [copy.name for copy in copies] == ["Scope 1", "Scope 2"]
    assert techniques_of(session, [instrument.id])[instrument.id] == [("micro xanes", "Micro-XANES"), ("xes", "XES")]
    assert access_types_of(session, [instrument.id])[instrument.id] == ["physical", "remote"]
    assert instrument.capabilities == [{"quantity": "energy", "min": "2.5", "max": "17", "unit": "keV"}]
    assert session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()[-1] == "instrument.create"


def test_the_copies_can_be_named(session: Session) -> None:
    instrument = make_instrument(session, resources=["Left arm", "Right arm"])
    names = [resource.name for resource in resources_of(session, [instrument.id])[instrument.id]]
    assert names == ["Left arm", "Right arm"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"copies": 0}, "copies"),
        ({"copies": 1_000}, "copies"),
        ({"resources": ["a", " "]}, "resources.1"),
        ({"status": "fine"}, "status"),
        ({"access_types": ["physical", "post"]}, "access_types.1"),
        ({"access_types": "physical"}, "access_types"),
        ({"techniques": ["x"] * 201}, "techniques"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"contact_email": "x"}, "contact_email"),
        ({"capabilities": [{"quantity": "E", "min": "3", "max": "2", "unit": ""}]}, "capabilities.0.min"),
        ({"capabilities": [{"quantity": "E", "min": "NaN"}]}, "capabilities.0.min"),
        ({"capabilities": [{"quantity": "E", "min": 1.5}]}, "capabilities.0.min"),
        ({"capabilities": [{"amount": "E"}]}, "capabilities.0"),
    ],
)
def test_it_names_the_field_at_fault(session: Session, values: dict[str, object], field: str) -> None:
    facility = make_facility(session)
    with pytest.raises(Invalid) as refusal:
        make_instrument(session, facility=facility, **values)
    assert set(refusal.value.fields) == {field}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"timezone": "localtime"}, "timezone"),
        ({"country": "XX"}, "country"),
        ({"latitude": 91}, "latitude"),
        ({"longitude": float("nan")}, "longitude"),
        ({"latitude": True}, "latitude"),
        ({"security_contact": "nobody"}, "security_contact"),
        ({"publication": "shown"}, "publication"),
    ],
)
def test_a_facility_names_the_field_at_fault(session: Session, values: dict[str, object], field: str) -> None:
    organisation = make_organisation(session)
    with pytest.raises(Invalid) as refusal:
        make_facility(session, organisation=organisation, **values)
    assert set(refusal.value.fields) == {field}


def test_an_organisation_that_is_not_verified_keeps_drafts(session: Session) -> None:
    organisation = make_organisation(session, trust="evidenced")
    actor = Actor(7, "a", "Ann", grants=(Grant("organisation_admin", ("organisation", organisation.public_id)),))
    facility = create_facility(
        session, actor=actor, now=NOW, organisation=organisation, name="Lab", country="DE", timezone="Europe/Berlin"
    )
    assert facility.publication == "draft"
    instrument = create_instrument(session, actor=actor, now=NOW, facility=facility, name="Scope")
    for change in (
        lambda: update_facility(session, actor=actor, now=NOW, facility=facility, changes={"publication": "published"}),
        lambda: update_instrument(
            session, actor=actor, now=NOW, instrument=instrument, changes={"publication": "published"}
        ),
    ):
        with pytest.raises(Conflict) as refusal:
            change()
        assert refusal.value.code == "organisation.not_verified"


def test_an_instrument_is_published_only_where_its_facility_is(session: Session) -> None:
    facility = make_facility(session, publication="draft")
    with pytest.raises(Conflict) as refusal:
        make_instrument(session, facility=facility)
    assert refusal.value.code == "facility.not_published"


def test_nobody_vouches_for_their_own_record(session: Session) -> None:
    facility = make_facility(session)
    instrument = make_instrument(session, facility=facility)
    with pytest.raises(Forbidden):
        update_instrument(
            session, actor=manager_of(facility), now=NOW, instrument=instrument, changes={"listing": "verified"}
        )
    update_instrument(session, actor=SYSTEM, now=NOW, instrument=instrument, changes={"listing": "verified"})
    assert instrument.listing == "verified"


def test_only_staff_change_an_instrument(session: Session) -> None:
    instrument = make_instrument(session)
    stranger = manager_of(make_facility(session))
    with pytest.raises(Forbidden):
        update_instrument(session, actor=stranger, now=NOW, instrument=instrument, changes={"name": "Mine"})


def test_a_change_keeps_one_event_and_tells_of_a_new_status(session: Session) -> None:
    facility = make_facility(session)
    instrument = make_instrument(session, facility=facility)
    before = len(session.scalars(select(AuditEvent.id)).all())
    update_instrument(
        session,
        actor=manager_of(facility),
        now=NOW,
        instrument=instrument,
        changes={"status": "down", "techniques": [], "status_note": "A leak."},
        expected_version=1,
    )
    events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert len(events) == before + 1
    assert events[-1].details == {"changed": ["status", "techniques"]}
    told = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "instrument.status_changed")).one()
    assert told.payload == {"instrument": instrument.public_id, "status": "down", "note": "A leak."}
    with pytest.raises(PreconditionFailed):
        update_instrument(
            session, actor=SYSTEM, now=NOW, instrument=instrument, changes={"name": "X"}, expected_version=1
        )


def test_the_condition_in_sql_says_what_the_offer_says(session: Session) -> None:
    facility = make_facility(session)
    offers = {}
    for listing in Listing:
        for status in OperationalStatus:
            for authority in SchedulingAuthority:
                instrument = make_instrument(
                    session, facility=facility, listing=listing, status=status, scheduling_authority=authority
                )
                offers[instrument.id] = offer_of(instrument)
    bookable = set(session.scalars(select(Instrument.id).where(is_bookable())))
    assert bookable == {key for key, offer in offers.items() if offer is Offer.BOOK}
    assert len(bookable) == 4
    assert sum(offer is Offer.ASK_FOR_TIME for offer in offers.values()) == 4


def test_scopes_go_from_the_record_up_to_the_network(session: Session) -> None:
    organisation = make_organisation(session, country="FR")
    facility = make_facility(session, organisation=organisation, country="DE")
    instrument = make_instrument(session, facility=facility)
    assert organisation_scopes(organisation) == (("organisation", organisation.public_id), ("country", "FR"), NETWORK)
    above = (("facility", facility.public_id), ("organisation", organisation.public_id), ("country", "DE"), NETWORK)
    assert facility_scopes(session, facility) == above
    assert instrument_scopes(session, instrument) == (("instrument", instrument.public_id), *above)


@pytest.mark.parametrize("changes", [{"techniques": ["EXAFS"]}, {"access_types": ["remote"]}])
def test_what_stands_beside_an_instrument_is_a_part_of_its_version(
    session: Session, changes: dict[str, list[str]]
) -> None:
    instrument = make_instrument(session)
    seen = instrument.version
    update_instrument(session, actor=SYSTEM, now=NOW, instrument=instrument, changes=changes, expected_version=seen)
    later = {"name": "Later"}
    with pytest.raises(PreconditionFailed):
        update_instrument(session, actor=SYSTEM, now=NOW, instrument=instrument, changes=later, expected_version=seen)


@pytest.mark.parametrize("field", ["tags", "control_codes"])
def test_what_rules_hang_on_is_added_by_staff_and_taken_off_by_who_answers_for_them(
    session: Session, field: str
) -> None:
    facility = make_facility(session, country="DE")
    instrument = make_instrument(session, facility=facility, **{field: ["2B350"]})

    def change(values: list[str], role: str = "facility_manager", scope: Any = None) -> Instrument:
        actor = make_actor(session, (role, scope or ("facility", facility.public_id)))
        return update_instrument(session, actor=actor, now=NOW, instrument=instrument, changes={field: values})

    assert getattr(change(["2B350", "3A001"]), field) == ["2B350", "3A001"]
    for role in ("facility_manager", "instrument_scientist"):
        with pytest.raises(Forbidden):
            change(["3A001"], role)
    assert getattr(instrument, field) == ["2B350", "3A001"]
    assert getattr(change(["3A001"], "access_administrator", ("country", "DE")), field) == ["3A001"]
    details = session.scalars(select(AuditEvent.details).order_by(AuditEvent.id)).all()[-1]
    assert details == {"changed": [field], f"{field}_off": ["2B350"]}
