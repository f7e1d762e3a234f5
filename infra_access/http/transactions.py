"""One transaction a request, which knows from its first statement whether it may write.

Writers are all methods but GET, HEAD and OPTIONS, unless the route is named a reader (a POST that only computes).
Returned responses commit, raised ones abort. A transaction that lost a race for a lock is run again from the start.
"""

import random
import time

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid_retry import BeforeRetry, mark_error_retryable
from sqlalchemy.orm import Session
from zope.sqlalchemy.datamanager import join_transaction

from infra_access.core.db import Database, on_retryable

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def writes(request: Request) -> bool:
    """Tell whether this request may write."""
    if request.method in SAFE_METHODS:
        return False
    route = request.matched_route
    return route is None or route.name not in request.registry["infra_access.reader_routes"]


def session_of(request: Request) -> Session:
    """Return the request's session, joined to its transaction; its connection is taken at the first statement."""
    database: Database = request.database
    writing = writes(request)
    session = Session(database.writers if writing else database.readers, expire_on_commit=False)
    # A writer counts as changed from the start: writes that go past the unit of work (insert(), text()) would
    # otherwise be rolled back in silence.
    # A session lives for this one transaction, so it joins once, without the listeners of `register`.
    join_transaction(session, "changed" if writing else "active", request.tm)
    return session


def back_off(event: BeforeRetry) -> None:
    """Sleep a little, longer at each attempt and never twice the same, so that rivals do not meet again."""
    attempt = int(event.environ.get("retry.attempt", 0))
    time.sleep(random.uniform(0.005, 0.03) * 2**attempt)


def add_reader_route(config: Configurator, name: str) -> None:
    """Name a route whose POST only reads."""
    config.registry["infra_access.reader_routes"].add(name)


def includeme(config: Configurator) -> None:
    """Give each request `database` and `db`."""
    database: Database = config.registry["infra_access.database"]
    on_retryable(database, mark_error_retryable)
    config.registry["infra_access.reader_routes"] = set()
    config.add_directive("add_reader_route", add_reader_route)
    config.add_request_method(lambda request: request.registry["infra_access.database"], "database", reify=True)
    config.add_request_method(session_of, "db", reify=True)
    config.add_subscriber(back_off, BeforeRetry)
