"""Who asks, and whether they may: one policy that refuses by default.

Pages know a person by the log-in cookie, the API by a bearer token alone, so that no page of another site can make a
browser call it. A read token never reaches a route that writes.
"""

from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.interfaces import ISecurityPolicy
from pyramid.request import Request
from pyramid.security import Allowed, Denied
from zope.interface import implementer

from infra_access.core import clock
from infra_access.core.authority import Actor, Permission, Scopes, may, require
from infra_access.core.errors import Forbidden, NotAuthenticated
from infra_access.core.i18n import _
from infra_access.http.delivery import is_api
from infra_access.http.sessions import login_token
from infra_access.http.transactions import writes
from infra_access.people.logins import identify_session
from infra_access.people.tokens import identify_token

TOKEN_PREFIX = "ia_"


@dataclass(frozen=True, slots=True)
class Context:
    """What a route is about: the row, the scopes it lies in, and how the actor relates to it."""

    row: Any = None
    scopes: Scopes = ()
    relations: frozenset[str] = frozenset()


def bearer(request: Request) -> str | None:
    """Return the bearer token of the Authorization header, or None. Raises NotAuthenticated for another scheme."""
    header: str | None = request.headers.get("Authorization")
    if not header:
        return None
    scheme, _space, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token.startswith(TOKEN_PREFIX) or len(token) > 200 or not token.isascii():
        raise NotAuthenticated("token.malformed", _("The Authorization header must be: Bearer ia_... (an API token)."))
    return token


def actor_of(request: Request) -> Actor | None:
    """Return who asks, or None for a visitor. Raises NotAuthenticated for a token that no longer counts."""
    now = clock.now()
    if is_api(request):
        token = bearer(request)
        if token is None:
            return None
        actor = identify_token(request.db, token, now=now, hold=writes(request))
        if actor is None:
            raise NotAuthenticated("token.invalid", _("This token is unknown, expired or revoked."))
        return actor
    cookie = login_token(request)
    return identify_session(request.db, cookie, now=now, hold=writes(request)) if cookie else None


@implementer(ISecurityPolicy)
class DefaultDeny:
    """Pyramid's security policy over the permission map."""

    def identity(self, request: Request) -> Actor | None:
        """Return who asks."""
        actor: Actor | None = request.actor
        return actor

    def authenticated_userid(self, request: Request) -> str | None:
        """Return the public id of who asks."""
        actor: Actor | None = request.actor
        return actor.public_id if actor else None

    def permits(self, request: Request, context: Any, permission: str) -> Allowed | Denied:
        """Allow, or raise the reason: NotAuthenticated or Forbidden."""
        actor: Actor | None = request.actor
        if actor is not None and actor.token_scope == "read" and writes(request):
            raise Forbidden("token.read_only", _("This token may only read. Use one with the scope write."))
        known = context if isinstance(context, Context) else Context()
        require(actor, Permission(permission), known.scopes, known.relations)
        return Allowed("granted")

    def remember(self, request: Request, userid: str, **kw: Any) -> list[tuple[str, str]]:
        """Return no headers: a log-in sets its cookie itself."""
        return []

    def forget(self, request: Request, **kw: Any) -> list[tuple[str, str]]:
        """Return no headers: a log-out removes its cookie itself."""
        return []


def includeme(config: Configurator) -> None:
    """Install the policy; give each request `actor` and `may`."""
    config.set_security_policy(DefaultDeny())
    config.add_request_method(actor_of, "actor", reify=True)
    config.add_request_method(
        lambda request, permission, context=None: may(
            request.actor,
            permission,
            context.scopes if context else (),
            context.relations if context else (),
        ),
        "may",
    )
