"""The mails of an opinion from outside: the question to the expert, and that it was answered to those who decide.

Neither says what is asked or answered: mail is read on its way, and the expert was promised that few read it.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.deciders import able_to
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.opinions.by_link import AskedByLink, asked_about, make_link
from infra_access.access_requests.opinions.models import OutsideOpinion
from infra_access.access_requests.opinions.states import OpinionState
from infra_access.access_requests.vocabularies import UNGIVEN
from infra_access.core.roles import ROLES
from infra_access.notifications.subject import Outsider, Subject
from infra_access.people.models import Account


def opinion_asked(session: Session, payload: Mapping[str, Any], now: datetime) -> Subject | None:
    """Return the question, to be told to the expert in the language of whoever asks; None where it is closed."""
    asked = _asked(session, payload, now)
    if asked is None or asked.state is not OpinionState.OPEN:
        return None
    opinion, role = asked.opinion, asked.approval.role
    outsider = Outsider(
        public_id=opinion.public_id,
        name=opinion.name,
        email=opinion.email,
        locale=session.get_one(Account, opinion.asked_by_id).locale,
        make_token=partial(make_link, session, opinion),
    )
    values = {
        "facility": asked.facility.name,
        "instruments": ", ".join(asked.instruments),
        "until": f"{opinion.expires_at:%Y-%m-%d %H:%M}",
    }
    return Subject("/opinions/", values, words={"role": ROLES.get(role, role)}, outsider=outsider)


def opinion_answered(session: Session, payload: Mapping[str, Any], now: datetime) -> Subject | None:
    """Return that an opinion is there, to be told to whoever may decide while that is still to be done."""
    asked = _asked(session, payload, now)
    if asked is None or asked.approval.state not in UNGIVEN:
        return None
    request = session.get_one(AccessRequest, asked.approval.subject_id)
    return Subject(
        f"/approvals/{asked.approval.public_id}",
        {"case": request.case or request.public_id, "instruments": ", ".join(asked.instruments)},
        tuple(sorted(able_to(session, asked.approval, now=now))),
    )


def _asked(session: Session, payload: Mapping[str, Any], now: datetime) -> AskedByLink | None:
    row = session.execute(
        select(OutsideOpinion, Approval)
        .join(Approval, Approval.id == OutsideOpinion.approval_id)
        .where(OutsideOpinion.public_id == payload.get("opinion"))
    ).one_or_none()
    return asked_about(session, row[0], row[1], now=now) if row is not None else None
