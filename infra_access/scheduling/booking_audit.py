"""The one event that each act on a booking leaves in the audit."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.core.authority import Actor
from infra_access.scheduling.models import Booking


def record_act(
    session: Session, actor: Actor, booking: Booking, action: str, now: datetime, details: dict[str, Any]
) -> None:
    """Record what an actor did to a booking; `details` are public ids and plain values, no title."""
    record(
        session,
        actor=actor,
        action=action,
        object_kind="booking",
        object_id=booking.public_id,
        now=now,
        details=details,
    )
