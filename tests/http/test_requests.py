"""One request: what reaches the database, what is answered, and in which language."""

import gc
import io
import json
from collections.abc import Iterator

import pytest
from pyramid.config import Configurator
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from sqlalchemy import insert, select, text
from webtest import TestApp, TestRequest

from infra_access import tables
from infra_access.audit.models import AuditEvent
from infra_access.config import INCLUDES, SETTINGS
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Conflict, Forbidden, Invalid
from infra_access.core.i18n import _, plain
from infra_access.http.idempotency import once
from infra_access.http.input_floor import MAX_BODY_BYTES, read_json
from infra_access.people.models import Role
from infra_access.settings import Settings
from tests.factories.people import make_account, make_token

HTTP = [name for name in INCLUDES if name not in {"infra_access.api", "infra_access.web"}]
DETAILS = {"broken": [{"code": "lead", "message": _("Book ${limit} minutes ahead.", mapping={"limit": 5})}]}


def conflict(request):
    raise Conflict("a.conflict", _("Something is missing: ${first}", mapping={"first": _("a ${x}", mapping={"x": 1})}))


def invalid(request):
    raise Invalid("an.error", _("Wrong."), fields={"span": [DETAILS["broken"][0]["message"]]}, details=DETAILS)


def write(request):
    """Write a role in the way that the path names, then answer or refuse."""
    how, end = request.matchdict["how"], request.matchdict["end"]
    if how == "orm":
        request.db.add(Role(name="made"))
        request.db.flush()
    elif how == "core":
        request.db.execute(insert(Role.__table__).values(name="made"))
    elif how == "text":
        request.db.execute(text("INSERT INTO role (name) VALUES ('made')"))
    else:
        request.db.connection().exec_driver_sql("INSERT INTO role (name) VALUES ('made')")
    if end == "refused":
        raise Forbidden("not.you", _("Not you."))
    if end == "broken":
        raise ZeroDivisionError("a secret")
    return Response(b"done")


def only_once(request):
    body = json.dumps(read_json(request)).encode()

    def run():
        request.db.execute(insert(Role.__table__).values(name=f"made {len(_roles(request.db))}"))
        return Response(b'{"made": 1}', status=201, content_type="application/json", charset=None)

    return once(request, request.headers.get("Idempotency-Key"), body, run)


def _roles(session):
    return [name for name in session.scalars(select(Role.name)) if name.startswith("made")]


@pytest.fixture
def app(database) -> Iterator[TestApp]:
    """Give an application of the HTTP floor alone, with a few views."""
    tables.load()
    config = Configurator(settings=SETTINGS)
    config.registry["infra_access.settings"] = Settings.from_ini(
        {"infra_access.database_url": str(database.engine.url), "infra_access.secret": "tests"}
    )
    config.registry["infra_access.database"] = database
    for name in HTTP:
        config.include(name)
    for name, path, view, method, permission in (
        ("conflict", "/api/v1/conflict", conflict, "GET", NO_PERMISSION_REQUIRED),
        ("invalid", "/api/v1/invalid", invalid, "GET", NO_PERMISSION_REQUIRED),
        ("write", "/api/v1/write/{how}/{end}", write, ("GET", "POST"), NO_PERMISSION_REQUIRED),
        ("once", "/api/v1/once", only_once, "POST", NO_PERMISSION_REQUIRED),
        ("staff", "/api/v1/staff", conflict, "POST", Permission.AUDIT_READ),
    ):
        config.add_route(name, path)
        config.add_view(view, route_name=name, request_method=method, permission=permission, require_csrf=False)
    return TestApp(config.make_wsgi_app())


@pytest.fixture
def token(database) -> str:
    """Return the token of somebody without any role."""
    with database.writer() as session:
        return make_token(session, make_account(session), now=clock.now())


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def made(database):
    with database.reader() as session:
        return _roles(session)


def test_texts_within_texts_are_filled_in(app):
    body = app.get("/api/v1/conflict", status=409).json
    assert body["detail"] == "Something is missing: a 1"
    assert body["code"] == "a.conflict"
    assert plain(_("Missing: ${first}", mapping={"first": _("a ${x}", mapping={"x": 1})})) == "Missing: a 1"


def test_texts_in_details_reach_the_reader_in_their_language(app):
    app.set_cookie("ia_lang", "qps")
    response = app.get("/api/v1/invalid", status=422)
    assert response.content_type == "application/problem+json"
    assert response.json["errors"] == {"span": ["⟦Book 5 minutes ahead.⟧"]}
    assert response.json["broken"] == [{"code": "lead", "message": "⟦Book 5 minutes ahead.⟧"}]


