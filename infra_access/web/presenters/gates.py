"""Gates as a checklist: what is waited for, whose move it is, until when, and where to make it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from infra_access.access_requests.gates.judging import Gate, Owner
from infra_access.access_requests.terms.agreed import OF_TERMS
from infra_access.core.i18n import Text, _
from infra_access.core.roles import ROLES
from infra_access.policy.rules import RequirementKind
from infra_access.scheduling.gates.seen import SeenGate


@dataclass(frozen=True, slots=True)
class GateRow:
    """One line of the checklist. `about` is whom or what it is asked of, which nobody translates where it is a name.

    `state` is done, todo (the reader's move), waiting or overdue; `clears` and `reopens` say what the reader can do.
    `soonest` says that its day lay before it was asked for, so that nobody missed it.
    """

    gate: Gate
    title: Text
    about: Text
    state: str
    owner: Text
    due: datetime
    note: Text
    link: str = ""
    link_words: Text = ""
    clears: bool = False
    reopens: bool = False
    soonest: bool = False


def gate_rows(gates: Iterable[SeenGate], *, team: bool, now: datetime) -> list[GateRow]:
    """Return the gates of a booking; `team` says that whoever reads is of it."""
    return [
        GateRow(
            gate=one.gate,
            title=one.gate.message,
            about=one.gate.about,
            state=_state(one.gate, mine=one.mine, now=now),
            owner=_owner(one.gate, mine=one.mine, team=team),
            due=one.gate.due,
            note=one.gate.said,
            link=one.link if one.gate.open and not one.clears else "",
            link_words=_words(one.gate, mine=one.mine),
            clears=one.clears and one.gate.open,
            reopens=one.clears and one.gate.clearance is not None,
        )
        for one in gates
    ]


def request_gate_rows(
    gates: Iterable[Gate],
    *,
    account_id: int | None,
    team: bool,
    texts: Collection[str],
    sent: datetime | None,
    now: datetime,
) -> list[GateRow]:
    """Return the gates of a request, before anything is booked; each names who has to act.

    `texts` are the kinds of the agreements that its page shows; `sent` is when it was sent, None before that.
    """
    rows = []
    for gate in gates:
        own = gate.person is not None and gate.person.account_id == account_id
        mine = own or (team and gate.owner is Owner.TEAM)
        soonest = gate.open and gate.due <= (sent or now)
        rows.append(
            GateRow(
                gate=gate,
                title=gate.message,
                about=gate.about,
                state=_state(gate, mine=mine, now=gate.due if soonest else now),
                owner=_owner(gate, mine=mine, team=team),
                due=gate.due,
                note=gate.said,
                link="/account" if own and gate.open else _text_of(gate, texts),
                link_words=_("Read the text") if gate.kind is RequirementKind.AGREEMENT else _words(gate, mine=own),
                soonest=soonest,
            )
        )
    return rows


def anchor_of(kind: str) -> str:
    """Return the place of an agreement on the page of its request."""
    return {"terms": "terms", "mta": "terms-for-samples"}.get(kind, f"agreement-{kind}")


def _text_of(gate: Gate, texts: Collection[str]) -> str:
    """Return where to read and accept the agreement that an open gate waits for, on the page of its request."""
    kind = "terms" if gate.key in OF_TERMS else gate.code
    is_there = gate.open and gate.kind is RequirementKind.AGREEMENT and kind in texts
    return f"#{anchor_of(kind)}" if is_there else ""


def _state(gate: Gate, *, mine: bool, now: datetime) -> str:
    if not gate.open:
        return "done"
    if gate.due < now:
        return "overdue"
    return "todo" if mine else "waiting"


def _owner(gate: Gate, *, mine: bool, team: bool) -> Text:
    if gate.owner is Owner.PERSON:
        return _("you") if mine else gate.about or _("a member of the team")
    if gate.owner is Owner.TEAM:
        return _("you or another of your team") if team else _("the team")
    return ROLES.get(gate.role, gate.role)


def _words(gate: Gate, *, mine: bool) -> Text:
    if mine and gate.owner is Owner.PERSON:
        return _("Your trainings")
    if gate.kind is RequirementKind.AGREEMENT:
        return _("The request")
    return _("Your request") if mine and gate.owner is Owner.TEAM else _("Ask the facility")
