"""The pattern that every resource follows, shown on organisations: creation, tags, repeats, pages, refusals."""

import pytest
from webtest import TestApp

from tests.api.conftest import Caller
from tests.factories.catalogue import make_organisation

FIRM = {
    "name": "Nyota Diagnostics",
    "country": "KE",
    "identifiers": [{"scheme": "registry", "value": "PVT-2021-0042"}],
    "facts": {"sector": "company", "size": "small", "startup": True},
}


def test_it_creates_one_with_its_location_and_tag(anyone: Caller, caller):
    response = caller().call("POST", "/organisations", FIRM, status=201)
    made = response.json
    assert response.headers["Location"] == f"http://127.0.0.1:6543/api/v1/organisations/{made['id']}"
    assert made["trust"] == "self-declared"
    assert made["facts"]["startup"]["value"] == "yes"
    read = anyone.call("GET", f"/organisations/{made['id']}", status=200)
    assert read.json == made
    assert read.headers["ETag"] == response.headers["ETag"]


def test_it_answers_304_to_whoever_has_it(anyone: Caller, stored):
    path = f"/organisations/{stored(make_organisation).public_id}"
    tag = anyone.call("GET", path, status=200).headers["ETag"]
    response = anyone.call("GET", path, status=304, If_None_Match=tag)
    assert response.body == b""
    assert response.headers["ETag"] == tag
    anyone.call("GET", path, status=200, If_None_Match='"another"')


def test_it_refuses_a_change_of_an_older_version(caller):
    program = caller()
    made = program.call("POST", "/organisations", FIRM, status=201)
    path, tag = made.headers["Location"].partition("/api/v1")[2], made.headers["ETag"]
    program.patch(path, {"website": "https://nyota.example"}, If_Match=tag)
    refused = program.patch(path, {"website": "https://other.example"}, status=412, If_Match=tag)
    assert refused["code"] == "version.stale"
    program.patch(path, {"website": None}, If_Match="*")
    program.patch(path, {"website": None}, status=412, If_Match='W/"3-x"')


def test_it_needs_a_token_to_write_and_none_to_read(anyone: Caller, stored):
    response = anyone.call("POST", "/organisations", FIRM, status=401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert anyone.get("/organisations")["items"] == []


def test_it_refuses_a_read_token_that_would_write(caller):
    assert caller(scope="read").post("/organisations", FIRM, status=403)["code"] == "token.read_only"


def test_it_refuses_a_change_by_somebody_else(caller):
    made = caller().post("/organisations", FIRM)
    assert caller().patch(f"/organisations/{made['id']}", {"name": "Mine"}, status=403)["code"] == "permission.missing"


def test_it_names_every_field_at_fault(caller):
    errors = caller().post(
        "/organisations",
        {
            "name": "",
            "country": "Kenya",
            "colour": "red",
            "identifiers": [{"scheme": "x"}],
            "facts": {"startup": "yes"},
        },
        status=422,
    )["errors"]
    assert set(errors) == {
        "name", "country", "colour", "identifiers.0.scheme", "identifiers.0.value", "facts.startup",
    }  # fmt: skip


def test_it_pages_by_cursor(anyone: Caller, stored):
    names = [stored(make_organisation, name=f"Institute {letter}").name for letter in "EDCBA"]
    first = anyone.get("/organisations?limit=2")
    second = anyone.get(f"/organisations?limit=2&cursor={first['next']}")
    last = anyone.get(f"/organisations?limit=2&cursor={second['next']}")
    assert [one["name"] for page in (first, second, last) for one in page["items"]] == sorted(names)
    assert last["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=1_0", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=x", "cursor"),
        ("colour=red", "colour"),
        ("country=Germany", "country"),
    ],
)
def test_it_refuses_a_query_that_means_nothing(anyone: Caller, query: str, field: str):
    assert field in anyone.get(f"/organisations?{query}", status=422)["errors"]


def test_it_says_which_methods_there_are(api_app: TestApp):
    response = api_app.put_json("/api/v1/organisations", {}, expect_errors=True)
    assert response.status_int == 405
    assert response.headers["Allow"] == "GET, HEAD, POST"
