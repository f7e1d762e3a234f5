"""Whoever registers somebody's address is on no team by that: the address has to be confirmed."""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests.joining import confirm_address, set_password_by_link
from infra_access.access_requests.standing import team_of
from infra_access.people.links import make_link
from tests.factories.access_requests import make_request, make_world
from tests.factories.people import make_account, make_actor, make_newcomer

GUEST = {"email": "guest@example.org", "name": "Guest", "role": "member", "country_of_work": "TZ"}


def test_an_address_that_nobody_confirmed_puts_nobody_on_a_team(session: Session, now: datetime) -> None:
    world = make_world(session)
    stranger = make_newcomer(session, email=GUEST["email"])
    request = make_request(session, world, participants=[GUEST])
    assert stranger.id not in team_of(session, request)


def test_an_address_that_is_confirmed_puts_its_owner_on_the_team_at_once(session: Session, now: datetime) -> None:
    world = make_world(session)
    guest = make_account(session, email=GUEST["email"])
    assert guest.id in team_of(session, make_request(session, world, participants=[GUEST]))


def test_confirming_an_address_joins_the_teams_that_named_it_before(session: Session, now: datetime) -> None:
    world = make_world(session)
    request = make_request(session, world, participants=[GUEST])
    guest, another = make_newcomer(session, email=GUEST["email"]), make_newcomer(session)
    for account, joined in ((another, 0), (guest, 1)):
        token = make_link(session, account, now=now)
        actor = make_actor(session, account=account)
        assert confirm_address(session, actor=actor, now=now, token=token) == joined
    assert team_of(session, request) == {world.applicant.account_id, guest.id}


def test_somebody_invited_joins_by_setting_the_first_password(session: Session, now: datetime) -> None:
    world = make_world(session)
    request = make_request(session, world, participants=[GUEST])
    guest = make_account(session, email=GUEST["email"], password_hash=None)
    set_password_by_link(session, now=now, token=make_link(session, guest, now=now), password_hash="hash")
    assert guest.id in team_of(session, request)
