"""/audit: what was done to an object, for auditors."""

from typing import Any

from sqlalchemy import select

from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Free, Instant, Line, PublicId
from infra_access.api.schemas import Out, PageQuery, page_of
from infra_access.audit.models import AuditEvent
from infra_access.core.authority import Permission
from infra_access.core.paging import Page, clean_limit, decode_cursor
from infra_access.core.paging import page_of as cut


class AuditQuery(PageQuery):
    """Events about what."""

    object = PublicId("The id of what the events are about.", required=True)


class AuditEventOut(Out):
    """One act."""

    id = PublicId()
    at = Instant()
    actor = Line(most=200)
    action = Line(most=80)
    object_kind = Line(most=40)
    object = Line(most=40)
    outcome = Choice(("done", "refused"))
    details = Free("What the act recorded: fields changed, counts, the reason given.")
    request_id = Line(most=36, allow_none=True)


@resource("api.audit", "GET", permission=Permission.AUDIT_READ, query=AuditQuery, out=page_of(AuditEventOut))
def events(call: Call) -> Page[dict[str, Any]]:
    """List what was done to an object, oldest first."""
    limit = clean_limit(call.query.get("limit"))
    query = select(AuditEvent).where(AuditEvent.object_id == call.query["object"])
    if "cursor" in call.query:
        query = query.where(AuditEvent.id > decode_cursor(call.query["cursor"], (int,))[0])
    page = cut(call.db.scalars(query.order_by(AuditEvent.id).limit(limit + 1)).all(), limit, lambda row: (row.id,))
    return Page([_event(row) for row in page.items], page.next)


def _event(row: AuditEvent) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "at": row.at,
        "actor": row.actor_label,
        "action": row.action,
        "object_kind": row.object_kind,
        "object": row.object_id,
        "outcome": row.outcome,
        "details": row.details,
        "request_id": row.request_id,
    }
