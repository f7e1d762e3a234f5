"""Asking the application over HTTP as somebody: programs by token, people by cookie with the form's own token."""

from collections.abc import Mapping
from typing import Any

from webtest import TestApp, TestResponse

from infra_access.http.localisation import LOCALE_COOKIE
from infra_access.http.sessions import LOGIN_COOKIE
from tests.demo_world import DOOMED, HOST, DemoWorld
from tests.gates.subjects import Subject

CSRF = "0123456789abcdef0123456789abcdef"
VISITOR = None


def ask(
    world: DemoWorld,
    subject: Subject,
    key: str = "",
    *,
    by: str | None = VISITOR,
    body: Any = None,
    query: Mapping[str, str] | None = None,
    doomed: bool = False,
    cookies: Mapping[str, str] | None = None,
    environ: Mapping[str, Any] | None = None,
    forged: bool = False,
) -> TestResponse:
    """Return the answer to somebody; `doomed` rolls back whatever it did, `forged` sends a form of another site."""
    app = TestApp(world.app, lint=False, extra_environ={"HTTP_HOST": HOST, "REMOTE_ADDR": "192.0.2.1"})
    arguments: dict[str, Any] = {"expect_errors": True, "extra_environ": {DOOMED: doomed, **(environ or {})}}
    path = subject.path(key)
    if query:
        path += "?" + "&".join(f"{name}={value}" for name, value in query.items())
    jar = dict(cookies or {})
    if subject.is_api:
        if by is not None:
            arguments["headers"] = {"Authorization": f"Bearer {world.tokens[by]}"}
    elif by is not None:
        jar[LOGIN_COOKIE] = world.cookies[by]
    if not subject.is_api and not forged:
        jar["ia_csrf"] = CSRF
    for name, value in jar.items():
        app.set_cookie(name, value)
    if subject.is_safe:
        return app.get(path, **arguments)
    if subject.method == "DELETE":
        return app.delete(path, **arguments)
    if subject.is_api:
        return getattr(app, f"{subject.method.lower()}_json")(path, {} if body is None else body, **arguments)
    form = dict(body or {})
    if not forged:
        form["csrf_token"] = CSRF
    return app.post(path, form, **arguments)


def in_language(locale: str) -> dict[str, str]:
    """Return the cookie of a language that was chosen."""
    return {LOCALE_COOKIE: locale}
