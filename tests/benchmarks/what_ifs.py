"""How long the worker takes to try a draft on ten thousand requests of the past, and how much memory that needs."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from infra_access.access_requests.models import AccessRequest, AccessRequestInstrument, Participant
from infra_access.access_requests.routes import create_route
from infra_access.access_requests.what_if_runs import run_by_public_id, start_run, work_on_runs
from infra_access.catalogue.models import Facility, Instrument
from infra_access.core.authority import NETWORK, system_actor
from infra_access.core.db import Database
from infra_access.core.ids import new_public_id
from infra_access.people.models import Account
from infra_access.policy.models import PolicyDocument
from infra_access.policy.publishing import create_document
from tests.factories.policy import raw_rule

REQUESTS = 10_000
_COUNTRIES = ("KE", "DE", "JP", "BR", "VN")
_VIETNAM = {"op": "eq", "fact": "participants[].country_of_work", "value": "VN"}
_ACTOR = system_actor("benchmark")
_SAMPLED_EVERY = 0.02


def measure(database: Database) -> str:
    """Return the line that tells what it took; the requests stay where they were written."""
    now = datetime.now(UTC)
    with database.writer() as session:
        run = start_run(session, actor=_ACTOR, now=now, document=_draft(session, now), scopes=(NETWORK,))
    peak = _Peak()
    before = peak.now()
    parts, longest = 0, 0.0
    began = ended = time.perf_counter()
    with peak:
        while work_on_runs(database, now=now):
            parts, longest, ended = parts + 1, max(longest, time.perf_counter() - ended), time.perf_counter()
    with database.reader() as session:
        found = run_by_public_id(session, run.public_id).found
    more = (peak.most - before) / 1e6
    return (
        f"what-if over {found.looked_at} requests: {ended - began:.0f} s, {parts} parts of up to {longest:.1f} s, "
        f"{found.changed} changed, at most {more:.0f} MB more"
    )


class _Peak:
    """The most memory that this process has, looked at many times a second."""

    def __init__(self) -> None:
        self.most = 0
        self._process = psutil.Process()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def now(self) -> int:
        """Return the resident memory in bytes."""
        found: int = self._process.memory_info().rss
        return found

    def _look(self) -> None:
        while not self._done.wait(_SAMPLED_EVERY):
            self.most = max(self.most, self.now())

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        self._thread.join()
        self.most = max(self.most, self.now())


def _draft(session: Session, now: datetime) -> PolicyDocument:
    """Write the requests of one facility's way in, and a draft that refuses a fifth of them."""
    facility = session.scalars(select(Facility).order_by(Facility.id).limit(1)).one()
    instruments = session.scalars(select(Instrument).where(Instrument.facility_id == facility.id).limit(5)).all()
    route = create_route(
        session,
        actor=_ACTOR,
        now=now,
        facility=facility,
        name="Benchmark access",
        access_mode="wide",
        entry="continuous",
        time_given="team_picks",
        operated_by="self",
        access_unit="hour",
        access_types=["physical"],
        regimes=["open"],
        instruments=instruments,
    )
    requester = session.scalars(select(Account.id).order_by(Account.id).limit(1)).one()
    session.execute(insert(AccessRequest), [_request(number, route.id, requester, now) for number in range(REQUESTS)])
    keys = session.scalars(select(AccessRequest.id).where(AccessRequest.route_id == route.id)).all()
    session.execute(
        insert(AccessRequestInstrument),
        [{"access_request_id": key, "instrument_id": instruments[key % 5].id} for key in keys],
    )
    session.execute(insert(Participant), [_member(key) for key in keys])
    shut = raw_rule(
        "shut",
        {"type": "deny"},
        {
            "some": {
                "over": "participants",
                "when": {"op": "eq", "fact": "participants[].country_of_work", "value": "VN"},
            }
        },
        applies_to=["request"],
    )
    scope = {"scope_kind": "facility", "scope_key": facility.public_id}
    return create_document(session, actor=_ACTOR, now=now, name="shut", rules=[shut], **scope)


def _request(number: int, route_id: int, requester_id: int, now: datetime) -> dict[str, Any]:
    submitted = now - timedelta(days=1, seconds=number)
    return {
        "public_id": new_public_id(),
        "route_id": route_id,
        "requester_id": requester_id,
        "title": f"Benchmark {number}",
        "regime": "open",
        "access_type": "physical",
        "quantity": 2,
        "access_unit": "hour",
        "period_start": now,
        "period_end": now + timedelta(days=30),
        "project": {"purpose": "research"},
        "state": "under_review",
        "state_since": submitted,
        "decision": {},
        "submitted_at": submitted,
        "created_at": submitted,
        "version": 1,
    }


def _member(access_request_id: int) -> dict[str, Any]:
    return {
        "access_request_id": access_request_id,
        "email": f"member{access_request_id}@bench.example",
        "name": "Member",
        "role": "member",
        "country_of_work": _COUNTRIES[access_request_id % 5],
        "presence": "on-site",
    }
