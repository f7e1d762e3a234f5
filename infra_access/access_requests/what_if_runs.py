"""What a draft would change for all requests of the past: asked for once, worked out by the worker, and kept.

The worker takes one part at a time: first who could use what, then a hundred requests after the other. Each part is
computed in a reader and stored with how far it came, so a worker that dies costs one part, and nobody waits for a lock.
Where other rules come into force meanwhile it begins again, since one answer compares with one policy.

Each person has one run at a time and so many a day, and who asked for fewer that day goes first: nobody waits long
behind somebody who asks much.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, func, or_, select
from sqlalchemy.orm import Session, aliased

from infra_access.access_requests.models import AccessRequest
from infra_access.access_requests.what_if import (
    MONTH,
    MONTHS,
    NEWEST_FIRST,
    Reach,
    RequestChange,
    decided_again,
    reach_of,
    rows_of_reach,
    within,
)
from infra_access.access_requests.what_if_limits import DAY, MOST_A_DAY, refuse_more
from infra_access.access_requests.what_if_models import OPEN, RunState, WhatIfRun
from infra_access.audit.record import record
from infra_access.core.authority import Actor, Permission, Scopes, require, system_actor
from infra_access.core.db import Database
from infra_access.core.decision import Outcome
from infra_access.core.errors import DomainError, NotFound
from infra_access.core.i18n import Text, _
from infra_access.core.ids import new_public_id
from infra_access.core.named_locks import lock_names
from infra_access.policy.models import PolicyDocument
from infra_access.policy.rulebook import rulebook, rulebook_with

AT_ONCE = 100
"""Requests of one part: some third of a second."""

MOST_LISTED = 1_000
"""Changed requests that are told one by one, the latest; all are counted."""

FRESH = timedelta(hours=1)
"""So long an answer stands for whoever asks the same again."""

KEPT = timedelta(days=90)
"""How long an answer is kept."""

CLAIM_FOR = timedelta(minutes=2)
"""Longer than the longest part takes."""

MOST_ATTEMPTS = 5
_FAILED = "what_if.failed"
_WORKER = system_actor("worker")


ERRORS: Mapping[str, Text] = {
    "what_if.too_much": _(
        "So many rules cannot be tried for everybody and everything. Try them at one facility, or try fewer of them."
    ),
    _FAILED: _("This could not be worked out, which is our fault. Ask again; if it fails again, tell the operators."),
}
"""What is told of a run that failed."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a run found so far. `pairs` counts requests by the answer of today and the one with the draft in force."""

    instruments: int = 0
    reach: tuple[Reach, ...] = ()
    of: int = 0
    pairs: tuple[tuple[Outcome, Outcome, int], ...] = ()
    requests: tuple[RequestChange, ...] = ()

    @property
    def looked_at(self) -> int:
        """Return how many requests were decided again."""
        return sum(count for _before, _after, count in self.pairs)

    @property
    def changed(self) -> int:
        """Return how many of them would be answered otherwise."""
        return sum(count for before, after, count in self.pairs if before is not after)

    @property
    def rows(self) -> tuple[Reach, ...]:
        """Return who could use more or fewer instruments than before."""
        return rows_of_reach(self.reach)


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with the document it is of, and what changed since it was asked for."""

    run: WhatIfRun
    document: PolicyDocument
    draft_changed: bool
    policy_changed: bool

    @property
    def found(self) -> Found:
        """Return what was found."""
        return _read(self.run.found)

    @property
    def open(self) -> bool:
        """Tell whether it is still to be worked out."""
        return self.run.state in OPEN


def start_run(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    document: PolicyDocument,
    scopes: Scopes,
    months: int = MONTHS,
    most_a_day: int = MOST_A_DAY,
) -> WhatIfRun:
    """Let the worker find out what a draft would change; `scopes` are those that it lies in.

    Whoever asks the same of the same rules gets the run that is under way, or that has just ended. Raises Forbidden,
    Conflict `what_if.under_way` while another one of the actor's is, TooMany `what_if.too_many` with `retry_after` in
    seconds.
    """
    require(actor, Permission.POLICY_READ, scopes)
    lock_names(session, [f"what-if {document.public_id}", f"what-ifs of {actor.public_id}"])
    known = session.scalars(_latest(document, months)).first()
    if known is not None and known.rules == document.rules and _still_holds(session, known, now):
        return known
    if actor.account_id is not None:
        refuse_more(session, actor.account_id, now, most_a_day)
    run = WhatIfRun(
        document_id=document.id,
        document_version=document.version,
        rules=document.rules,
        months=months,
        state=RunState.WAITING,
        asked_by=actor.label,
        asked_by_id=actor.account_id,
        asked_at=now,
    )
    session.add(run)
    session.flush()
    _record(session, actor, "policy.what_if_asked", run, document, now, {"months": months})
    return run


def run_by_public_id(session: Session, public_id: str) -> RunView:
    """Return a run. Raises NotFound."""
    run = session.scalar(select(WhatIfRun).where(WhatIfRun.public_id == public_id))
    if run is None:
        raise unknown_run()
    return _view(session, run, session.get_one(PolicyDocument, run.document_id))


def unknown_run() -> NotFound:
    """Return what is raised for a run that is not there, or not the reader's to see."""
    return NotFound("what_if.unknown", _("There is no such answer, or it is not yours to see."))


