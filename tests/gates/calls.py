"""A valid call of every view that changes something: who makes it, of what, with which body.

The table of who may sends these as everybody; the gate of the audit sends each once and counts events.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from infra_access.access_requests.models import AccessRequest, Agreement, Approval
from infra_access.demo.loading import PASSWORD
from infra_access.scheduling.models import Booking
from tests.demo_world import DemoWorld

Body = Mapping[str, Any] | Callable[[DemoWorld], Mapping[str, Any]]

TYPICAL = {
    "organisations": "demo-sensors-ke",
    "facilities": "swiss-light-source",
    "instruments": "sls-micro-xas",
    "access-requests": "soil-iron",
    "approvals": "soil-iron facility_manager",
    "bookings": "sls-sample-laboratory-02",
    "conversations": "liquid-samples",
    "policies": "facility swiss-light-source-rules",
    "tokens": "startup",
    "set-password": "startup",
}
"""Which object an address is about unless a call says otherwise: all are of startup@ or at the place of manager@."""

NEW = "what the call before it made"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that succeeds.

    `of` names another object than the typical one, `owner` and `staff` its people; `after` is a call that has to come
    first. `silent` says why no event is recorded, `commands` how many commands one button gives at once, and
    `commits_itself` that the view has transactions of its own.
    """

    by: str | None = "startup"
    body: Body | None = None
    of: str | None = None
    owner: str = "startup"
    staff: str = "manager"
    after: str | None = None
    query: Mapping[str, str] | None = None
    silent: str = ""
    commands: int = 1
    commits_itself: bool = False

    def sent(self, world: DemoWorld) -> Mapping[str, Any] | None:
        """Return the body."""
        return self.body(world) if callable(self.body) else self.body


def call_of(name: str) -> Call:
    """Return how a view is called."""
    return CALLS.get(name) or READS.get(name) or Call()


def key_of(world: DemoWorld, kind: str | None, call: Call, made: str = "") -> str:
    """Return the id for the address; `made` is that of what the call before it made, else a typical one stands in."""
    if kind is None:
        return ""
    if call.of == NEW and made:
        return made
    return world.ids[kind][call.of if call.of not in {None, NEW} else TYPICAL[kind]]


def _in(kind: str, key: str) -> Callable[[DemoWorld], str]:
    return lambda world: world.ids[kind][key]


def _given(**values: Any) -> Callable[[DemoWorld], dict[str, Any]]:
    """Return a body in which functions of the world stand for ids."""

    def body(world: DemoWorld) -> dict[str, Any]:
        return {name: value(world) if callable(value) else value for name, value in values.items()}

    return body


def _terms_of_bone_pores(world: DemoWorld) -> str:
    with world.database.reader() as session:
        return session.scalars(
            select(Agreement.text_hash)
            .join(AccessRequest, AccessRequest.id == Agreement.access_request_id)
            .where(AccessRequest.public_id == world.ids["access-requests"]["bone-pores"])
        ).one()


def _new_request(world: DemoWorld) -> dict[str, Any]:
    ids = world.ids
    return {
        "route": ids["routes"]["swiss-light-source Rapid access, open research"],
        "title": "Corrosion of a probe",
        "regime": "open",
        "acting_for": ids["organisations"]["demo-sensors-ke"],
        "instruments": [ids["instruments"]["sls-micro-xas"]],
        "quantity": {"amount": "2", "access_unit": "shift"},
        "period": {"start": "2026-04-06T00:00:00Z", "end": "2026-06-01T00:00:00Z"},
        "access_type": "physical",
    }


def _seen(model: Any, kind: str, key: str, **values: Any) -> Callable[[DemoWorld], dict[str, Any]]:
    """Return a body of a form that names the version of the row that it showed."""

    def body(world: DemoWorld) -> dict[str, Any]:
        with world.database.reader() as session:
            version = session.scalars(select(model.version).where(model.public_id == world.ids[kind][key])).one()
        return {**values, "version": str(version)}

    return body


def _request_form(world: DemoWorld) -> dict[str, Any]:
    given = _new_request(world)
    return {
        **{name: given[name] for name in ("route", "title", "regime", "acting_for", "access_type")},
        "instruments": given["instruments"][0],
        "quantity": "2",
        "period.start": "2026-04-06",
        "period.end": "2026-05-31",
    }


def _draft_form(world: DemoWorld) -> dict[str, Any]:
    seen = _seen(AccessRequest, "access-requests", "sensor-corrosion")(world)
    changed = {"instruments": world.ids["instruments"]["sls-tomography"], "regime": "proprietary"}
    return _request_form(world) | changed | seen


SLS = _in("facilities", "swiss-light-source")
LABORATORY_LATER = {"start": "2026-03-11T13:00:00Z", "end": "2026-03-11T17:00:00Z"}
BONES: Mapping[str, Any] = {"of": "bone-pores", "owner": "researcher", "by": "manager-cape-town"}
CHAMBER: Mapping[str, Any] = {"of": "njoro-climate-chamber-02", "staff": "manager-njoro"}

READS: Mapping[str, Call] = {
    "api.agreement GET": Call(**BONES),
    "api.audit GET": Call(by="auditor", query={"object": "0" * 16}),
}
"""What reading needs beyond the typical object."""

