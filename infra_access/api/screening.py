"""/approvals/{id}/screening: names on sanction lists, for the export control officer and auditors alone."""

from typing import Any

from infra_access.access_requests.approvals.parties import Part as Takes
from infra_access.access_requests.approvals.screened import MOST_REASON, Sheet
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Choice, Country, Instant, Integer, Line, Lines, ListOf, Part
from infra_access.api.schemas import Body, Out
from infra_access.core.authority import Permission
from infra_access.scheduling.screened import decide_on_names, sheet_of
from infra_access.screening.deciding import MOST_AT_ONCE, Same
from infra_access.screening.lists import MAX_NAME, MAX_SHOWN, ListFormat
from infra_access.screening.matching import Candidate
from infra_access.screening.models import ScreeningDecision, ScreeningList
from infra_access.screening.names import Kind


class NamesBody(Body):
    """A decision on one or more candidates."""

    candidates = ListOf(Line(most=32, filled=True), "Their ids.", least=1, most=MOST_AT_ONCE, required=True)
    verdict = Choice(Same, "Whether they are who is listed.", required=True)
    reason = Lines("Why; the applicant never reads it.", most=MOST_REASON, filled=True, required=True)


class ListOut(Out):
    """A list that is looked into, or was when the approval was given."""

    name = Line(most=100)
    format = Choice(ListFormat)
    sha256 = Line("That of its file.", most=64)
    aliases_sha256 = Line("That of the file with its further names.", most=64, allow_none=True)
    entries = Integer(low=0)
    loaded_at = Instant()


class ScreenedPartyOut(Out):
    """Somebody who takes part, as the request says."""

    kind = Choice(Kind)
    part = Choice(Takes)
    name = Line(most=300)
    country = Country(allow_none=True)
    organisation = Line(most=300, allow_none=True)


class EntryOut(Out):
    """An entry, as the list says it."""

    list = Line(most=100)
    reference = Line(most=200)
    kind = Choice(Kind)
    name = Line("The one that is alike.", most=MAX_NAME)
    names = ListOf(Line(most=MAX_NAME))
    born = Line(most=MAX_SHOWN)
    countries = Line(most=MAX_SHOWN)
    programme = Line(most=MAX_SHOWN)
    remarks = Line(most=MAX_SHOWN)


class NameDecisionOut(Out):
    """What was decided on a candidate."""

    candidate = Line(most=32)
    party = Line(most=300)
    listed = Line(most=MAX_NAME)
    reference = Line(most=200)
    list = Line(most=100)
    sha256 = Line("That of the list then.", most=64)
    verdict = Choice(Same)
    reason = Lines(most=MOST_REASON)
    by = Line(most=200)
    at = Instant()


class CandidateOut(Out):
    """Somebody whose name is like one on a list: for a human to compare, never a refusal by itself."""

    id = Line("It stands for these two as they are now.", most=32)
    party = Part(ScreenedPartyOut)
    entry = Part(EntryOut)
    decision = Choice(Same, "The one that counts; null while there is none.", allow_none=True)


class ScreeningOut(Out):
    """The lists, who may be on them while the approval waits, and what was decided, the earliest first."""

    lists = ListOf(Part(ListOut))
    candidates = ListOf(Part(CandidateOut))
    undecided = Integer(low=0)
    decisions = ListOf(Part(NameDecisionOut))


@resource("api.approval_screening", "GET", permission=Permission.SCREENING_READ, out=ScreeningOut)
def read(call: Call) -> dict[str, Any]:
    """Compare who takes part with the sanction lists."""
    return _shown(sheet_of(call.db, actor=call.actor, view=call.row))


@resource(
    "api.approval_screening",
    "POST",
    permission=Permission.SCREENING_DECIDE,
    body=NamesBody,
    out=ScreeningOut,
    status=200,
)
def decide(call: Call) -> dict[str, Any]:
    """Decide whether they are who is listed, with the reason."""
    decide_on_names(call.db, actor=call.actor, now=call.now, approval=call.row.approval, **call.body)
    return _shown(sheet_of(call.db, actor=call.actor, view=call.row))


def _shown(sheet: Sheet) -> dict[str, Any]:
    screening = sheet.screening
    counted = {key: one.verdict for key, one in screening.decided.items()} if screening else {}
    return {
        "lists": [_list(one) for one in sheet.lists],
        "candidates": [_candidate(one, counted.get(one.id)) for one in screening.candidates] if screening else [],
        "undecided": len(screening.having(None)) if screening else 0,
        "decisions": [_decision(one, sheet.names) for one in sheet.decisions],
    }


def _list(row: ScreeningList) -> dict[str, Any]:
    names = ("name", "format", "sha256", "aliases_sha256", "entries", "loaded_at")
    return {name: getattr(row, name) for name in names}


def _candidate(one: Candidate, verdict: str | None) -> dict[str, Any]:
    party, entry = one.party, one.entry
    return {
        "id": one.id,
        "party": {
            "kind": party.kind,
            "part": party.part,
            "name": one.name,
            "country": party.country,
            "organisation": party.organisation,
        },
        "entry": {
            "list": one.source.name,
            "name": one.listed,
            **{
                name: getattr(entry, name)
                for name in ("reference", "kind", "names", "born", "countries", "programme", "remarks")
            },
        },
        "decision": verdict,
    }


def _decision(row: ScreeningDecision, names: dict[int, str]) -> dict[str, Any]:
    return {
        "candidate": row.candidate,
        "party": row.party,
        "listed": row.listed,
        "reference": row.reference,
        "list": row.list_name,
        "sha256": row.list_sha256,
        "verdict": row.verdict,
        "reason": row.reason,
        "by": names.get(row.decided_by_id, ""),
        "at": row.decided_at,
    }
