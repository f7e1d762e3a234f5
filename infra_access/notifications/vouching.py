"""The mails to whom a training was recorded or for whom somebody vouched, and to whom it was taken back."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.notifications.kinds import Kind
from infra_access.notifications.subject import Subject
from infra_access.people.models import Assurance, Training


def vouched_for(session: Session, kind: Kind, payload: Mapping[str, Any]) -> Subject | None:
    """Return what was noted of a person, to be told to them; None where it was taken back before they were told."""
    taken_back = kind in (Kind.TRAINING_WITHDRAWN, Kind.ASSURANCE_WITHDRAWN)
    row: Training | Assurance | None
    if kind in (Kind.TRAINING_RECORDED, Kind.TRAINING_WITHDRAWN):
        row = session.scalar(select(Training).where(Training.public_id == payload.get("training")))
    else:
        row = session.scalar(select(Assurance).where(Assurance.public_id == payload.get("assurance")))
    if row is None or (row.withdrawn_at is not None) is not taken_back:
        return None
    # Mail is read on its way: what somebody saw to vouch for a person stays in the service.
    about = {"issuer": row.issuer} if isinstance(row, Training) else {}
    return Subject("/account", {"code": row.code, **about}, (row.account_id,), row.withdrawn_reason or "")
