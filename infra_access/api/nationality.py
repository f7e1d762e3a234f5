"""/approvals/{id}/nationality: said by each on the team for themselves; opened by who decides, at /nationalities.

No answer to a GET shows what anybody said.
"""

from typing import Any

from infra_access.access_requests.approvals.nationality import MOST, MOST_REASON, declare
from infra_access.access_requests.approvals.nationality import read as open_all
from infra_access.access_requests.approvals.nationality_queries import answers_to, readings_of
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Country, Instant, Integer, Line, Lines, ListOf, Part
from infra_access.api.schemas import Body, Out
from infra_access.core.authority import Permission
from infra_access.http.sealing import sealer_of

MANY = 1_000


class NationalityBody(Body):
    """One's own nationality, or nationalities."""

    nationalities = ListOf(Country(), "As they are now, all of them.", least=1, most=MOST, required=True)


class ReadBody(Body):
    """Why they are read."""

    reason = Lines("For the record; the team does not see it.", most=MOST_REASON)


class NationalityReadingOut(Out):
    """One reading of what the caller said."""

    at = Instant()
    role = Line("In which role somebody read it.", most=40)


class AskedOut(Out):
    """Who is asked and has answered; never what."""

    asked = Integer("How many on the team are asked.", low=0)
    answered = Integer("How many of them have answered.", low=0)
    missing = ListOf(Line(most=200), "Who has not, told to who decides.", most=MANY)
    without_account = ListOf(Line(most=200), "Who is not asked, for want of an account; as above.", most=MANY)
    declared_at = Instant("When the caller answered.", allow_none=True)
    read = ListOf(Part(NationalityReadingOut), "Who read what the caller said, the latest first.", most=MANY)


class DeclaredOut(Out):
    """What one person said."""

    person = Line(most=200)
    nationalities = ListOf(Country())
    declared_at = Instant()


class NationalitiesOut(Out):
    """What those said who have answered."""

    items = ListOf(Part(DeclaredOut), most=MANY)


@resource("api.approval_nationality", "GET", permission=Permission.APPROVAL_LIST, out=AskedOut)
def show(call: Call) -> dict[str, Any]:
    """Show how many have answered, and who read what the caller said."""
    return _shown(call)


@resource(
    "api.approval_nationality",
    "PUT",
    permission=Permission.NATIONALITY_DECLARE,
    body=NationalityBody,
    out=AskedOut,
    errors=(409,),
)
def say(call: Call) -> dict[str, Any]:
    """Say one's own nationality, in place of what one said before."""
    nationalities = call.body["nationalities"]
    declare(
        call.db,
        actor=call.actor,
        now=call.now,
        approval=call.row.approval,
        nationalities=nationalities,
        sealer=sealer_of(call.request),
    )
    return _shown(call)


@resource(
    "api.approval_nationalities",
    "POST",
    permission=Permission.NATIONALITY_READ,
    body=ReadBody,
    out=NationalitiesOut,
    status=200,
    errors=(409,),
    keeps_answer=False,
)
def read(call: Call) -> dict[str, Any]:
    """Read what the team said; each reading is recorded."""
    found = open_all(
        call.db,
        actor=call.actor,
        now=call.now,
        approval=call.row.approval,
        reason=call.body.get("reason", ""),
        sealer=sealer_of(call.request),
    )
    return {"items": found}


def _shown(call: Call) -> dict[str, Any]:
    answers = answers_to(call.db, call.row)
    own, decides = answers.of(call.actor), "approver" in call.context.relations
    return {
        "asked": len(answers.asked),
        "answered": len(answers.asked) - len(answers.missing),
        "missing": answers.missing if decides else [],
        "without_account": answers.without_account if decides else [],
        "declared_at": own.declared_at if own else None,
        "read": readings_of(call.db, call.row, call.actor) if own else [],
    }
