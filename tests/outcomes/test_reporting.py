"""Outcomes are checked, kept when removed, and public only as far as the regime of their access allows."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.request_queries import own_requests
from infra_access.access_requests.routes import update_route
from infra_access.audit.models import AuditEvent
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from infra_access.outcomes.models import Outcome
from infra_access.outcomes.outcome_queries import outcomes_of, public_outcomes_of
from infra_access.outcomes.owing import report_of
from infra_access.outcomes.reporting import remove_outcome, report_nothing
from infra_access.people.actors import load_actor
from tests.factories.access_requests import NOW, SYSTEM, make_request
from tests.factories.catalogue import make_instrument
from tests.factories.outcomes import ENDED, make_completed, make_free_world, make_granted, make_outcome
from tests.factories.people import make_account, make_actor
from tests.policy.statements import counted

TODAY = ENDED.date()


FAULTS = [
    ("identifier", {"identifier": "10.12/short"}),
    ("identifier", {"identifier": "https://doi.org/nothing"}),
    ("identifier", {"identifier": "see our page"}),
    ("identifier", {"identifier": "javascript:alert(1)"}),
    ("identifier", {"kind": "patent", "identifier": "1234"}),
    ("licence", {"licence": "CC-BY-9.0"}),
    ("licence", {"licence": None}),
    ("embargo_until", {"embargo_until": date(2027, 1, 1)}),
    ("kind", {"kind": "poem"}),
    ("title", {"title": " "}),
    ("instrument", {"instrument": "0" * 16}),
]


def test_what_does_not_fit_is_refused_and_nothing_is_written(session: Session) -> None:
    world = make_free_world(session)
    request = make_granted(session, world)
    for field, fields in FAULTS:
        with pytest.raises(Invalid) as refused:
            make_outcome(session, world, request, **fields)
        assert list(refused.value.fields) == [field], fields
    assert session.scalars(select(Outcome)).all() == []


def test_it_is_stored_in_one_form_with_the_only_instrument_of_the_request(session: Session) -> None:
    world = make_free_world(session)
    request = make_granted(session, world)
    made = make_outcome(session, world, request, identifier="DOI:10.5555/Rust.1", licence="cc-by-4.0")
    assert (made.identifier, made.licence) == ("https://doi.org/10.5555/rust.1", "CC-BY-4.0")
    assert made.instrument_id == world.instrument.id
    # Titles and addresses stay out of the record.
    event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert event.details == {"outcome": made.public_id, "kind": "dataset"}
    with pytest.raises(Conflict, match="reported already"):
        make_outcome(session, world, request, identifier="https://dx.doi.org/10.5555/RUST.1")
    patent = make_outcome(session, world, request, kind="patent", identifier="EP 1 234 567 B1", licence=None)
    assert patent.identifier == "EP1234567B1"
    assert [view.outcome.kind for view in outcomes_of(session, request)] == ["dataset", "patent"]


def test_only_a_granted_access_has_outcomes_and_only_its_team_and_staff_add_them(session: Session) -> None:
    world = make_free_world(session)
    with pytest.raises(Conflict, match="granted"):
        make_outcome(session, world, make_request(session, world))
    member = make_account(session)
    people = [{"email": member.email, "name": member.name, "role": "member", "country_of_work": "KE"}]
    request = make_granted(session, world, participants=people)
    make_outcome(session, world, request, actor=load_actor(session, member.id, now=NOW))
    make_outcome(session, world, request, actor=world.manager, identifier="")
    for stranger in (make_actor(session), world.administrator):
        with pytest.raises(Forbidden):
            make_outcome(session, world, request, actor=stranger, identifier="")


def test_a_removed_one_stays_on_record_and_the_report_is_owed_again(session: Session) -> None:
    world = make_free_world(session)
    request = make_completed(session, world)
    made = make_outcome(session, world, request)
    assert report_of(session, request).met_at == ENDED
    values = {"actor": world.applicant, "now": ENDED, "access_request": request, "public_id": made.public_id}
    with pytest.raises(Invalid, match="empty"):
        remove_outcome(session, reason="", **values)
    remove_outcome(session, reason="It was withdrawn.", **values)
    assert (made.removed_at, made.removed_reason) == (ENDED, "It was withdrawn.")
    assert report_of(session, request).met_at is None
    with pytest.raises(NotFound):
        remove_outcome(session, reason="Again", **values)
    assert public_outcomes_of(session, world.instrument.id, today=TODAY) == []
    assert len(outcomes_of(session, request)) == 1
    make_outcome(session, world, request)
    assert report_of(session, request).met_at == ENDED


def test_that_nothing_came_of_it_needs_a_reason_and_gives_way_to_an_outcome(session: Session) -> None:
    world = make_free_world(session)
    request = make_completed(session, world)
    values = {"actor": world.applicant, "now": ENDED, "access_request": request}
    with pytest.raises(Invalid, match="empty"):
        report_nothing(session, reason=" ", **values)
    report_nothing(session, reason="The samples broke.", **values)
    assert report_of(session, request).met_at == ENDED
    make_outcome(session, world, request)
    assert report_of(session, request).nothing_reason is None
    with pytest.raises(Conflict, match="reported already"):
        report_nothing(session, reason="After all", **values)


def test_everybody_sees_open_ones_and_those_whose_embargo_is_over(session: Session) -> None:
    world = make_free_world(session)

    def seen(today: date = TODAY) -> list[str]:
        with counted(session) as statements:
            found = [one.title for one in public_outcomes_of(session, world.instrument.id, today=today)]
        assert len(statements) == 1
        return found

    make_outcome(session, world, make_granted(session, world, regime="proprietary"), title="Private")
    later = make_granted(session, world, regime="embargoed")
    make_outcome(session, world, later, title="No day named", identifier="")
    make_outcome(session, world, later, title="Later", embargo_until=TODAY + timedelta(days=1))
    make_outcome(session, world, make_granted(session, world), title="Open")
    assert seen() == ["Open"]
    assert seen(TODAY + timedelta(days=1)) == ["Open", "Later"]
    with pytest.raises(Invalid, match="before the access began"):
        make_outcome(session, world, later, title="Reversed", embargo_until=date(2026, 1, 1))


def test_what_is_of_no_instrument_in_particular_shows_at_each_of_its_request(session: Session) -> None:
    world = make_free_world(session)
    other = make_instrument(session, facility=world.facility)
    both = [world.instrument, other]
    update_route(session, actor=SYSTEM, now=NOW, route=world.route, changes={}, instruments=both)
    request = make_granted(session, world, instruments=[one.public_id for one in both])
    make_outcome(session, world, request, title="Of both")
    make_outcome(session, world, request, title="Of one", identifier="", instrument=other.public_id)
    titles = {one.id: [outcome.title for outcome in public_outcomes_of(session, one.id, today=TODAY)] for one in both}
    assert titles == {world.instrument.id: ["Of both"], other.id: ["Of one", "Of both"]}


def test_a_list_of_requests_tells_of_the_reports_that_are_owed(session: Session) -> None:
    world = make_free_world(session)
    make_granted(session, world)
    request = make_completed(session, world)
    items = own_requests(session, actor=world.applicant).items
    assert [one.report and (one.report.due_at, one.report.met_at) for one in items] == [
        (ENDED + timedelta(days=90), None),
        None,
    ]
    make_outcome(session, world, request)
    assert own_requests(session, actor=world.applicant).items[0].report.met_at == ENDED
