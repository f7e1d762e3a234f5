"""Loading what surrounds the approvals of the demonstration: a yes given ahead, and a correction that staff propose."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.authorisations import authorise
from infra_access.access_requests.approvals.models import RequestCorrection, StandingAuthorisation
from infra_access.access_requests.corrections import propose
from infra_access.access_requests.models import AccessRequest
from infra_access.people.actors import load_actor

if TYPE_CHECKING:
    from infra_access.demo.loading import World

_REASON = "Two visits without a complaint; the samples and the team are known to the user office."
_WISH = "One visit of two shifts will do for three sections, if the team says so in its summary."


def around_approvals(session: Session, world: World) -> None:
    """Load both once; they go through the commands, by the people of the demonstration."""
    given = world.days_ago(7)
    if session.scalar(select(StandingAuthorisation.id)) is None:
        authorise(
            session,
            actor=load_actor(session, world.accounts["manager@demo.example"], now=given),
            now=given,
            role="facility_manager",
            scope=("facility", world.facilities["villigen-neutron-source"].public_id),
            organisation=world.organisations["uct"].public_id,
            regimes=["open"],
            reason=_REASON,
            conditions="The local contact is there on the first day.",
            until=given + timedelta(days=365),
        )
    if session.scalar(select(RequestCorrection.id)) is None:
        request = session.scalars(
            select(AccessRequest).where(AccessRequest.public_id == world.requests["soil-iron"])
        ).one()
        proposed = world.days_ago(2)
        propose(
            session,
            actor=load_actor(session, world.accounts["scientist@demo.example"], now=proposed),
            now=proposed,
            access_request=request,
            changes={"summary": f"{request.summary} All sections in one visit."},
            reason=_WISH,
        )