CALLS: Mapping[str, Call] = {
    "api.organisations POST": Call(body={"name": "Gate Instruments", "country": "KE"}),
    "api.organisation PATCH": Call(body={"website": "https://gate.example"}),
    "api.facilities POST": Call(
        body=_given(
            organisation=_in("organisations", "demo-sensors-ke"),
            name="Gate hall",
            country="KE",
            timezone="Africa/Nairobi",
        )
    ),
    "api.facility PATCH": Call(by="manager", body={"city": "Villigen AG"}),
    "api.instruments POST": Call(by="manager", body=_given(facility=SLS, name="Gate microscope")),
    "api.instrument PATCH": Call(by="manager", body={"description": "Another text."}),
    "api.access_requests POST": Call(body=_new_request),
    "api.access_request PATCH": Call(of="sensor-corrosion", body={"summary": "Another summary."}),
    "api.access_request_submit POST": Call(of="sensor-corrosion"),
    "api.access_request_withdraw POST": Call(body={"reason": "No samples."}),
    "api.agreement_accept POST": Call(**BONES, body=_given(text_hash=_terms_of_bone_pores)),
    "api.approval_decision POST": Call(by="manager", body={"verdict": "approve", "reason": "It fits."}),
    "api.bookings POST": Call(
        body=_given(
            instrument=_in("instruments", "njoro-climate-chamber"),
            start="2026-03-12T05:00:00Z",
            end="2026-03-12T13:00:00Z",
        )
    ),
    "api.booking PATCH": Call(body=LABORATORY_LATER),
    "api.booking_cancel POST": Call(body={"reason": "No samples."}),
    "api.booking_check_in POST": Call(**CHAMBER),
    "api.booking_complete POST": Call(**CHAMBER, after="api.booking_check_in POST"),
    "api.policies POST": Call(by="manager", body=_given(scope_kind="facility", scope_key=SLS, name="gate", rules=[])),
    "api.policies_evaluate POST": Call(
        body=lambda world: {"instruments": [world.ids["instruments"]["sls-micro-xas"]]}, silent="only computes"
    ),
    "api.policy_publish POST": Call(by="manager", of=NEW, after="api.policies POST"),
    "api.me PATCH": Call(body={"phone": "+254 20 000 0000"}),
    "api.tokens POST": Call(body={"name": "Gate", "scope": "read"}),
    "api.token DELETE": Call(),
    "account POST": Call(body={"phone": "+254 20 000 0000"}),
    "account POST belong": Call(body=_given(belong=_in("organisations", "egerton"))),
    "account POST leave": Call(body=_given(leave=_in("organisations", "demo-sensors-ke"))),
    "account_tokens POST": Call(body={"token_name": "Gate", "scope": "read", "expires_in_days": "30"}),
    "account_tokens POST revoke": Call(body=_given(revoke=_in("tokens", "startup"))),
    "instrument_ask POST": Call(body={"subject": "Size", "text": "How large may a sample be?"}),
    "language POST": Call(by=None, body={"locale": "ja", "back": "/"}, silent="keeps a cookie, nothing of ours"),
    "manage POST add=facility": Call(
        body=_given(
            add="facility",
            organisation=_in("organisations", "demo-sensors-ke"),
            name="Gate hall",
            country="KE",
            timezone="Africa/Nairobi",
        )
    ),
    "manage POST add=instrument": Call(
        by="manager",
        body=_given(add="instrument", facility=SLS, name="Gate microscope", access_types="physical", copies="1"),
    ),
    # The organisation is entered, and its first member acts for it.
    "organisation_new POST": Call(body={"name": "Gate Instruments", "country": "KE", "sector": "company"}, commands=2),
    # A failed try has to stay counted.
    "sign_in POST": Call(by=None, body={"email": "startup@demo.example", "password": PASSWORD}, commits_itself=True),
    "sign_in POST link": Call(by=None, body={"link": "1", "email": "startup@demo.example"}),
    "sign_out POST": Call(),
    "sign_up POST": Call(
        by=None,
        body={
            "email": "gate@demo.example",
            "name": "Gate Keeper",
            "password": "a long sentence of somebody",
            "country_of_work": "KE",
            "timezone": "Africa/Nairobi",
        },
    ),
    "set_password POST": Call(by=None, body={"password": "a long sentence of somebody"}),
    "instrument_book POST": Call(
        of="njoro-climate-chamber", body={"date": "2026-03-12", "start": "08:00", "end": "16:00"}
    ),
    "instrument_request POST": Call(body=_request_form),
    "instrument_request POST rows": Call(
        body=lambda world: {**_request_form(world), "rows": "add:participants"},
        silent="draws the form with one row more",
    ),
    "access_request_edit POST": Call(of="sensor-corrosion", body=_draft_form),
    "access_request_edit POST rows": Call(
        of="sensor-corrosion", body={"rows": "add:participants"}, silent="draws the form with one row more"
    ),
    "access_request_submit POST": Call(
        of="sensor-corrosion", body=_seen(AccessRequest, "access-requests", "sensor-corrosion")
    ),
    "access_request_withdraw POST": Call(
        body=_seen(AccessRequest, "access-requests", "soil-iron", reason="No samples.")
    ),
    "access_request_accept POST": Call(**BONES, body=_given(text_hash=_terms_of_bone_pores, agreed="yes")),
    "access_request_message POST": Call(body={"subject": "Dates", "text": "May we come a week later?"}),
    "approval POST": Call(
        by="manager",
        body=_seen(Approval, "approvals", "soil-iron facility_manager", verdict="approve", reason="It fits."),
    ),
    "booking_cancel POST": Call(body=_seen(Booking, "bookings", "sls-sample-laboratory-02", reason="No samples.")),
    "booking_move POST": Call(
        body=_seen(Booking, "bookings", "sls-sample-laboratory-02", date="2026-03-11", start="14:00", end="18:00")
    ),
    "conversation POST": Call(body={"text": "Thank you."}),
}
