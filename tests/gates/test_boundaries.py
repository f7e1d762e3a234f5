"""What holds at the border for every view: headers, forms of other sites, cookies at the API, reads that write."""

import pytest
from webob import Request, Response
from webtest import TestResponse

from infra_access.http.headers import HEADERS
from infra_access.http.sessions import LOGIN_COOKIE
from tests.demo_world import BROKEN, HOST, MISSING, DemoWorld
from tests.gates.asking import ask
from tests.gates.calls import call_of, key_of
from tests.gates.statement_counts import MOST, MOST_USUALLY
from tests.gates.subjects import Subject, subjects
from tests.statements import Statements, count_statements

EVERYBODY = (None, "startup", "manager", "administrator", "admin")
WRITING = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "ALTER", "TRUNCATE")

PROPRIETARY = {
    "Corrosion of flow sensors": {"startup", "manager", "administrator", "admin"},
    "Masks for gratings": {"administrator", "admin"},
    "Films that are shaken on the road": {"administrator", "admin"},
}
"""Titles of proprietary requests, and who of these readers is on the team or of the staff who look after it."""

RECORDED = ("api.reciprocity", "api.reciprocity_csv", "reciprocity", "reciprocity_csv")
"""What each look at leaves one event of, in a transaction of its own; nothing else that reads writes anything."""


def each(world: DemoWorld, **wanted: bool) -> list[Subject]:
    found = subjects(world.registry).values()
    return [one for one in found if all(getattr(one, name) is value for name, value in wanted.items())]


def read(world: DemoWorld, subject: Subject, by: str | None, **given: object) -> TestResponse:
    call = call_of(subject.name)
    query = {**(call.query or {}), **given}
    return ask(world, subject, key_of(world, subject.kind, call), by=by, query=query)  # type: ignore[arg-type]


def assert_headers(answer: Response, where: str) -> None:
    missing = {name for name in (*HEADERS, "X-Request-Id", "Cache-Control") if name not in answer.headers}
    assert not missing, f"{where}: {answer.status} lacks {missing}"
    assert "unsafe-eval" not in answer.headers["Content-Security-Policy"]


def test_every_answer_has_the_security_headers(world: DemoWorld) -> None:
    for subject in each(world):
        call = call_of(subject.name)
        key = key_of(world, subject.kind, call)
        for by in (None, call.by):
            answer = ask(world, subject, key, by=by, body=call.sent(world), query=call.query, doomed=True)
            assert_headers(answer, f"{subject.name} as {by}")


@pytest.mark.parametrize(
    ("method", "path", "environ", "status"),
    [
        ("GET", "/nothing-here", {}, 404),
        ("GET", "/api/v1/nothing-here", {}, 404),
        ("DELETE", "/catalogue", {}, 405),
        ("DELETE", "/api/v1/instruments", {}, 405),
        ("GET", "/", {BROKEN: True}, 500),
        ("GET", "/api/v1/instruments", {BROKEN: True}, 500),
        ("GET", "/static/base.css", {}, 200),
        ("GET", "/static/nothing.css", {}, 404),
        ("GET", "/catalogue?q=%ff", {}, 400),
        ("GET", "/%ff", {}, 400),
    ],
)
def test_refusals_failures_and_files_have_them_too(
    world: DemoWorld, method: str, path: str, environ: dict[str, bool], status: int
) -> None:
    answer = Request.blank(path, environ, method=method, base_url=f"http://{HOST}").get_response(world.app)

    assert answer.body
    assert answer.status_int == status
    assert_headers(answer, path)


def test_a_form_of_another_site_changes_nothing(world: DemoWorld) -> None:
    for subject in each(world, is_api=False, is_safe=False):
        call = call_of(subject.name)
        key = key_of(world, subject.kind, call)
        answer = ask(world, subject, key, by=call.by, body=call.sent(world), doomed=True, forged=True)
        assert answer.status_int == 400, f"{subject.name}: {answer.status}"


