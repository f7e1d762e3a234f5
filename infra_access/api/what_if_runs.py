"""/what-if-runs: what a version of rules would change for all requests of the past, worked out by the worker."""

from typing import Any

from infra_access.access_requests.what_if_models import RunState
from infra_access.access_requests.what_if_runs import (
    ERRORS,
    MOST_LISTED,
    RunView,
    run_by_public_id,
    start_run,
)
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Flag, Instant, Integer, Line, Lines, ListOf, Part, PublicId
from infra_access.api.policies import ReachOut, RequestChangeOut, WhatIfBody
from infra_access.api.schemas import Out
from infra_access.api.serving import Created
from infra_access.core.authority import Permission
from infra_access.core.decision import Outcome
from infra_access.http.what_ifs import most_what_ifs


class AnswersOut(Out):
    """How many requests have this answer today and that one with the version in force."""

    before = Choice(Outcome)
    after = Choice(Outcome)
    requests = Integer(low=1)


class RunOut(Out):
    """How far it is worked out, and what was found so far."""

    id = PublicId()
    policy = PublicId("The version of rules that is tried.")
    document_version = Integer("The version of that document when it was asked for.", low=1)
    policy_version = Line("The rules in force that it is compared with, once it has begun.", most=40, allow_none=True)
    draft_changed = Flag("Whether its rules were changed since they were tried.")
    policy_changed = Flag("Whether other rules came into force since.")
    state = Choice(RunState)
    error = Line("A stable code, where it failed.", most=60, allow_none=True)
    detail = Lines("Why it failed, in words.", most=1_000, allow_none=True)
    months = Integer(low=1, high=60)
    asked_by = Line(most=200)
    asked_at = Instant()
    started_at = Instant(allow_none=True)
    finished_at = Instant(allow_none=True)
    instruments = Integer("How many instruments the rules reach.", low=0)
    reach = ListOf(Part(ReachOut), "Every kind of applicant and country.", most=3_000)
    looked_at = Integer("How many requests were looked at, from the latest on.", low=0)
    of = Integer("Of how many.", low=0)
    answers = ListOf(Part(AnswersOut), "All that were looked at, counted.", most=100)
    changed = Integer("How many would be answered otherwise.", low=0)
    requests = ListOf(Part(RequestChangeOut), "Of these the latest.", most=MOST_LISTED)


@resource(
    "api.policy_what_if_runs", "POST", permission=Permission.POLICY_READ, body=WhatIfBody, out=RunOut, status=202,
    errors=(409,),
)  # fmt: skip
def ask(call: Call) -> Created:
    """Let the worker find out what would change for all requests of the past; look at the Location for the answer."""
    run = start_run(
        call.db,
        actor=call.actor,
        now=call.now,
        document=call.row,
        scopes=call.context.scopes,
        most_a_day=most_what_ifs(call.request),
        **call.body,
    )
    return Created(_shown(call, run_by_public_id(call.db, run.public_id)), f"/api/v1/what-if-runs/{run.public_id}")


@resource("api.what_if_run", "GET", permission=Permission.POLICY_READ, out=RunOut)
def read(call: Call) -> dict[str, Any]:
    """Show how far it is worked out, and what was found so far."""
    return _shown(call, call.row)


def _shown(call: Call, view: RunView) -> dict[str, Any]:
    run, found = view.run, view.found
    as_they_are = ("document_version", "policy_version", "state", "error", "months", "asked_by")
    instants = ("asked_at", "started_at", "finished_at")
    return {
        **{name: getattr(run, name) for name in (*as_they_are, *instants)},
        "id": run.public_id,
        "policy": view.document.public_id,
        "draft_changed": view.draft_changed,
        "policy_changed": view.policy_changed,
        "detail": call.request.localize(ERRORS[run.error]) if run.error else None,
        **{name: getattr(found, name) for name in ("instruments", "looked_at", "of", "changed")},
        "reach": [{name: getattr(one, name) for name in ReachOut._declared_fields} for one in found.reach],
        "answers": [{"before": before, "after": after, "requests": count} for before, after, count in found.pairs],
        "requests": [
            {"id": one.public_id, "submitted_at": one.submitted_at, "before": one.before, "after": one.after}
            for one in found.requests
        ],
    }
