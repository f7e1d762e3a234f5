"""The document says what the routes do, and a page shows it."""

import json

from webtest import TestApp

from infra_access.api.contract import OPERATIONS
from infra_access.api.routes import BASE, ROUTES
from infra_access.http.methods import methods_by_route
from tests.api.conftest import Caller


def test_it_describes_every_method_of_every_route(api_app: TestApp):
    document = api_app.get(f"{BASE}/openapi.json").json
    assert document["openapi"].startswith("3.1")
    described = {
        (path, method) for path, item in document["paths"].items() for method in item if method != "parameters"
    }
    routes = methods_by_route(api_app.app.registry)
    served = {
        (BASE + path, method.lower())
        for name, path, _factory in ROUTES
        for method in routes.get(name, frozenset({"none"})) - {"HEAD"}
    }
    assert described == served
    assert len(described) >= 40


def test_it_gives_each_operation_a_sentence_and_problems(api_app: TestApp):
    document = api_app.get(f"{BASE}/openapi.json").json
    names = set()
    for item in document["paths"].values():
        for method, operation in item.items():
            if method == "parameters":
                continue
            names.add(operation["operationId"])
            assert operation["summary"]
            refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
            assert {"400", "401", "405", "413", "422", "429", "500"} <= refusals.keys()
            assert all(set(answer["content"]) == {"application/problem+json"} for answer in refusals.values())
    assert len(names) == len(api_app.app.registry[OPERATIONS])


def test_its_references_all_lead_somewhere(api_app: TestApp):
    document = api_app.get(f"{BASE}/openapi.json").json
    schemas = document["components"]["schemas"]
    for part in json.dumps(document).split('"$ref": "')[1:]:
        assert part.partition('"')[0].removeprefix("#/components/schemas/") in schemas


def test_it_answers_304_to_whoever_has_it(anyone: Caller):
    tag = anyone.call("GET", "/openapi.json", status=200).headers["ETag"]
    anyone.call("GET", "/openapi.json", status=304, If_None_Match=tag)


def test_the_page_shows_it_from_our_own_files(api_app: TestApp):
    page = api_app.get("/api/docs")
    assert page.html.title.string == "Infra Access: the API"
    assert page.html.redoc["spec-url"] == f"{BASE}/openapi.json"
    policy = page.headers["Content-Security-Policy"]
    assert "worker-src 'self' blob:" in policy
    assert "script-src 'self';" in policy
    script = page.html.script["src"]
    assert script.startswith("/static/")
    assert api_app.get(script).content_length > 100_000