def latest_run(session: Session, document: PolicyDocument, *, months: int = MONTHS) -> RunView | None:
    """Return the latest run of a draft over so many months."""
    run = session.scalars(_latest(document, months)).first()
    return _view(session, run, document) if run else None


def work_on_runs(database: Database, *, now: datetime) -> int:
    """Work out the next part of the run whose turn it is, and return how many parts that were."""
    with database.reader() as session:
        if session.scalar(_due(now).with_only_columns(WhatIfRun.id)) is None:
            return 0  # looking costs no lock, so an idle worker never makes a writer wait
    with database.writer() as session:
        run = session.scalars(_due(now).with_for_update(skip_locked=True, key_share=True)).first()
        if run is None:
            return 0
        if run.attempts >= MOST_ATTEMPTS:
            _end(session, run, now, error=_FAILED)
            return 0
        run.state, run.started_at = RunState.RUNNING, run.started_at or now
        run.claim, run.claimed_until, run.attempts = new_public_id(), now + CLAIM_FOR, run.attempts + 1
    try:
        with database.reader() as session:
            part = _next_part(session, run)
    except DomainError as error:
        part = {"error": error.code if error.code in ERRORS else _FAILED}
    with database.writer() as session:
        return _store(session, run, part, now)


def forget_old_runs(session: Session, *, now: datetime) -> None:
    """Delete what nobody will look at any more."""
    session.execute(delete(WhatIfRun).where(WhatIfRun.finished_at <= now - KEPT))


def _still_holds(session: Session, run: WhatIfRun, now: datetime) -> bool:
    if run.state in OPEN:
        return True
    ended = run.finished_at
    return (
        run.state == RunState.FINISHED
        and ended is not None
        and ended > now - FRESH
        and run.policy_version == rulebook(session).version
    )


def _latest(document: PolicyDocument, months: int) -> Select[WhatIfRun]:
    of_these = select(WhatIfRun).where(WhatIfRun.document_id == document.id, WhatIfRun.months == months)
    return of_these.order_by(WhatIfRun.id.desc()).limit(1)


def _view(session: Session, run: WhatIfRun, document: PolicyDocument) -> RunView:
    compared = run.policy_version
    return RunView(
        run=run,
        document=document,
        draft_changed=run.rules != document.rules,
        policy_changed=compared is not None and compared != rulebook(session).version,
    )


def _due(now: datetime) -> Select[WhatIfRun]:
    """Return the run whose turn it is: of whoever asked for the fewest before it within a day, then the oldest."""
    before = aliased(WhatIfRun)
    asked_before = (
        select(func.count())
        .select_from(before)
        .where(
            before.asked_by_id == WhatIfRun.asked_by_id,
            before.id < WhatIfRun.id,
            before.asked_at > now - DAY,
        )
        .correlate(WhatIfRun)
        .scalar_subquery()
    )
    return (
        select(WhatIfRun)
        .where(WhatIfRun.state.in_(OPEN), or_(WhatIfRun.claimed_until.is_(None), WhatIfRun.claimed_until < now))
        .order_by(asked_before, WhatIfRun.id)
        .limit(1)
    )


