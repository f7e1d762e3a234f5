"""Writing audit events and checking that nobody rewrote them."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Protocol

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.audit.models import AuditEvent
from infra_access.core.columns import table_of
from infra_access.core.ids import new_public_id
from infra_access.core.together import write

current_request_id: ContextVar[str | None] = ContextVar("current_request_id", default=None)
"""Set by the HTTP edge, so that an event can be found from a log line; None elsewhere."""

_TABLE = table_of(AuditEvent)


class Author(Protocol):
    """Whoever acts: an account, or the system with no id."""

    @property
    def account_id(self) -> int | None:
        """Return the account's key."""

    @property
    def label(self) -> str:
        """Return how the record names the actor."""


def record(
    session: Session,
    *,
    actor: Author,
    action: str,
    object_kind: str,
    object_id: str,
    now: datetime,
    details: Mapping[str, Any] | None = None,
    outcome: str = "done",
) -> None:
    """Write exactly one event into the transaction of the change. Each command calls this once.

    `object_id` is the public id. `details` is plain JSON: fields changed, counts, the reason given.
    """
    values: dict[str, Any] = {
        "public_id": new_public_id(),
        "at": now,
        "actor_id": actor.account_id,
        "actor_label": actor.label,
        "action": action,
        "object_kind": object_kind,
        "object_id": object_id,
        "outcome": outcome,
        "details": dict(details or {}),
        "request_id": current_request_id.get(),
        "salt": secrets.token_hex(16),
    }
    values["leaf"] = leaf_hash(values)
    write(session, _TABLE, [values])


def leaf_hash(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 over the event's own facts and its salt, as 64 hexadecimal digits."""
    keys = ("public_id", "actor_id", "actor_label", "action", "object_kind", "object_id", "outcome", "details", "salt")
    facts = {key: values[key] for key in keys} | {"at": values["at"].isoformat()}
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def altered(session: Session) -> Iterator[str]:
    """Yield the public id of each event whose facts no longer give its hash."""
    columns = AuditEvent.__table__.columns
    for row in session.execute(select(*columns).order_by(AuditEvent.id)).yield_per(1_000):
        if leaf_hash(dict(row._mapping)) != row.leaf:
            yield row.public_id
