"""The application of the API over a test's database, and programs that call it with tokens."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pyramid.router import Router
from sqlalchemy.orm import Session
from webtest import TestApp

from infra_access.core import clock
from infra_access.core.authority import Actor, Scope
from infra_access.core.db import Database
from infra_access.people.models import Account
from tests.factories.people import make_account, make_grant, make_token

BASE = "/api/v1"


class Caller:
    """A program with a token, or without one; every call is checked for being none of our defects."""

    def __init__(self, app: TestApp, token: str | None = None) -> None:
        self.app = app
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, body: Any = None, *, status: int | None = None, **headers: str) -> Any:
        """Call a path below /api/v1; `status` None takes anything below 500. Header names have _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        arguments: dict[str, Any] = {"headers": {**self.headers, **named}, "expect_errors": True}
        if body is None:
            response = self.app.request(BASE + path, method=method, **arguments)
        else:
            response = getattr(self.app, f"{method.lower()}_json")(BASE + path, body, **arguments)
        assert response.status_int < 500, response.text
        if status is not None:
            assert response.status_int == status, f"{response.status}: {response.text[:2000]}"
        return response

    def get(self, path: str, *, status: int = 200, **headers: str) -> Any:
        """Get and return the JSON."""
        return self.call("GET", path, status=status, **headers).json

    def post(self, path: str, body: Any = None, *, status: int = 201, **headers: str) -> Any:
        """Post and return the JSON."""
        return self.call("POST", path, {} if body is None else body, status=status, **headers).json

    def patch(self, path: str, body: Any, *, status: int = 200, **headers: str) -> Any:
        """Patch and return the JSON."""
        return self.call("PATCH", path, body, status=status, **headers).json


@pytest.fixture
def api_app(application_with: Callable[[Mapping[str, str]], Router]) -> TestApp:
    """Return the whole application over the test's database."""
    ini = {
        "infra_access.environment": "development",
        "infra_access.secret": "a secret of the tests that nothing rests on",
        "infra_access.hosts": "localhost",
        "infra_access.secure_cookies": "false",
    }
    return TestApp(application_with(ini), extra_environ={"HTTP_HOST": "localhost"})


@pytest.fixture
def anyone(api_app: TestApp) -> Caller:
    """Return a program without a token."""
    return Caller(api_app)


@pytest.fixture
def caller(api_app: TestApp, database: Database) -> Callable[..., Caller]:
    """Return how to make programs with a token, of a new account unless told whose, with these roles."""

    def make(
        *grants: tuple[str, Scope], account: Account | None = None, actor: Actor | None = None, scope: str = "write"
    ) -> Caller:
        with database.writer() as session:
            owner = session.get_one(Account, actor.account_id) if actor else account or make_account(session)
            for role, (kind, key) in grants:
                make_grant(session, account=owner, role=role, scope_kind=kind, scope_key=key)
            token = make_token(session, owner, scope=scope, now=clock.now())
        return Caller(api_app, token)

    return make


@pytest.fixture
def stored(database: Database) -> Callable[..., Any]:
    """Return how to run a factory in a transaction of its own, given as its first argument."""

    def run(factory: Callable[..., Any], **values: Any) -> Any:
        with database.writer() as session:
            return _run(factory, session, values)

    return run


def _run(factory: Callable[..., Any], session: Session, values: dict[str, Any]) -> Any:
    return factory(session, **values)
