"""What tests of pages ask for: the whole application over a test's database, and browsers, signed in or not."""

from collections.abc import Callable, Mapping

import pytest
from pyramid.router import Router
from webtest import TestApp

from infra_access.core import clock
from infra_access.core.db import Database
from infra_access.http.sessions import LOGIN_COOKIE
from infra_access.people.models import Account
from tests.factories.people import make_account, make_grant, make_login
from tests.factories.policy import make_policy
from tests.factories.scheduling import make_place

SETTINGS = {
    "infra_access.secret": "a secret of the tests, which no service uses",
    "infra_access.hosts": "localhost",
}

Browser = Callable[..., TestApp]


@pytest.fixture
def application(application_with: Callable[[Mapping[str, str]], Router]) -> Router:
    """Return the application over the test's database."""
    return application_with(SETTINGS)


@pytest.fixture
def browser(application: Router, database: Database) -> Browser:
    """Return a function that opens a browser, signed in as an account where one is given."""

    def opened(account: Account | None = None) -> TestApp:
        page = TestApp(application, extra_environ={"HTTP_HOST": "localhost:80", "REMOTE_ADDR": "192.0.2.1"})
        if account is not None:
            with database.writer() as session:
                page.set_cookie(LOGIN_COOKIE, make_login(session, account, now=clock.now()))
        return page

    return opened


@pytest.fixture
def place(database):
    """Return a bookable instrument."""
    with database.writer() as session:
        make_policy(session)
        return make_place(session)


@pytest.fixture
def office(browser, database, place):
    """Return the browser of somebody who runs the facility."""
    with database.writer() as session:
        account = make_account(session)
        make_grant(
            session, account=account, role="facility_manager", scope_kind="facility", scope_key=place.facility.public_id
        )
        session.flush()
        key = account.id
    with database.reader() as session:
        return browser(session.get_one(Account, key))
