import pytest
from sqlalchemy.orm import Session

from infra_access.catalogue.facilities import update_facility
from infra_access.catalogue.instruments import update_instrument
from infra_access.catalogue.queries import (
    facility_by_public_id,
    instrument_by_public_id,
    list_facilities,
    list_organisations,
    organisation_by_public_id,
)
from infra_access.core.authority import Actor, Grant, system_actor
from infra_access.core.db import Database
from infra_access.core.errors import Gone, Invalid, NotFound
from tests.factories.catalogue import NOW, make_facility, make_instrument, make_organisation
from tests.statements import count_statements

SYSTEM = system_actor("tests")


def test_a_draft_is_known_to_its_staff_only(session: Session) -> None:
    facility = make_facility(session, publication="draft")
    instrument = make_instrument(session, facility=facility, publication="draft")
    staff = Actor(7, "a", "Ann", grants=(Grant("instrument_scientist", ("facility", facility.public_id)),))
    assert facility_by_public_id(session, facility.public_id, actor=staff) is facility
    assert instrument_by_public_id(session, instrument.public_id, actor=staff) is instrument
    for actor in (None, Actor(8, "b", "Bob")):
        with pytest.raises(NotFound):
            facility_by_public_id(session, facility.public_id, actor=actor)
        with pytest.raises(NotFound):
            instrument_by_public_id(session, instrument.public_id, actor=actor)


def test_a_published_record_is_known_to_all(session: Session) -> None:
    instrument = make_instrument(session)
    organisation = make_organisation(session, trust="self-declared")
    assert instrument_by_public_id(session, instrument.public_id, actor=None) is instrument
    assert organisation_by_public_id(session, organisation.public_id, actor=None) is organisation


def test_a_retired_record_leaves_its_name(session: Session) -> None:
    facility = make_facility(session)
    instrument = make_instrument(session, facility=facility, name="Old")
    update_instrument(session, actor=SYSTEM, now=NOW, instrument=instrument, changes={"publication": "retired"})
    with pytest.raises(Gone) as refusal:
        instrument_by_public_id(session, instrument.public_id, actor=None)
    assert refusal.value.details == {"name": "Old"}
    update_facility(session, actor=SYSTEM, now=NOW, facility=facility, changes={"publication": "retired"})
    with pytest.raises(Gone):
        facility_by_public_id(session, facility.public_id, actor=None)
    assert instrument_by_public_id(session, instrument.public_id, actor=SYSTEM) is instrument


@pytest.mark.parametrize("public_id", ["", "x", "0" * 16, "é" * 500])
def test_an_unknown_id_is_not_found(session: Session, public_id: str) -> None:
    for query in (organisation_by_public_id, facility_by_public_id, instrument_by_public_id):
        with pytest.raises(NotFound):
            query(session, public_id, actor=None)


def test_organisations_are_listed_by_name_in_pages(database: Database, session: Session) -> None:
    for name in ("Émile Lab", "alpha 10", "Alpha 2", "Zeta"):
        make_organisation(session, name=name)
    make_organisation(session, name="Other", country="KE")
    names: list[str] = []
    cursor = None
    while True:
        with count_statements(database) as sent:
            page = list_organisations(session, country="de", limit=3, cursor=cursor)
        assert sent.count == 1
        names += [organisation.name for organisation in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert names == ["Alpha 2", "alpha 10", "Émile Lab", "Zeta"]
    assert [each.name for each in list_organisations(session, q="ALPHA").items] == ["Alpha 2", "alpha 10"]
    with pytest.raises(Invalid):
        list_organisations(session, cursor="x")


def test_facilities_are_listed_with_their_organisations(database: Database, session: Session) -> None:
    organisation = make_organisation(session, name="Mine")
    for name in ("B", "A"):
        make_facility(session, organisation=organisation, name=name)
    draft = make_facility(session, organisation=organisation, name="C", publication="draft")
    retired = make_facility(session, organisation=organisation, name="D", publication="retired")
    make_facility(session, name="Elsewhere", country="KE", timezone="Africa/Nairobi", publication="draft")

    def names(actor: Actor | None, **filters: object) -> list[str]:
        with count_statements(database) as sent:
            page = list_facilities(session, actor=actor, **filters)  # type: ignore[arg-type]
        assert sent.count == 1
        return [facility.name for facility, _organisation in page.items]

    def staff(kind: str, key: str) -> Actor:
        return Actor(7, "a", "Ann", grants=(Grant("facility_manager", (kind, key)), Grant("auditor", ("network", ""))))

    assert names(None) == ["A", "B"]
    assert names(staff("facility", draft.public_id)) == ["A", "B", "C"]
    assert names(staff("organisation", organisation.public_id)) == ["A", "B", "C"]
    assert names(staff("country", "KE")) == ["A", "B", "Elsewhere"]
    assert names(staff("facility", retired.public_id)) == ["A", "B"]
    assert names(SYSTEM, organisation=organisation) == ["A", "B", "C"]
    assert names(SYSTEM, country="KE") == ["Elsewhere"]
    assert names(None, q="b") == ["B"]
    page = list_facilities(session, actor=None, limit=1)
    assert page.items[0][1] is organisation
    assert [each[0].name for each in list_facilities(session, actor=None, limit=1, cursor=page.next).items] == ["B"]
