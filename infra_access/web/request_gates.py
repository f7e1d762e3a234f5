"""What the sessions of a request will wait for, and whether it asks for them sooner than is safe."""

from dataclasses import dataclass
from datetime import date, datetime

from pyramid.request import Request

from infra_access.access_requests.gates.of_requests import gates_of_request
from infra_access.access_requests.gates.reading import as_read
from infra_access.access_requests.request_queries import RequestView
from infra_access.access_requests.standing import case_number
from infra_access.access_requests.terms.next_steps import with_next_steps
from infra_access.core.decision import Decision
from infra_access.core.zones import named_zone
from infra_access.web.presenters.gates import GateRow, request_gate_rows


@dataclass(frozen=True, slots=True)
class TooSoon:
    """That a request asks for a day before that which is safe; `gates` cannot be met until then in their usual time."""

    asked: date
    safe: date
    gates: tuple[GateRow, ...]


def gates_seen(request: Request, view: RequestView, *, now: datetime) -> list[GateRow]:
    """Return what the sessions of a request will wait for; whoever asks reads as much as the rules disclose."""
    row, team = view.access_request, "team" in view.relations
    found = gates_of_request(request.db, row, view.route, now=now)
    found = with_next_steps(request.db, row, found, now=now, agreements=view.agreements)
    shown = as_read(found, case_number(row), relations=() if view.is_staff else view.relations, named=True)
    texts = {one.agreement.kind for one in view.agreements}
    account = request.actor.account_id
    return request_gate_rows(shown, account_id=account, team=team, texts=texts, sent=row.submitted_at, now=now)


def too_soon(request: Request, view: RequestView, decision: Decision, *, now: datetime) -> TooSoon | None:
    """Return that the period of a request begins before the first day that is safe; None where it does not."""
    start = decision.earliest_start
    asked = view.access_request.period_start.astimezone(named_zone(view.facility.timezone)).date()
    if start is None or start.safe <= asked:
        return None
    return TooSoon(asked, start.safe, tuple(one for one in gates_seen(request, view, now=now) if one.soonest))