def _next_part(session: Session, run: WhatIfRun) -> dict[str, Any]:
    """Return the columns that are new once the next part is done; `state` is among them with the last."""
    draft = _as_asked_for(session, run)
    before = rulebook(session)
    after = rulebook_with(session, before, draft)
    since = and_(
        AccessRequest.submitted_at >= run.asked_at - run.months * MONTH,
        AccessRequest.submitted_at <= run.asked_at,
        within(draft),
    )
    if run.policy_version != before.version:
        instruments, reach = reach_of(session, draft, before, after, run.asked_at)
        of = session.scalar(select(func.count()).select_from(AccessRequest).where(since)) or 0
        found = Found(instruments, reach, of)
        return {"policy_version": before.version, "reached_at": None, "reached_id": None, "found": _written(found)}
    if run.reached_id is not None:
        same_instant = and_(AccessRequest.submitted_at == run.reached_at, AccessRequest.id < run.reached_id)
        since &= or_(AccessRequest.submitted_at < run.reached_at, same_instant)
    rows = session.execute(
        select(AccessRequest.id, AccessRequest.submitted_at).where(since).order_by(*NEWEST_FIRST).limit(AT_ONCE)
    ).all()
    found = _with(_read(run.found), list(decided_again(session, draft, before, after, [row.id for row in rows])))
    part: dict[str, Any] = {"found": _written(found)}
    if len(rows) < AT_ONCE:
        return {**part, "state": RunState.FINISHED}
    return {**part, "reached_at": rows[-1].submitted_at, "reached_id": rows[-1].id}


def _as_asked_for(session: Session, run: WhatIfRun) -> PolicyDocument:
    """Return the draft with the rules that it had then; it belongs to no session."""
    document = session.get_one(PolicyDocument, run.document_id)
    names = ("scope_kind", "scope_key", "name")
    return PolicyDocument(rules=run.rules, **{name: getattr(document, name) for name in names})


def _store(session: Session, worked: WhatIfRun, part: Mapping[str, Any], now: datetime) -> int:
    """Keep a part, unless another worker took the run up meanwhile since this one was slow."""
    mine = select(WhatIfRun).where(WhatIfRun.id == worked.id, WhatIfRun.claim == worked.claim)
    run = session.scalars(mine.with_for_update(key_share=True)).one_or_none()
    if run is None:
        return 0
    for name, value in part.items():
        setattr(run, name, value)
    run.claim, run.claimed_until, run.attempts = None, None, 0
    if run.error or run.state == RunState.FINISHED:
        _end(session, run, now, error=run.error)
    return 1


def _end(session: Session, run: WhatIfRun, now: datetime, *, error: str | None) -> None:
    run.state = RunState.FAILED if error else RunState.FINISHED
    run.error, run.finished_at, run.claim, run.claimed_until = error, now, None, None
    session.flush()
    document = session.get_one(PolicyDocument, run.document_id)
    found = _read(run.found)
    details = {"looked_at": found.looked_at, "changed": found.changed, **({"error": error} if error else {})}
    _record(session, _WORKER, f"policy.what_if_{run.state}", run, document, now, details)


def _with(found: Found, more: list[RequestChange]) -> Found:
    pairs = Counter({(before, after): count for before, after, count in found.pairs})
    pairs.update((one.before, one.after) for one in more)
    listed = (*found.requests, *(one for one in more if one.differs))[:MOST_LISTED]
    counted = tuple((*pair, count) for pair, count in sorted(pairs.items(), key=lambda one: (-one[1], one[0])))
    return Found(found.instruments, found.reach, found.of, counted, listed)


def _written(found: Found) -> dict[str, Any]:
    """Return what was found as it is stored."""
    return {
        "instruments": found.instruments,
        "reach": [[one.kind, list(one.countries), one.before, one.after] for one in found.reach],
        "of": found.of,
        "pairs": [list(one) for one in found.pairs],
        "requests": [[one.public_id, one.submitted_at.isoformat(), one.before, one.after] for one in found.requests],
    }


def _read(stored: Mapping[str, Any]) -> Found:
    if not stored:
        return Found()
    return Found(
        instruments=stored["instruments"],
        reach=tuple(Reach(kind, tuple(countries), *counts) for kind, countries, *counts in stored["reach"]),
        of=stored["of"],
        pairs=tuple((Outcome(before), Outcome(after), count) for before, after, count in stored["pairs"]),
        requests=tuple(
            RequestChange(key, datetime.fromisoformat(at), Outcome(before), Outcome(after))
            for key, at, before, after in stored["requests"]
        ),
    )


def _record(
    session: Session,
    actor: Actor,
    action: str,
    run: WhatIfRun,
    document: PolicyDocument,
    now: datetime,
    details: Mapping[str, Any],
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="policy",
        object_id=document.public_id,
        now=now,
        details={"run": run.public_id, "version": run.document_version, **details},
    )
