"""Reading what came of accesses: all of one request for its team, and what everybody may see of an instrument."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from infra_access.access_requests.lifecycle import RequestState
from infra_access.access_requests.models import AccessRequest, AccessRequestInstrument
from infra_access.catalogue.models import Instrument
from infra_access.catalogue.vocabularies import Regime
from infra_access.outcomes.models import Outcome
from infra_access.outcomes.reporting import REPORTED_IN
from infra_access.people.models import Account

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """An outcome with the instrument that it is of, if one is named, and who added it."""

    outcome: Outcome
    instrument: Instrument | None
    added_by: str | None


def outcomes_of(session: Session, access_request: AccessRequest) -> list[OutcomeView]:
    """Return the outcomes of a request, removed ones last, oldest first; the caller checks the right. One statement."""
    rows = session.execute(
        select(Outcome, Instrument, Account.name)
        .outerjoin(Instrument, Instrument.id == Outcome.instrument_id)
        .outerjoin(Account, Account.id == Outcome.added_by_id)
        .where(Outcome.access_request_id == access_request.id)
        .order_by(Outcome.removed_at.is_not(None), Outcome.id)
    )
    return [OutcomeView(*row) for row in rows]


def public_outcomes_of(session: Session, instrument_id: int, *, today: date) -> Sequence[Outcome]:
    """Return what everybody may know that came of an instrument, newest first. One statement.

    What is kept private never shows, and what is under an embargo not before the day that its team named.
    """
    asked_for = select(AccessRequestInstrument.access_request_id).where(
        AccessRequestInstrument.instrument_id == instrument_id, AccessRequestInstrument.left_out.is_(False)
    )
    of_it = or_(
        Outcome.instrument_id == instrument_id,
        and_(Outcome.instrument_id.is_(None), Outcome.access_request_id.in_(asked_for)),
    )
    free = or_(
        AccessRequest.regime == Regime.OPEN,
        and_(AccessRequest.regime == Regime.EMBARGOED, Outcome.embargo_until <= today),
    )
    return session.scalars(
        select(Outcome)
        .join(AccessRequest, AccessRequest.id == Outcome.access_request_id)
        .where(
            of_it, free, Outcome.removed_at.is_(None), AccessRequest.state.in_((*REPORTED_IN, RequestState.WITHDRAWN))
        )
        .order_by(Outcome.id.desc())
        .limit(MOST_SHOWN)
    ).all()
