"""Loading what surrounds the approvals of the demonstration.

That is a yes given ahead, a correction that staff propose, and an opinion from outside.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.authorisations import authorise
from infra_access.access_requests.approvals.models import RequestCorrection, StandingAuthorisation
from infra_access.access_requests.corrections import propose
from infra_access.access_requests.models import AccessRequest, Approval
from infra_access.access_requests.opinions.asking import ask_opinion
from infra_access.access_requests.opinions.by_link import give_opinion, make_link
from infra_access.access_requests.opinions.models import OutsideOpinion
from infra_access.people.actors import load_actor

if TYPE_CHECKING:
    from infra_access.demo.loading import World

_REASON = "Two visits without a complaint; the samples and the team are known to the user office."
_QUESTION = "Can two shifts show how iron is bound in sections of this thickness, or is more time needed?"
_SUMMARY = "Thin sections of field soil, embedded in resin; micro X-ray absorption at the iron K edge."
_OPINION = (
    "Two shifts are enough for three sections if the maps are coarse first and fine only where iron was found. "
    "Resin without iron should be chosen."
)
_WISH = "One visit of two shifts will do for three sections, if the team says so in its summary."


def around_approvals(session: Session, world: World) -> None:
    """Load each once; they go through the commands, by the people of the demonstration."""
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
    if session.scalar(select(OutsideOpinion.id)) is None:
        _opinion(session, world)


def _opinion(session: Session, world: World) -> None:
    asked, answered = world.days_ago(2), world.days_ago(1)
    approval = session.scalars(
        select(Approval).where(
            Approval.subject_public_id == world.requests["soil-iron"], Approval.role == "facility_manager"
        )
    ).one()
    opinion = ask_opinion(
        session,
        actor=load_actor(session, world.accounts["manager@demo.example"], now=asked),
        now=asked,
        approval=approval,
        email="expert@demo.example",
        name="Prof. Ada Nwosu",
        question=_QUESTION,
        summary=_SUMMARY,
    )
    give_opinion(
        session,
        now=answered,
        token=make_link(session, opinion),
        recommendation="in_favour_under_conditions",
        reasons=_OPINION,
        no_conflict=True,
    )
