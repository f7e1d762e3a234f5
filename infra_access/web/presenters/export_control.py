"""What an export control officer looks at beside the request: codes, what crosses a border, names on sanction lists."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.approvals.queries import ApprovalView
from infra_access.access_requests.approvals.screened import Sheet, relations_to
from infra_access.access_requests.content import content_of
from infra_access.access_requests.facts import Leg, legs_of
from infra_access.access_requests.request_queries import RequestView
from infra_access.catalogue.models import Instrument
from infra_access.core.authority import Actor
from infra_access.scheduling.screened import sheet_of


@dataclass(frozen=True, slots=True)
class ExportControl:
    """`codes` are (name of the instrument, its control codes) where it has some; `crossing` the legs that cross."""

    codes: Sequence[tuple[str, list[str]]]
    crossing: Sequence[Leg]
    sheet: Sheet


def export_control(
    session: Session, view: ApprovalView, request: RequestView | None, *, actor: Actor
) -> ExportControl | None:
    """Return what the officer who may decide looks at; None for everybody else."""
    if not relations_to(view, actor):
        return None
    rows = session.execute(
        select(Instrument.name, Instrument.control_codes).where(Instrument.id.in_(view.approval.instrument_ids))
    )
    return ExportControl(
        codes=[(row.name, row.control_codes) for row in rows if row.control_codes],
        crossing=_crossing(session, request) if request is not None else (),
        sheet=sheet_of(session, actor=actor, view=view),
    )


def _crossing(session: Session, view: RequestView) -> list[Leg]:
    country = view.acting_for.country if view.acting_for else None
    legs = legs_of(content_of(session, view.access_request), acting_for_country=country, host=view.facility.country)
    return [leg for leg in legs if leg[1] != leg[2]]
