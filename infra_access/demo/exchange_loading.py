"""Loading what an organisation of the demonstration contributed in kind."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.ledger.models import Contribution
from infra_access.measurement.contributions import note_contribution

if TYPE_CHECKING:
    from infra_access.demo.loading import World

_GIVER = "uct"


def contribution(session: Session, world: World) -> None:
    """Note the weeks of an engineer, once."""
    organisation = world.organisations[_GIVER]
    known = select(Contribution.id).where(Contribution.organisation_id == organisation.id)
    if session.scalar(known.limit(1)) is not None:
        return
    note_contribution(
        session,
        actor=world.actor,
        now=world.days_ago(2),
        organisation=organisation,
        what="Two weeks of an engineer, for the sample changer",
        value=Decimal(6_400),
        currency="CHF",
        given_on=world.monday - timedelta(days=20),
        reason="Eighty hours at the rate that the host pays its own engineers.",
    )
