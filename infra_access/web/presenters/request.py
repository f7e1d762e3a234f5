"""A request as its page shows it: the days it is for, how it stands, what the reader can do, what was granted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from babel.numbers import format_decimal

from infra_access.access_requests.lifecycle import RequestState, RequestTransition, can_move
from infra_access.access_requests.models import Allocation
from infra_access.access_requests.request_queries import RequestView
from infra_access.access_requests.terms.agreement_queries import APPLICANT, HOST, AgreementView
from infra_access.core.i18n import Text, _
from infra_access.http.localisation import cldr

_S = RequestState
_GOOD = frozenset({_S.ACTIVE, _S.APPROVED, _S.COMPLETED})
_BAD = frozenset({_S.REFUSED, _S.REVOKED, _S.UPHELD})
_OVER = frozenset({_S.WITHDRAWN, _S.EXPIRED})
_MINE = frozenset({_S.DRAFT, _S.CHANGES_REQUESTED, _S.AGREEMENT_PENDING})
_SIDES: Mapping[str, Text] = {APPLICANT: _("For the team"), HOST: _("For the facility")}


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the terms: whose, and who accepted when, if anybody has."""

    words: Text
    name: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Granted:
    """What was granted, used and left, as numbers in the reader's language."""

    amount: str
    used: str
    left: str
    any_left: bool


@dataclass(frozen=True, slots=True)
class Moves:
    """What the reader can do with a request."""

    submit: bool
    edit: bool
    withdraw: bool


def look_of(state: str) -> tuple[str, str]:
    """Return the tone and the icon of a request's state."""
    if state in _GOOD:
        return "free", "check"
    if state in _BAD:
        return "busy", "cross"
    if state in _OVER:
        return "closed", "dash"
    return ("mine", "pieces") if state in _MINE else ("accent", "clock")


def next_words(view: RequestView) -> Text:
    """Return what happens next, to whoever reads: the team is told what to do, the staff what the team does."""
    state = RequestState(view.access_request.state)
    if view.is_staff and view.has_exception:
        return _("An exception was granted. It comes back when the team has sent it again.")
    if view.is_staff and state is _S.CHANGES_REQUESTED:
        return _("The team was asked for changes. It comes back when they have sent it again.")
    if view.is_staff and view.is_scheduled and not view.rests_on_review:
        return _("The facility proposes times within what was granted. The team accepts or declines each.")
    if view.is_staff and state in (_S.ACTIVE, _S.APPROVED) and not view.rests_on_review:
        return _("The team can book time within what was granted.")
    return view.next_step


def moves(view: RequestView) -> Moves:
    """Return what the requester can do now; nothing for anybody else."""
    state = RequestState(view.access_request.state)
    if "requester" not in view.relations:
        return Moves(submit=False, edit=False, withdraw=False)
    return Moves(
        submit=state in (_S.DRAFT, _S.CHANGES_REQUESTED, _S.REOPENED),
        edit=state is _S.DRAFT or can_move(state, RequestTransition.AMEND),
        withdraw=can_move(state, RequestTransition.WITHDRAW),
    )


def sides(agreement: AgreementView) -> list[Side]:
    """Return both sides of the terms with whoever accepted."""
    by_side = {one.side: one for one in agreement.accepted}
    return [
        Side(words, by_side[side].name if side in by_side else None, by_side[side].at if side in by_side else None)
        for side, words in _SIDES.items()
    ]


def granted(allocation: Allocation | None, locale: str) -> Granted | None:
    """Return what was granted, ready to be shown; None where nothing is yet."""
    if allocation is None:
        return None
    left = allocation.amount - allocation.used

    def shown(number: Decimal) -> str:
        return format_decimal(number, locale=cldr(locale))

    return Granted(shown(allocation.amount), shown(allocation.used), shown(left), any_left=left > 0)