def test_the_api_knows_nobody_by_a_cookie(world: DemoWorld) -> None:
    for subject in each(world, is_api=True):
        call = call_of(subject.name)
        key = key_of(world, subject.kind, call)
        told = [
            ask(world, subject, key, body=call.sent(world), query=call.query, doomed=True, cookies=cookies)
            for cookies in ({}, {LOGIN_COOKIE: world.cookies[call.by or "startup"]})
        ]
        assert told[0].status_int == told[1].status_int, subject.name
        if told[0].status_int == 401:
            assert told[0].headers["WWW-Authenticate"].startswith("Bearer")


def test_a_read_token_changes_nothing(world: DemoWorld) -> None:
    for subject in each(world, is_api=True, is_safe=False):
        call = call_of(subject.name)
        if call.silent:
            continue
        key = key_of(world, subject.kind, call)
        answer = ask(world, subject, key, by="startup-reader", body=call.sent(world), doomed=True)
        assert answer.status_int in {403, 404}, f"{subject.name}: {answer.status}"


def test_reading_writes_nothing_takes_few_statements_and_shows_nothing_proprietary(world: DemoWorld) -> None:
    over: dict[str, int] = {}
    told: set[str] = set()
    for subject in each(world, is_safe=True):
        for by in EVERYBODY:
            with count_statements(world.database) as sent:
                answer = read(world, subject, by)
            assert answer.status_int < 500, f"{subject.name} as {by}: {answer.status}"
            shown = {title for title in PROPRIETARY if title in answer.text}
            told |= shown
            assert all(by in PROPRIETARY[title] for title in shown), f"{subject.name} as {by} shows {shown}"
            looks = subject.route in RECORDED and answer.status_int == 200
            assert [one[:23] for one in written(sent)] == ["INSERT INTO audit_event"] * looks, subject.name
            if sent.count > MOST.get(subject.route, MOST_USUALLY):
                over[subject.name] = max(sent.count, over.get(subject.name, 0))
    assert over == {}
    assert told == PROPRIETARY.keys()  # or nobody would have looked for them


def test_a_long_list_takes_as_many_statements_as_a_short_one(world: DemoWorld) -> None:
    for subject in each(world, is_api=True, is_safe=True):
        for by in ("startup", "manager", "admin"):
            counts = []
            read(world, subject, by)  # What is kept in memory is read once.
            for limit in ("1", "200"):
                with count_statements(world.database) as sent:
                    answer = read(world, subject, by, limit=limit)
                counts.append(sent.count)
            if answer.status_int == 200 and "items" in answer.text[:20]:
                # The first item may lack something that others have, but two hundred may not take one each.
                assert counts[1] <= counts[0] + 2, f"{subject.name} as {by}: {counts}"


@pytest.mark.parametrize("kind", ["instruments", "facilities"])
def test_no_object_of_a_kind_takes_many_more_statements_than_another(world: DemoWorld, kind: str) -> None:
    for subject in each(world, is_safe=True):
        if subject.kind != kind:
            continue
        counts = []
        for key in list(world.ids[kind].values())[:20]:
            with count_statements(world.database) as sent:
                answer = ask(world, subject, key, by="startup")
            if answer.status_int == 200:
                counts.append(sent.count)
        # A page leaves out what does not apply; it may not ask once more for each thing that it lists.
        assert max(counts, default=0) - min(counts, default=0) <= 10, f"{subject.name}: {sorted(counts)}"


def test_an_unknown_id_is_not_told_apart_from_a_hidden_one(world: DemoWorld) -> None:
    for subject in each(world, is_api=True, is_safe=True):
        if subject.kind is None:
            continue
        hidden = ask(world, subject, key_of(world, subject.kind, call_of(subject.name)), by="manager-tokyo")
        unknown = ask(world, subject, MISSING, by="manager-tokyo")
        if hidden.status_int == 404:
            assert hidden.json == unknown.json, subject.name


def written(sent: Statements) -> list[str]:
    return [statement for statement in sent if statement.lstrip().upper().startswith(WRITING)]
