"""A repeated call gets the first one's answer (the IETF draft of the Idempotency-Key header).

The key is inserted in the change's own transaction before the change: a parallel repeat waits for it, then finds the
answer; a change that fails takes its key back with it.
"""

import hashlib
from collections.abc import Callable

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from infra_access.core import clock
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _
from infra_access.http.models import IdempotencyKey

HEADER = "Idempotency-Key"
MAX_LENGTH = 200


def once(
    request: Request, key: str | None, fingerprint: bytes, run: Callable[[], Response], *, keep_body: bool = True
) -> Response:
    """Run a change once for this person and key, or return the kept answer.

    `fingerprint` is what makes two calls the same call: route, path and body. An answer that holds a secret is not
    kept (`keep_body`): a repeat is told so instead of making a second one.

    Raises Invalid for a key already used with another one.
    """
    actor = request.actor
    if key is None or actor is None or actor.account_id is None:
        return run()
    if not key or len(key) > MAX_LENGTH or not key.isprintable():
        raise Invalid("idempotency.key", _("An idempotency key has 1 to 200 printable characters."))
    digest = hashlib.sha256(fingerprint).hexdigest()
    insert = postgresql.insert if request.db.get_bind().dialect.name == "postgresql" else sqlite.insert
    place = f"{request.method} {request.path}"[:300]
    taken = request.db.execute(
        insert(IdempotencyKey)
        .values(account_id=actor.account_id, key=key, route=place, body_hash=digest, created_at=clock.now())
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.id)
    ).scalar()
    if taken is None:
        return _kept(request, key, place, digest)
    response = run()
    if 200 <= response.status_int < 400:
        request.db.execute(
            update(IdempotencyKey)
            .where(IdempotencyKey.id == taken)
            .values(
                status=response.status_int,
                location=response.headers.get("Location"),
                body=response.body if keep_body else None,
            )
        )
    return response


def _kept(request: Request, key: str, place: str, digest: str) -> Response:
    row = request.db.scalars(
        select(IdempotencyKey).where(IdempotencyKey.account_id == request.actor.account_id, IdempotencyKey.key == key)
    ).one()
    if row.route != place or row.body_hash != digest:
        raise Invalid("idempotency.reused", _("This idempotency key was already used for something else."))
    if row.status is None:
        raise Conflict("idempotency.running", _("The first call with this key has not finished. Try again shortly."))
    if row.body is None:
        raise Conflict(
            "idempotency.secret",
            _("The first call with this key was answered with a secret, which is shown once and was not kept."),
        )
    response = Response(row.body, status=row.status, content_type="application/json", charset=None)
    if row.location:
        response.headers["Location"] = row.location
    response.headers["Idempotency-Replayed"] = "true"
    return response
