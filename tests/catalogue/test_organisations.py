from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from infra_access.audit.models import AuditEvent
from infra_access.catalogue.identifiers import ValidIdentifier, replace_identifiers
from infra_access.catalogue.models import Organisation, OrganisationIdentifier
from infra_access.catalogue.organisations import create_organisation, set_trust, update_organisation
from infra_access.catalogue.queries import facts_of, identifiers_of
from infra_access.core.authority import NETWORK, Actor, Grant, system_actor
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, Forbidden, Invalid, PreconditionFailed
from tests.factories.catalogue import NOW, make_organisation

ANN = Actor(account_id=7, public_id="ann", label="Ann")
BOB = Actor(account_id=8, public_id="bob", label="Bob")


def create(session: Session, **overrides: object) -> Organisation:
    values: dict[str, object] = {"actor": ANN, "now": NOW, "name": "Jua Sensors", "country": "KE"}
    return create_organisation(session, **values | overrides)  # type: ignore[arg-type]


def test_anyone_signed_in_enters_one_self_declared(session: Session) -> None:
    organisation = create(
        session,
        identifiers=[("registry", "PVT-2024-1"), ("registry", "PVT-2024-1")],
        facts={"sector": "company", "size": "small", "startup": True},
    )
    assert (organisation.trust, organisation.country, organisation.version) == ("self-declared", "KE", 1)
    assert identifiers_of(session, [organisation.id]) == {organisation.id: [("registry", "PVT-2024-1")]}
    facts = facts_of(session, [organisation.id])[organisation.id]
    values = {name: fact.value for name, fact in facts.items()}
    assert values == {
        "sector": "company",
        "size": "small",
        "startup": "yes",
    }
    assert facts["size"].asserted_by == "Ann"
    assert session.scalars(select(AuditEvent.action)).all() == ["organisation.create"]


def test_an_identifier_belongs_to_one_organisation_only(session: Session) -> None:
    first = create(session, identifiers=[("ror", "02mhbdp94")])
    with pytest.raises(Conflict) as refusal:
        create(session, name="Other", identifiers=[("ror", "https://ror.org/02MHBDP94")])
    assert refusal.value.details == {"organisation": first.public_id}


def test_two_registers_may_give_the_same_number(session: Session) -> None:
    create(session, identifiers=[("registry", "123")])
    other = create(session, country="UG", identifiers=[("registry", "123")])
    assert other.country == "UG"


def test_the_same_name_in_the_same_country_needs_an_identifier(session: Session) -> None:
    first = create(session)
    with pytest.raises(Conflict) as refusal:
        create(session, name="  JUA  sensors ")
    assert refusal.value.details == {"organisation": first.public_id}
    create(session, identifiers=[("registry", "5")])
    create(session, country="UG")


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"name": " "}, {"name"}),
        ({"country": "XX"}, {"country"}),
        ({"name": "a\0", "country": "Kenya", "website": "nope"}, {"name", "country", "website"}),
        ({"identifiers": [("ror", "02mhbdp95")]}, {"identifiers.0.value"}),
        ({"identifiers": [("twitter", "x")]}, {"identifiers.0.scheme"}),
        ({"facts": {"size": "huge"}}, {"size"}),
        ({"facts": {"startup": "yes"}}, {"startup"}),
        ({"facts": {"colour": "red"}}, {"colour"}),
        ({"names": {"日本語": "x"}}, {"names"}),
        ({"names": ["x"]}, {"names"}),
    ],
)
def test_it_names_every_field_at_fault(session: Session, values: dict[str, object], fields: set[str]) -> None:
    with pytest.raises(Invalid) as refusal:
        create(session, **values)
    assert set(refusal.value.fields) == fields


