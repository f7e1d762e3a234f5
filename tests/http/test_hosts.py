"""A Host header of another service is refused, so that no link can lead there."""

import pytest
from webtest import TestApp

from infra_access.config import make_app
from tests.web.conftest import SETTINGS


@pytest.fixture
def ask(database, database_url):
    """Return how to ask the application, which knows itself as localhost, by the name in a Host header."""
    app = make_app(SETTINGS | {"infra_access.database_url": database_url}, database=database)

    def asked(path, host, **environ):
        return TestApp(app, lint=False).get(path, expect_errors=True, extra_environ={"HTTP_HOST": host, **environ})

    return asked


OWN = ("localhost", "localhost:80", "LOCALHOST", "localhost:6543")
OTHERS = (
    "evil.example", "localhost.evil.example", "localhost@evil.example", "evil.example#localhost", "localhost:80:80",
    "localhost:x", "[::1]", "evil.example:80", "127.0.0.1", "local host", "\xff", " ", "localhost/evil", "localhost.",
)  # fmt: skip


def test_it_answers_to_its_own_name(ask):
    for host in OWN:
        assert ask("/api/v1/instruments", host).status_int == 200
        assert ask("/", host).status_int == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/instruments", "/static/base.css", "/nothing"])
def test_it_refuses_another_name(ask, path):
    for host in OTHERS:
        response = ask(path, host)
        assert response.status_int == 400, host
        assert "Location" not in response.headers
        assert "evil.example" not in response.text
        if path.startswith("/api"):
            assert response.json["code"] == "host.unknown"


def test_a_header_of_a_proxy_does_not_name_the_service(ask):
    response = ask("/account", "localhost", HTTP_X_FORWARDED_HOST="evil.example", HTTP_FORWARDED="host=evil.example")
    assert "evil.example" not in str(response.headers) + response.text


def test_a_supervisor_may_ask_by_any_address(ask):
    assert [ask(path, "10.0.0.7:6543").status_int for path in ("/healthz", "/readyz")] == [200, 200]
