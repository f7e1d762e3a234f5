"""/facilities/{id}/trainings: what its staff records that people completed; /me/trainings: the caller's own."""

from typing import Any

from infra_access.access_requests.training_records import record_training
from infra_access.api.contract import Call, resource
from infra_access.api.fields import Day, Instant, Line, Lines, PublicId
from infra_access.api.schemas import Body, Out, PageQuery, page_of
from infra_access.api.serving import Created
from infra_access.core.authority import Permission
from infra_access.core.paging import Page
from infra_access.people.trainings import (
    RecordedTraining,
    own_trainings,
    recorded_at,
    training_by_public_id,
    withdraw_training,
)


class TrainingBody(Body):
    """That a person completed a training."""

    email = Line("The confirmed mail address of their account.", most=254, required=True, filled=True)
    code = Line("As rules name it, such as laser-safety.", most=80, required=True, filled=True)
    issuer = Line("Who gave it; the facility by default. Nobody records in the name of others.", most=200)
    completed_on = Day(required=True)
    expires_on = Day("The first day on which it counts no longer.", allow_none=True)


class WithdrawTrainingBody(Body):
    """Why it counts no longer."""

    reason = Lines(most=2_000, required=True, filled=True)


class TrainingOut(Out):
    """A training that was recorded."""

    id = PublicId()
    person = PublicId("Whose it is.")
    person_name = Line(most=200)
    code = Line(most=80)
    issuer = Line(most=200)
    completed_on = Day()
    expires_on = Day(allow_none=True)
    recorded_at = Instant(allow_none=True)
    withdrawn_at = Instant(allow_none=True)
    withdrawn_reason = Lines(most=2_000, allow_none=True)


@resource(
    "api.facility_trainings", "GET", permission=Permission.TRAINING_READ, query=PageQuery, out=page_of(TrainingOut)
)
def recorded(call: Call) -> Page[dict[str, Any]]:
    """List the trainings that the facility recorded, the latest first, withdrawn ones too."""
    page = recorded_at(call.db, call.row, **call.query)
    return Page([_shown(one) for one in page.items], page.next)


@resource(
    "api.facility_trainings", "POST", permission=Permission.TRAINING_WRITE, body=TrainingBody, out=TrainingOut,
    status=201,
)  # fmt: skip
def record(call: Call) -> Created:
    """Record that another person completed a training; what waits for it is met at once."""
    made = record_training(call.db, actor=call.actor, now=call.now, facility=call.row, **call.body)
    return Created(_read(call, made.public_id), f"/api/v1/trainings/{made.public_id}")


@resource("api.training", "GET", permission=Permission.TRAINING_READ, out=TrainingOut)
def read(call: Call) -> dict[str, Any]:
    """Show a training of the caller's, or one that the caller's facility recorded."""
    return _shown(call.row)


@resource(
    "api.training_withdraw", "POST", permission=Permission.TRAINING_WRITE, body=WithdrawTrainingBody, out=TrainingOut,
    errors=(409,),
)  # fmt: skip
def withdraw(call: Call) -> dict[str, Any]:
    """Let a training count no longer; what waits for it waits again."""
    gone = withdraw_training(call.db, actor=call.actor, now=call.now, training=call.row.training, **call.body)
    return _read(call, gone.public_id)


@resource("api.my_trainings", "GET", permission=Permission.OWN_ACCOUNT, query=PageQuery, out=page_of(TrainingOut))
def own(call: Call) -> Page[dict[str, Any]]:
    """List the caller's trainings, the latest first, ended and withdrawn ones too."""
    page = own_trainings(call.db, call.row.id, **call.query)
    return Page([_shown(one) for one in page.items], page.next)


def _read(call: Call, public_id: str) -> dict[str, Any]:
    return _shown(training_by_public_id(call.db, public_id))


def _shown(one: RecordedTraining) -> dict[str, Any]:
    beside = {"id": one.training.public_id, "person": one.person, "person_name": one.person_name}
    return {name: getattr(one.training, name) for name in TrainingOut._declared_fields if name not in beside} | beside
