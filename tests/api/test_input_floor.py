"""Whatever bytes are sent, the answer is a 4xx that says what is wrong, and nothing is written."""

import pytest
from sqlalchemy import func, select
from webtest import TestApp

from infra_access.catalogue.models import Organisation
from infra_access.core.db import Database
from tests.api.conftest import BASE, Caller

JSON = "application/json"

BODIES = [
    (b"", JSON, 422, "input.invalid"),
    (b"{", JSON, 400, "body.malformed"),
    (b"\xff\xfe", JSON, 400, "body.malformed"),
    (b'{"name": "\xff"}', JSON, 400, "body.malformed"),
    (b'{"name": "a\\u0000b", "country": "KE"}', JSON, 400, "text.nul"),
    (b'{"name": "a\\ud800b", "country": "KE"}', JSON, 400, "body.malformed"),
    (b'{"name": ' + b"9" * 5_000 + b', "country": "KE"}', JSON, 400, None),
    (b"[" * 200_000, JSON, 400, "body.malformed"),
    (b"[" * 60 + b"]" * 60, JSON, 400, "body.too_deep"),
    (b"[]", JSON, 422, "input.invalid"),
    (b"null", JSON, 422, "input.invalid"),
    (b'{"name": NaN}', JSON, 400, "body.malformed"),
    (b'{"name": "A", "country": "KE", "colour": "red"}', JSON, 422, "input.invalid"),
    (b'{"name": "A\\u202eB", "country": "KE"}', JSON, 422, "input.invalid"),
    (b'{"name": 7, "country": "KE"}', JSON, 422, "input.invalid"),
    (b'{"name": "A", "country": "KE"}', "text/plain", 415, "body.not_json"),
    (b'{"name": "A", "country": "KE"}', "application/json; charset=klingon", 415, "body.charset"),
    (b'{"name": "' + b"a" * 1_000_001 + b'"}', JSON, 413, "body.too_large"),
    (b'{"name": "A", "country": "KE", "name": "B"}', JSON, 400, "body.repeated"),
    (b"name=A", "multipart/form-data", 415, "body.not_json"),
]


@pytest.mark.parametrize(("body", "content_type", "status", "code"), BODIES)
def test_it_refuses_a_body_that_is_none(
    caller, api_app: TestApp, database: Database, body: bytes, content_type: str, status: int, code: str | None
):
    headers = caller().headers | {"Content-Type": content_type}
    response = api_app.request(f"{BASE}/organisations", method="POST", body=body, headers=headers, expect_errors=True)
    assert response.status_int == status, response.text
    assert response.content_type == "application/problem+json"
    assert {"type", "title", "status", "detail", "code"} <= response.json.keys()
    assert code in (None, response.json["code"])
    with database.reader() as session:
        assert session.scalar(select(func.count()).select_from(Organisation)) == 0


@pytest.mark.parametrize(
    "path",
    [
        "/organisations/%ff",
        "/organisations?q=%ff",
        "/organisations?%ff=1",
        "/organisations?q=%00",
        "/organisations/%00",
    ],
)
def test_it_refuses_an_address_that_is_no_text(api_app: TestApp, path: str):
    response = api_app.get(BASE + path, expect_errors=True)
    assert response.status_int == 400
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer x", "Bearer ia_unknown", "Bearer ia_\xff"])
def test_it_refuses_a_token_that_is_none(api_app: TestApp, header: str):
    response = api_app.get(f"{BASE}/me", headers={"Authorization": header}, expect_errors=True)
    assert response.status_int == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_it_answers_problems_to_unknown_addresses(anyone: Caller):
    response = anyone.call("GET", "/nothing", status=404)
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("start", "code"),
    [
        ("2026-03-03T09:00:00", "no offset"),
        ("2026-03-03", "not a time"),
        ("2026-02-30T09:00:00Z", "not a time"),
        ("0001-01-01T00:00:00+14:00", "outside the years"),
        ("9999-12-31T23:59:59-12:00", "outside the years"),
        (1_772_528_400, "must be text"),
        (None, "cannot be null"),
    ],
)
def test_it_refuses_a_time_that_names_no_instant(caller, start: object, code: str):
    body = {"instrument": "0" * 16, "start": start, "end": "2026-03-03T10:00:00Z"}
    assert code in caller().post("/bookings", body, status=422)["errors"]["start"][0]


@pytest.mark.parametrize("days", [1.7, "1_000", "90", True, 0, 366, 10**15, None])
def test_it_refuses_a_number_that_is_no_whole_one(caller, days: object):
    body = {"name": "x", "scope": "read", "expires_in_days": days}
    assert "expires_in_days" in caller().post("/me/tokens", body, status=422)["errors"]