def test_its_creator_corrects_it_until_somebody_vouches_for_it(session: Session) -> None:
    organisation = create(session)
    update_organisation(session, actor=ANN, now=NOW, organisation=organisation, changes={"name": "Jua"})
    assert (organisation.name, organisation.name_key, organisation.version) == ("Jua", "jua", 2)
    with pytest.raises(Forbidden):
        update_organisation(session, actor=BOB, now=NOW, organisation=organisation, changes={"name": "Bob's"})
    set_trust(session, actor=system_actor("tests"), now=NOW, organisation=organisation, trust="verified")
    with pytest.raises(Forbidden):
        update_organisation(session, actor=ANN, now=NOW, organisation=organisation, changes={"name": "Other"})


def test_a_verified_identity_is_changed_only_by_who_may_verify(session: Session) -> None:
    organisation = make_organisation(session, identifiers=[("ror", "02mhbdp94")])
    scope = ("organisation", organisation.public_id)
    admin = Actor(9, "c", "Cy", grants=(Grant("organisation_admin", scope),))
    update_organisation(
        session,
        actor=admin,
        now=NOW,
        organisation=organisation,
        changes={"website": "https://x.example", "facts": {"sector": "public"}},
    )
    with pytest.raises(Conflict) as refusal:
        update_organisation(session, actor=admin, now=NOW, organisation=organisation, changes={"identifiers": []})
    assert refusal.value.code == "organisation.verified"
    network = Actor(10, "d", "Di", grants=(Grant("access_administrator", NETWORK), Grant("organisation_admin", scope)))
    update_organisation(
        session, actor=network, now=NOW, organisation=organisation, changes={"identifiers": [("lei", "5493 00ab")]}
    )
    assert identifiers_of(session, [organisation.id])[organisation.id] == [("lei", "549300AB")]


def test_trust_is_set_by_an_administrator_of_its_country(session: Session) -> None:
    organisation = create(session)
    kenya, uganda = (Actor(9, "c", "Cy", grants=(Grant("access_administrator", ("country", c)),)) for c in ("KE", "UG"))
    with pytest.raises(Forbidden):
        set_trust(session, actor=uganda, now=NOW, organisation=organisation, trust="verified")
    with pytest.raises(Forbidden):
        set_trust(session, actor=ANN, now=NOW, organisation=organisation, trust="verified")
    set_trust(session, actor=kenya, now=NOW, organisation=organisation, trust="verified")
    assert (organisation.trust, organisation.trust_by, organisation.trust_at) == ("verified", "Cy", NOW)


def test_a_stale_version_is_refused(session: Session) -> None:
    organisation = create(session)
    with pytest.raises(PreconditionFailed) as refusal:
        update_organisation(
            session, actor=ANN, now=NOW, organisation=organisation, changes={"name": "X"}, expected_version=2
        )
    assert refusal.value.code == "version.stale"


def test_one_of_two_who_enter_an_identifier_at_the_same_time_is_told_of_the_other(database: Database) -> None:
    both = Barrier(2, timeout=20)

    def enter(name: str) -> str:
        with database.writer() as session:
            if not database.is_sqlite:  # there, the second writer waits for the first before it can look
                session.execute(select(Organisation.id))
                both.wait()
            return create(session, name=name, identifiers=[("registry", "PVT-2024-1")]).public_id

    for attempt in range(5):
        with database.writer() as session:
            session.execute(delete(OrganisationIdentifier))
        with ThreadPoolExecutor(2) as threads:
            futures = [threads.submit(enter, f"Entered {attempt} {number}") for number in range(2)]
            errors = [future.exception() for future in futures]
        (refusal,) = [error for error in errors if error is not None]
        (winner,) = [future.result() for future in futures if future.exception() is None]
        assert isinstance(refusal, Conflict)
        assert (refusal.code, refusal.details["organisation"]) == ("organisation.exists", winner)


def test_an_identifier_taken_after_the_first_look_is_refused_too(database: Database) -> None:
    with database.writer() as session:
        other = create(session, name="First", identifiers=[("registry", "PVT-2024-1")]).public_id
        late = create(session, name="Late", identifiers=[("registry", "PVT-2024-2")])
        with pytest.raises(Conflict) as refusal:
            replace_identifiers(session, late, [ValidIdentifier("registry", "KE", "PVT-2024-1")])
        assert refusal.value.details["organisation"] == other