@pytest.mark.parametrize("how", ["orm", "core", "text", "driver"])
def test_an_answer_commits_every_way_of_writing(app, database, how):
    app.post(f"/api/v1/write/{how}/done", status=200)
    assert made(database) == ["made"]


@pytest.mark.parametrize("how", ["orm", "core", "text", "driver"])
@pytest.mark.parametrize(("end", "status"), [("refused", 403), ("broken", 500)])
def test_what_is_raised_takes_every_way_of_writing_back(app, database, how, end, status):
    response = app.post(f"/api/v1/write/{how}/{end}", status=status)
    assert made(database) == []
    assert "secret" not in response.text


@pytest.mark.parametrize("how", ["orm", "core", "text", "driver"])
def test_reading_never_writes_and_trying_to_is_a_defect_of_ours(app, database, how):
    assert app.get(f"/api/v1/write/{how}/done", status=500).json["code"] == "internal"
    assert made(database) == []


def test_every_answer_has_its_id_and_its_headers(app):
    for path, status in (("/healthz", 200), ("/api/v1/nowhere", 404), ("/api/v1/conflict", 409)):
        response = app.get(path, status=status)
        assert len(response.headers["X-Request-Id"]) == 36
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_it_is_ready_with_a_migrated_and_guarded_database(app):
    assert app.get("/readyz").json == {
        "status": "ready",
        "problems": [],
        "free_windows": {"stale": 0, "oldest": None},
    }


def test_another_method_is_told_which_there_are(app):
    response = app.delete("/api/v1/write/orm/done", status=405)
    assert response.headers["Allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("path", ["/api/v1/%ff", "/api/v1/conflict?q=%ff", "/api/v1/conflict?q=%00"])
def test_what_cannot_be_decoded_is_the_callers_mistake(app, path):
    assert app.get(path, status=400).json["status"] == 400


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # WebOb's spool file of a large body
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 200_000, "application/json", 400),
        (b"[" * 50 + b"]" * 50, "application/json", 400),
        (b"1" * 5_000, "application/json", 400),
        (b'{"a": "\\u0000"}', "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/json; charset=utf-7", 415),
        (b" " * 1_000_001, "application/json", 413),
    ],
)
def test_hostile_bodies_are_refused(app, body, content_type, status):
    app.post("/api/v1/once", body, headers={"Content-Type": content_type}, status=status)
    gc.collect()


def test_a_body_that_is_too_large_is_refused_unread(app):
    sent = io.BytesIO(b" " * (MAX_BODY_BYTES + 1))
    environ = {"wsgi.input": sent, "CONTENT_LENGTH": str(MAX_BODY_BYTES + 1), "CONTENT_TYPE": "application/json"}
    request = TestRequest.blank("/api/v1/once", environ, method="POST")
    assert app.do_request(request, status=413).json["code"] == "body.too_large"
    assert sent.tell() == 0


def test_a_repeated_call_gets_the_first_answer(app, database, token):
    headers = {**bearer(token), "Idempotency-Key": "abc"}
    first = app.post_json("/api/v1/once", {"a": 1}, headers=headers, status=201)
    again = app.post_json("/api/v1/once", {"a": 1}, headers=headers, status=201)
    assert again.body == first.body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(made(database)) == 1
    assert app.post_json("/api/v1/once", {"a": 2}, headers=headers, status=422).json["code"] == "idempotency.reused"


def test_a_key_belongs_to_one_person(app, database, token):
    with database.writer() as session:
        other = make_token(session, make_account(session), now=clock.now())
    for secret in (token, other):
        app.post_json("/api/v1/once", {"a": 1}, headers={**bearer(secret), "Idempotency-Key": "abc"}, status=201)
    assert len(made(database)) == 2


@pytest.mark.parametrize("header", ["Basic abc", "Bearer nothing", "Bearer ia_nothing"])
def test_a_token_that_does_not_count_is_refused(app, header):
    response = app.post("/api/v1/staff", headers={"Authorization": header}, status=401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_nobody_and_somebody_without_the_right_are_told_apart(app, token):
    app.post("/api/v1/staff", status=401)
    app.post("/api/v1/staff", headers=bearer(token), status=403)


def test_a_read_token_never_writes(app, database):
    with database.writer() as session:
        secret = make_token(session, make_account(session), scope="read", now=clock.now())
    assert app.post("/api/v1/staff", headers=bearer(secret), status=403).json["code"] == "token.read_only"


def test_a_refused_change_leaves_exactly_one_trace(app, database, token):
    with database.reader() as session:
        before = session.scalars(select(AuditEvent.id)).all()
    app.post("/api/v1/staff", headers=bearer(token), status=403)
    with database.reader() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.id.not_in(before))).all()
    assert [(event.action, event.outcome) for event in events] == [("refused.permission.missing", "refused")]
