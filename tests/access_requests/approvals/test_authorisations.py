"""A yes given ahead answers later requests, is quoted by them, and ends when it is revoked or over."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from infra_access.access_requests import submitting
from infra_access.access_requests.approvals import authorisations, stepping_back
from infra_access.access_requests.approvals.models import StandingAuthorisation
from infra_access.access_requests.approvals.verdicts import approvals_of
from infra_access.access_requests.drafting import amend
from infra_access.catalogue.models import Instrument
from infra_access.core.db import Database
from infra_access.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, PreconditionFailed
from infra_access.people.accounts import disable_account
from infra_access.people.actors import load_actor
from infra_access.people.models import Account
from infra_access.people.roles import grants_of, revoke_role
from tests.factories.access_requests import (
    FEASIBILITY,
    NOW,
    OPEN_TO_ALL,
    SYSTEM,
    World,
    decide,
    make_request,
    make_submitted,
    make_world,
    pending,
)
from tests.factories.people import make_account, make_actor, make_affiliation

YEAR = NOW + timedelta(days=365)


def authorise(session: Session, world: World, **more: Any) -> StandingAuthorisation:
    """Let the manager say yes ahead to the startup for a year."""
    values: dict[str, Any] = {
        "actor": world.manager,
        "now": NOW,
        "role": "facility_manager",
        "scope": ("facility", world.facility.public_id),
        "organisation": world.startup.public_id,
        "reason": "Known and careful users.",
        "until": YEAR,
    }
    return authorisations.authorise(session, **values | more)


def test_it_carries_the_next_request_through_its_stage_and_is_listed(session: Session) -> None:
    world = make_world(session)
    given = authorise(session, world, conditions="With the local contact.", most_units=Decimal(5))
    request = make_submitted(session, world)
    assert list(pending(session, request)) == ["access_administrator"]
    (answered,) = [one for one in approvals_of(session, "access_request", request.id) if one.state == "approved"]
    assert (answered.authorisation_id, answered.decided_by_id) == (given.id, world.manager.account_id)
    assert (answered.reason, answered.conditions) == ("Known and careful users.", "With the local contact.")
    decide(session, world.administrator, pending(session, request)["access_administrator"])
    assert request.state == "agreement_pending"
    (view,) = authorisations.authorisations(session, actor=world.manager, now=NOW)
    assert (view.authorisation.id, view.answered, view.organisation.id) == (given.id, 1, world.startup.id)
    assert (view.given_by, view.is_live(NOW), view.is_live(YEAR)) == (world.manager.name, True, False)
    # Whom it is for sees it, and nobody else.
    assert len(authorisations.authorisations(session, actor=world.applicant, now=NOW)) == 1
    assert authorisations.authorisations(session, actor=make_actor(session), now=NOW) == []
    with pytest.raises(NotFound):
        authorisations.authorisation_by_public_id(session, given.public_id, actor=make_actor(session), now=NOW)
    # Whoever manages all facilities of the country can revoke it too.
    wider = make_actor(session, ("facility_manager", ("country", "DE")))
    found = authorisations.authorisation_by_public_id(session, given.public_id, actor=wider, now=NOW)
    assert authorisations.may_revoke(session, found, wider)


@pytest.mark.parametrize(
    ("more", "request_is"),
    [
        ({"most_units": Decimal(1)}, {}),
        ({"regimes": ["proprietary"]}, {}),
        ({"purposes": ["teaching"]}, {}),
        ({"since": NOW + timedelta(days=1)}, {}),
    ],
    ids=["too much", "another regime", "another purpose", "not yet"],
)
def test_what_lies_outside_it_is_asked(session: Session, more: dict[str, Any], request_is: dict[str, Any]) -> None:
    world = make_world(session)
    authorise(session, world, **more)
    assert "facility_manager" in pending(session, make_submitted(session, world, **request_is))


def test_it_answers_for_whom_it_names_alone(session: Session) -> None:
    world = make_world(session)
    person = make_account(session)
    authorise(session, world, organisation=None, person=person.email)
    for account, expected in ((make_account(session), True), (person, False)):
        actor = load_actor(session, account.id, now=NOW)
        request = make_request(session, world, actor=actor, acting_for=None)
        submitting.submit(session, actor=actor, now=NOW, access_request=request)
        assert ("facility_manager" in pending(session, request)) is expected


def test_it_answers_for_its_instruments_alone_and_never_for_controlled_ones(session: Session) -> None:
    world = make_world(session)
    authorise(session, world, instruments=[world.instrument.public_id])
    assert "facility_manager" not in pending(session, make_submitted(session, world))
    session.get_one(Instrument, world.instrument.id).control_codes = ["3A001"]
    session.flush()
    assert "facility_manager" in pending(session, make_submitted(session, world))


def test_whoever_came_too_near_is_not_quoted(session: Session) -> None:
    world = make_world(session)
    authorise(session, world)
    make_actor(session, ("facility_manager", ("facility", world.facility.public_id)))
    account = session.get_one(Account, world.manager.account_id)
    team = [{"email": account.email, "name": "M", "role": "member", "country_of_work": "DE"}]
    assert "facility_manager" in pending(session, make_submitted(session, world, participants=team))
    make_affiliation(session, account=account, organisation=world.startup)
    assert "facility_manager" in pending(session, make_submitted(session, world))


def test_once_revoked_or_over_it_answers_nothing(session: Session) -> None:
    world = make_world(session)
    given = authorise(session, world)
    colleague = make_actor(session, ("facility_manager", ("facility", world.facility.public_id)))
    revoke = {"now": NOW, "authorisation": given, "reason": "Two samples were lost."}
    with pytest.raises(Forbidden):
        authorisations.revoke(session, actor=world.applicant, **revoke)
    with pytest.raises(PreconditionFailed):
        authorisations.revoke(session, actor=colleague, expected_version=9, **revoke)
    first = make_submitted(session, world)
    authorisations.revoke(session, actor=colleague, **revoke)
    assert "facility_manager" not in pending(session, first)
    assert "facility_manager" in pending(session, make_submitted(session, world))
    with pytest.raises(Conflict) as over:
        authorisations.revoke(session, actor=colleague, **revoke)
    assert over.value.code == "authorisation.over"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"role": "access_administrator"}, Forbidden),
        ({"role": "export_control_officer"}, Invalid),
        ({"role": "wizard"}, Invalid),
        ({"scope": ("country", "FR")}, Forbidden),
        ({"scope": ("facility", "0000000000000000")}, Invalid),
        ({"organisation": None}, Invalid),
        ({"until": NOW}, Invalid),
        ({"until": NOW + timedelta(days=9_999)}, Invalid),
        ({"reason": " "}, Invalid),
        ({"regimes": ["secret"]}, Invalid),
        ({"instruments": ["0000000000000000"]}, Invalid),
        ({"most_units": Decimal(-1)}, Invalid),
        ({"most_units": Decimal("0.001")}, Invalid),
        ({"most_units": Decimal("9e15")}, Invalid),
    ],
)
def test_it_is_given_in_a_role_of_ones_own_with_a_reason_and_an_end(
    session: Session, more: dict[str, Any], error: type[DomainError]
) -> None:
    world = make_world(session)
    with pytest.raises(error):
        authorise(session, world, **more)
    assert session.scalars(select(StandingAuthorisation)).all() == []


def test_nobody_gives_one_to_themselves(session: Session) -> None:
    world = make_world(session)
    account = session.get_one(Account, world.manager.account_id)
    with pytest.raises(Forbidden) as own:
        authorise(session, world, organisation=None, person=account.email)
    assert own.value.code == "approval.own"
    make_affiliation(session, account=account, organisation=world.startup)
    with pytest.raises(Forbidden):
        authorise(session, world, actor=load_actor(session, account.id, now=NOW))
    given = authorise(session, world)
    given.organisation_id, given.account_id = None, given.given_by_id
    with pytest.raises(IntegrityError, match="given_by_another"):
        session.flush()


def test_what_is_sent_after_the_revocation_is_asked(database: Database) -> None:
    with database.writer() as session:
        world = make_world(session)
        key = authorise(session, world).id

    def revoke() -> None:
        with database.writer() as session:
            row = session.get_one(StandingAuthorisation, key)
            authorisations.revoke(session, actor=world.manager, now=NOW, authorisation=row, reason="Stop.")

    def send() -> bool:
        with database.writer() as session:
            return "facility_manager" in pending(session, make_submitted(session, world))

    with ThreadPoolExecutor(4) as pool:
        done = pool.submit(revoke)
        early = [pool.submit(send) for _number in range(6)]
        done.result()
        late = [pool.submit(send) for _number in range(6)]
        assert all(one.result() for one in late)
        assert {one.result() for one in early} <= {True, False}


def test_whoever_stepped_back_is_not_quoted_on_that_request(session: Session) -> None:
    world = make_world(session)
    make_actor(session, ("facility_manager", ("facility", world.facility.public_id)))
    request = make_submitted(session, world)
    approval = pending(session, request)["facility_manager"]
    stepping_back.step_back(session, actor=world.manager, now=NOW, approval=approval, reason="My student.")
    authorise(session, world)
    amend(session, actor=world.applicant, now=NOW, access_request=request, changes={"quantity": "3"})
    assert "facility_manager" in pending(session, request)


@pytest.mark.parametrize("taken", ["role", "account"])
def test_it_ends_with_the_role_and_the_account_of_whoever_gave_it(session: Session, taken: str) -> None:
    world = make_world(session)
    authorise(session, world)
    make_actor(session, ("facility_manager", ("facility", world.facility.public_id)))
    account = session.get_one(Account, world.manager.account_id)
    if taken == "role":
        (grant,) = grants_of(session, account.id, now=NOW)
        revoke_role(session, actor=SYSTEM, now=NOW, grant=grant)
    else:
        disable_account(session, actor=SYSTEM, now=NOW, account=account)
    assert "facility_manager" in pending(session, make_submitted(session, world))
    (view,) = authorisations.authorisations(session, actor=world.applicant, now=NOW)
    assert not view.is_live(NOW)


def test_what_outgrows_it_is_asked(session: Session) -> None:
    only_dates = {**FEASIBILITY, "rests_on": ["period"]}
    world = make_world(session, rules=[OPEN_TO_ALL, only_dates])
    authorise(session, world, most_units=Decimal(2), regimes=["open"])
    request = make_submitted(session, world)
    assert request.state == "agreement_pending"
    amend(session, actor=world.applicant, now=NOW, access_request=request, changes={"quantity": "1000"})
    assert (request.state, list(pending(session, request))) == ("under_review", ["facility_manager"])
