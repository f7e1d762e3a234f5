"""What a request may say, field by field, and what is derived from it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from infra_access.access_requests.content import changed_fields, content_of, members_of
from infra_access.access_requests.facts import facts_of_request, legs_of
from infra_access.core.errors import Invalid
from infra_access.policy.facts import Gap
from infra_access.policy.rulebook import rulebook
from tests.factories.access_requests import NOW, make_request, make_route, make_world
from tests.factories.catalogue import make_facility, make_instrument, make_organisation

MEMBER = {"email": "guest@example.org", "name": "Guest", "role": "member", "country_of_work": "TZ"}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"route": "nowhere"}, "route"),
        ({"title": " "}, "title"),
        ({"regime": "secret"}, "regime"),
        ({"regime": "embargoed"}, "regime"),
        ({"access_type": "virtual"}, "access_type"),
        ({"access_unit": "hour"}, "access_unit"),
        ({"instruments": ["nowhere"]}, "instruments.0"),
        ({"instruments": []}, "instruments"),
        ({"acting_for": "nobody"}, "acting_for"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": "1.005"}, "quantity"),
        ({"quantity": "1000001"}, "quantity"),
        ({"quantity": "NaN"}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"period": (NOW + timedelta(days=2), NOW + timedelta(days=1))}, "period.end"),
        ({"period": (datetime(2026, 5, 1), datetime(2026, 6, 1))}, "period"),  # noqa: DTZ001 - naive is the point
        ({"period": (NOW, NOW + timedelta(days=3000))}, "period"),
        ({"period": (NOW - timedelta(days=9), NOW - timedelta(days=1))}, "period.end"),
        ({"period": (NOW + timedelta(days=2000), NOW + timedelta(days=2001))}, "period.end"),
        ({"participants": [{"name": "A", "role": "member"}]}, "participants.0.email"),
        ({"participants": [MEMBER, MEMBER]}, "participants.1.email"),
        ({"participants": [MEMBER | {"role": "king"}]}, "participants.0.role"),
        ({"participants": [MEMBER | {"country_of_work": "QQ"}]}, "participants.0.country_of_work"),
        ({"participants": [MEMBER | {"organisation": "nowhere"}]}, "participants.1.organisation"),
        ({"participants": [MEMBER | {"email": f"p{n}@example.org"} for n in range(51)]}, "participants"),
        ({"participants": [MEMBER | {"email": f"p{n}@example.org"} for n in range(50)]}, "participants"),
        ({"project": {"weapon": True}}, "project.weapon"),
        ({"project": {"samples": [{"country": "QQ"}]}}, "project.samples.0.country"),
        ({"project": {"samples": [{"kind": "soil", "fate": "eaten"}]}}, "project.samples.0.fate"),
        ({"project": {"samples": [{}, {"biosafety": "BSL-5"}]}}, "project.samples.1.biosafety"),
        ({"project": {"samples": [{"documents": {"mta": ""}}]}}, "project.samples.0.documents.mta"),
        ({"project": {"documents": {"Ethics!": "1"}}}, "project.documents"),
    ],
)
def test_a_field_at_fault_is_named(session: Session, changed: dict, field: str) -> None:
    world = make_world(session)
    with pytest.raises(Invalid) as refusal:
        make_request(session, world, **changed)
    assert list(refusal.value.fields) == [field]


def test_instruments_of_another_route_and_organisations_of_others_are_refused(session: Session) -> None:
    world = make_world(session)
    elsewhere = make_instrument(session, facility=make_facility(session))
    with pytest.raises(Invalid):
        make_request(session, world, instruments=[elsewhere.public_id])
    with pytest.raises(Invalid):
        make_request(session, world, acting_for=make_organisation(session).public_id)
    with pytest.raises(Invalid):
        make_route(session, facility=world.facility, instruments=[elsewhere])


def test_the_requester_is_on_the_team_with_what_is_known_of_them(session: Session) -> None:
    world = make_world(session)
    request = make_request(session, world, access_type="mail-in", participants=[MEMBER])
    first, guest = members_of(session, request.id)
    assert (first.account_id, first.role, first.country_of_work) == (world.applicant.account_id, "principal", "KE")
    assert (first.presence, first.organisation_id) == ("none", world.startup.id)
    assert (guest.account_id, guest.presence) == (None, "none")


def test_an_address_names_a_person_once_in_whatever_case(session: Session) -> None:
    world = make_world(session)
    own = MEMBER | {"email": world.applicant_account.email.upper(), "role": "principal"}
    assert len(members_of(session, make_request(session, world, participants=[own]).id)) == 1


def test_each_thing_that_moves_is_a_leg(session: Session) -> None:
    world = make_world(session)
    request = make_request(
        session,
        world,
        participants=[
            MEMBER,
            MEMBER | {"email": "r@example.org", "presence": "remote", "remote_from": "NO"},
            MEMBER | {"email": "d@example.org", "role": "data-only", "presence": "none"},
        ],
        project={"funder_country": "SE", "samples": [{"kind": "mineral", "country": "UG"}]},
    )
    assert legs_of(content_of(session, request), acting_for_country="KE", host="DE") == [
        ("organisation", "KE", "DE"),
        ("participant", "KE", "DE"),
        ("participant", "TZ", "DE"),
        ("session", "NO", "DE"),
        ("data", "DE", "TZ"),
        ("sample", "UG", "DE"),
        ("funder", "SE", "DE"),
    ]


def test_samples_change_apart_from_the_project(session: Session) -> None:
    world = make_world(session)
    before = content_of(session, make_request(session, world))
    sampled = content_of(
        session, make_request(session, world, project={"purpose": "research", "samples": [{"kind": "x"}]})
    )
    assert changed_fields(before, sampled) == {"samples"}
    assert changed_fields(before, before) == frozenset()


def test_what_nobody_said_of_a_sample_is_unknown_to_rules(session: Session) -> None:
    world = make_world(session)
    samples = [{"kind": "plasma", "biosafety": "bsl-2", "fate": "destroyed"}, {"kind": "soil", "fate": None}]
    content = content_of(session, make_request(session, world, project={"samples": samples}))
    assert content.project["samples"] == [samples[0], {"kind": "soil"}]
    book = rulebook(session)
    facts = facts_of_request(session, content, route=world.route, book=book, now=NOW, by="the team")
    plasma, soil = facts.members("samples") or ()
    assert [plasma.value(name, NOW) for name in ("biosafety", "fate")] == ["bsl-2", "destroyed"]
    assert [soil.value(name, NOW) for name in ("biosafety", "fate")] == [Gap.UNKNOWN, Gap.UNKNOWN]
