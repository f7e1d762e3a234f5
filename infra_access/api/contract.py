"""One declaration per route and method: from it requests are checked, answers dumped and the contract written.

A view takes a `Call` and returns what its `out` schema shows. Nothing about it is said twice, so the code and the
OpenAPI document cannot drift apart.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

import venusian  # type: ignore[import-untyped]
from marshmallow import Schema
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy.orm import Session

from infra_access.api.schemas import Body, Query
from infra_access.core.authority import Actor, Permission
from infra_access.core.errors import NotAuthenticated
from infra_access.core.i18n import _
from infra_access.http.security import Context
from infra_access.http.transactions import SAFE_METHODS

JSON = "application/json"
OPERATIONS = "infra_access.operations"


@dataclass(frozen=True, slots=True)
class Call:
    """One checked request: what the route is about, who asks, what was sent, and when."""

    request: Request
    context: Context
    now: datetime
    body: Mapping[str, Any]
    query: Mapping[str, Any]
    expected_version: int | None = None

    @property
    def db(self) -> Session:
        """Return the session of the request's transaction."""
        session: Session = self.request.db
        return session

    @property
    def visitor(self) -> Actor | None:
        """Return who asks, or None."""
        actor: Actor | None = self.request.actor
        return actor

    @property
    def actor(self) -> Actor:
        """Return who asks. Raises NotAuthenticated for nobody."""
        if self.visitor is None:
            raise NotAuthenticated("sign_in.needed", _("Please sign in to do this."))
        return self.visitor

    @property
    def row(self) -> Any:
        """Return the row of the route's context."""
        return self.context.row

    @property
    def changes(self) -> dict[str, Any]:
        """Return what is new for a command: the version that the caller saw, if they said so."""
        return {"actor": self.actor, "now": self.now, "expected_version": self.expected_version}


View = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """What one route does with one method.

    `status` is that of success; `errors` are those beyond the ones that follow from the rest; `version` reads the
    version of the context's row, where a change can be bound to it; `keeps_answer` is False where the answer holds a
    secret; `media_type` is other than JSON where the view returns a whole response.
    """

    route: str
    method: str
    permission: Permission
    view: View
    body: Schema | None = None
    query: Schema = field(default_factory=Query)
    out: Schema | None = None
    status: int = 200
    writes: bool = False
    errors: tuple[int, ...] = ()
    version: Callable[[Any], int] | None = None
    keeps_answer: bool = True
    media_type: str = JSON

    @property
    def summary(self) -> str:
        """Return the first line of the view's docstring."""
        return (self.view.__doc__ or "").strip().partition("\n")[0].rstrip(".")


def resource(
    route: str,
    method: str,
    *,
    permission: Permission,
    body: Schema | type[Schema] | None = None,
    query: type[Schema] = Query,
    out: type[Schema] | None = None,
    status: int | None = None,
    writes: bool | None = None,
    errors: tuple[int, ...] = (),
    version: str | None = None,
    keeps_answer: bool = True,
    media_type: str = JSON,
) -> Callable[[View], View]:
    """Declare a view. A POST that changes nothing says `writes=False`; `version` is a dotted attribute of the row."""
    writing = method not in SAFE_METHODS if writes is None else writes

    def declare(view: View) -> View:
        operation = Operation(
            route=route,
            method=method,
            permission=permission,
            view=view,
            body=_instance(body) if body or method not in {"POST", "PATCH"} else Body(),
            query=query(),
            out=_instance(out),
            status=status or (204 if out is None and media_type == JSON else 200),
            writes=writing,
            errors=errors,
            version=attrgetter(version) if version else None,
            keeps_answer=keeps_answer,
            media_type=media_type,
        )
        venusian.attach(view, lambda scanner, name, found: register(scanner.config, operation), category="api")
        return view

    return declare


def register(config: Configurator, operation: Operation) -> None:
    """Add the operation's view and put it into the list that the document is made from."""
    from infra_access.api.serving import serve  # serving builds on this module

    def view(context: Context, request: Request) -> Response:
        return serve(operation, context, request)

    config.registry.setdefault(OPERATIONS, []).append(operation)
    if operation.method == "POST" and not operation.writes:
        config.add_reader_route(operation.route)
    config.add_view(
        view,
        route_name=operation.route,
        request_method=operation.method,
        permission=str(operation.permission),
        require_csrf=False,
    )


def _instance(schema: Schema | type[Schema] | None) -> Schema | None:
    return schema() if isinstance(schema, type) else schema
