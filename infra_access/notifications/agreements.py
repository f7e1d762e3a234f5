"""The mails of agreements: to those who sign for a side."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.terms.agreement_queries import applicant_signatories
from infra_access.access_requests.terms.framework_models import FrameworkAgreement
from infra_access.catalogue.models import Organisation
from infra_access.notifications.subject import Subject
from infra_access.people.roles import holders


def to_sign(session: Session, found: Subject, payload: Mapping[str, Any], now: datetime) -> Subject:
    """Return a request to be told to its applicant, and to those who sign for the applicant's side."""
    public_id = payload.get("access_request")
    request = session.scalars(select(AccessRequest).where(AccessRequest.public_id == public_id)).one()
    people = {request.requester_id, *applicant_signatories(session, request, now)}
    return replace(found, account_ids=tuple(sorted(people)), reason="")


def framework(session: Session, payload: Mapping[str, Any], now: datetime) -> Subject | None:
    """Return an agreement of two organisations, to be told to those who sign for either."""
    found = session.scalars(
        select(FrameworkAgreement).where(FrameworkAgreement.public_id == payload.get("framework_agreement"))
    ).one_or_none()
    if found is None:
        return None
    host, partner = (session.get_one(Organisation, key) for key in (found.host_id, found.partner_id))
    scopes = (("organisation", host.public_id), ("organisation", partner.public_id))
    return Subject(
        f"/framework-agreements/{found.public_id}",
        {"title": found.title, "version": found.text_version, "host": host.name, "partner": partner.name},
        tuple(holders(session, "signatory", scopes, now, network=False)),
        found.end_reason or "",
    )
