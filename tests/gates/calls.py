"""A valid call of every view that changes something: who makes it, of what, with which body.

The table of who may sends these as everybody; the gate of the audit sends each once and counts events.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from infra_access.access_requests.approvals.models import PolicyOverride, StandingAuthorisation
from infra_access.access_requests.approvals.parties import parties_of
from infra_access.access_requests.models import AccessRequest, Agreement, Approval
from infra_access.access_requests.terms.framework_models import FrameworkAgreement
from infra_access.accounting.models import FundingSource
from infra_access.catalogue.models import Instrument, Organisation, Resource
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import parse_instant
from infra_access.demo.loading import PASSWORD
from infra_access.orders.models import ServiceOrder
from infra_access.scheduling.drafts.models import SessionSchedule
from infra_access.scheduling.models import Booking
from infra_access.scheduling.series.models import BookingSeries
from infra_access.scheduling.upkeep.models import Closure
from infra_access.scheduling.upkeep.report import Report
from infra_access.screening.matching import candidates_for
from tests.demo_world import DemoWorld

Body = Mapping[str, Any] | Callable[[DemoWorld], Mapping[str, Any]]

TYPICAL = {
    "organisations": "demo-sensors-ke",
    "facilities": "swiss-light-source",
    "instruments": "sls-micro-xas",
    "access-requests": "soil-iron",
    "approvals": "soil-iron facility_manager",
    "framework-agreements": "Paid access of partners",
    "bookings": "sls-sample-laboratory-02",
    "booking-series": "filters-weekly",
    "quotes": "startup",
    "pools": "Startups",
    "periods": "2026, first half",
    "funding-sources": "Innovation voucher",
    "routes": "swiss-light-source Rapid access, open research",
    "resources": "Local contact, tomography",
    "closures": "Service of the magnets",
    "conversations": "liquid-samples",
    "service-orders": "maize-leaves",
    "schedules": "next-cycle",
    "policies": "facility startups-and-smes",
    "country-groups": "LDC:2024",
    "what-if-runs": "facility startups-and-smes",
    "trainings": "startup",
    "standing-authorisations": "uct",
    "delegations": "startup",
    "assurances": "startup",
    "overrides": "soil-iron",
    "tokens": "startup",
    "wait-list": "startup",
    "set-password": "startup",
    "confirm-address": "startup",
    "opinions": "soil-iron",
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


def _scope_of_sls(world: DemoWorld) -> str:
    return f"facility:{world.ids['facilities']['swiss-light-source']}"


def _terms_of_bone_pores(world: DemoWorld) -> str:
    with world.database.reader() as session:
        return session.scalars(
            select(Agreement.text_hash)
            .join(AccessRequest, AccessRequest.id == Agreement.access_request_id)
            .where(AccessRequest.public_id == world.ids["access-requests"]["bone-pores"])
        ).one()


def _names(world: DemoWorld) -> list[str]:
    """Return the candidates in the sanction list that is loaded."""
    with world.database.reader() as session:
        wanted = world.ids["approvals"]["finer-gratings export_control_officer"]
        approval = session.scalars(select(Approval).where(Approval.public_id == wanted)).one()
        return [one.id for one in candidates_for(session, parties_of(session, approval))]


def _name(world: DemoWorld) -> str:
    return _names(world)[0]


def _text_of_partners(world: DemoWorld) -> str:
    with world.database.reader() as session:
        wanted = world.ids["framework-agreements"]["Paid access of partners"]
        return session.scalars(select(FrameworkAgreement.text_hash).where(FrameworkAgreement.public_id == wanted)).one()


def _name_of_psi(world: DemoWorld) -> str:
    with world.database.reader() as session:
        wanted = world.ids["organisations"]["psi"]
        return session.scalars(select(Organisation.name).where(Organisation.public_id == wanted)).one()


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


def _order_form(key: str, **values: Any) -> Callable[[DemoWorld], dict[str, Any]]:
    return _seen(ServiceOrder, "service-orders", key, **values)


def _terms_of_the_quote(world: DemoWorld) -> dict[str, Any]:
    with world.database.reader() as session:
        wanted = world.ids["service-orders"]["sensor-coatings"]
        terms = session.scalars(select(ServiceOrder.terms).where(ServiceOrder.public_id == wanted)).one()
    return {"text_hash": terms["text_hash"]}


def _schedule_form(do: str, **values: Any) -> Callable[[DemoWorld], dict[str, Any]]:
    return _seen(SessionSchedule, "schedules", "next-cycle", do=do, **values)


def _drafted(world: DemoWorld) -> str:
    return world.ids["schedules"]["next-cycle session"].partition("/")[2]


def _soil_iron(world: DemoWorld) -> str:
    return world.ids["approvals"]["soil-iron facility_manager"]


SLS = _in("facilities", "swiss-light-source")
FIRST_OF_SERIES = {"recurrence_id": "2026-03-12T09:00"}
SERIES_LATER = {"start": "2026-03-12T13:00:00Z", "end": "2026-03-12T16:00:00Z"}
LABORATORY_LATER = {"start": "2026-03-11T13:00:00Z", "end": "2026-03-11T17:00:00Z"}
BONES: Mapping[str, Any] = {"of": "bone-pores", "owner": "researcher", "by": "manager-cape-town"}
GRATINGS: Mapping[str, Any] = {
    "of": "finer-gratings export_control_officer",
    "owner": "company-de",
    "staff": "export",
    "by": "export",
}
HOUSING: Mapping[str, Any] = {
    "of": "wind-housing export_control_officer",
    "owner": "company-de",
    "staff": "export",
    "by": "company-de",
}
BONE_MINERAL: Mapping[str, Any] = {
    "of": "bone-mineral",
    "owner": "researcher",
    "by": "researcher",
    "staff": "manager",
}
QUESTION = {"email": "third@demo.example", "name": "Dr. Third", "question": "Does it fit the beamline?"}
KELP: Mapping[str, Any] = {
    "of": "kelp-metals",
    "owner": "ecologist-de",
    "by": "ecologist-de",
    "staff": "manager-cape-town",
}
ENAMEL: Mapping[str, Any] = {"of": "tooth-enamel", "owner": "researcher", "by": "researcher"}
A_DATA_SET = {"kind": "dataset", "title": "Spectra of filters", "licence": "CC0-1.0", "identifier": "10.5555/filters"}
CHAMBER: Mapping[str, Any] = {"of": "njoro-climate-chamber-02", "staff": "manager-njoro"}
INVITED: Mapping[str, Any] = {
    "by": "manager-braga",
    "of": "braga-mask-aligner-01",
    "owner": "startup-br",
    "staff": "manager-braga",
}
_SITE_ENTRY = {"gate": "gate:site-entry"}

_NO_EVENTS = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//gate//EN\nEND:VCALENDAR"
_RING = {"resource": lambda world: _ring(world)}
_A_NIGHT = {"start": "2026-04-01T18:00:00Z", "end": "2026-04-02T04:00:00Z"}
_NIGHT_FORM = {
    "date": "2026-04-01",
    "start": "20:00",
    "end": "06:00",
    "end_date": "2026-04-02",
    "kind": "maintenance",
    "displace": "move",
}
_LOST_BEAM = {"start": "2026-02-25T12:00:00Z", "end": "2026-02-25T13:00:00Z", "cause": "beam"}
_LOST_FORM = {"date": "2026-02-25", "start": "13:00", "end": "14:00", "cause": "beam"}


def _ring(world: DemoWorld) -> str:
    with world.database.reader() as session:
        return session.scalars(select(Resource.public_id).where(Resource.name == "Storage ring")).one()


def _previewed(world: DemoWorld) -> dict[str, Any]:
    """Return the form of the second step, with what nothing in the way comes to."""
    night = TimeSpan(parse_instant(_A_NIGHT["start"]), parse_instant(_A_NIGHT["end"]))
    return {"resource": _ring(world), **_NIGHT_FORM, "label": "Leak", "preview": Report((night,), (), ()).token}


A_FRAMEWORK = {
    "kind": "framework",
    "title": "Gate agreement",
    "text_version": "1",
    "text": "What holds.",
    "regimes": ["open"],
}
A_WAY = {
    "name": "Walk in",
    "access_mode": "wide",
    "entry": "continuous",
    "time_given": "team_picks",
    "operated_by": "self",
    "access_unit": "hour",
    "access_types": ["physical"],
    "regimes": ["open"],
}
WHY = {"reason": "The samples are toxic after all."}
AGEING: Mapping[str, Any] = {
    "of": "detector-ageing",
    "by": "student-jp",
    "owner": "student-jp",
    "staff": "manager-vancouver",
}
FILTERS: Mapping[str, Any] = {"by": "manager", "of": "water-filters facility_manager"}
"""A yes that is looked at again."""
OF_THE_COUNTRY: Mapping[str, Any] = {
    "of": "soil-iron access_administrator",
    "by": "administrator",
    "staff": "administrator",
}
SHORTER = {"changes": {"summary": "Two thin sections."}, "reason": "Two are enough."}
A_CALL = {"name": "Spring", "opens_at": "2099-01-01T00:00:00Z", "closes_at": "2099-02-01T00:00:00Z"}
A_CONTRIBUTION = _given(
    organisation=_in("organisations", "uct"),
    what="A detector, on loan",
    value="250.50",
    currency="EUR",
    given_on="2026-03-01",
    reason="Its rent for a month",
)
VOUCHER = {
    "kind": "voucher",
    "name": "Gate voucher",
    "currency": "EUR",
    "limit": "100",
    "valid_from": "2026-01-01",
    "valid_until": "2026-12-31",
}

TRAINED = {"email": "startup@demo.example", "code": "sls-walk", "completed_on": "2026-03-01"}

READS: Mapping[str, Call] = {
    "api.authorisation GET": Call(owner="researcher"),
    "authorisation GET": Call(owner="researcher"),
    "api.approval_screening GET": Call(**GRATINGS),
    "access_request_step GET": Call(of="sensor-corrosion samples"),
    "access_request_check GET": Call(of="sensor-corrosion"),
    "api.approval_nationality GET": Call(**HOUSING),
    "approval_nationality GET": Call(**HOUSING),
    "access_request_exceptions GET": Call(of="water-filters"),
    "api.agreement GET": Call(**BONES),
    "api.assurances GET": Call(by="manager", query={"person": "startup@demo.example"}),
    "api.instrument_availability GET": Call(query={"start": "2026-03-02T00:00:00Z", "end": "2026-03-09T00:00:00Z"}),
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
    "api.facility_hours PUT": Call(by="manager", body={"weekly": [], "holidays": {"country": "CH", "region": "AG"}}),
    "api.facility_booking_rules PUT": Call(by="manager", body={"lead_minutes": 60}),
    "api.instrument_booking_rules PUT": Call(by="manager", body={"off_hours": "escort"}),
    "facility_hours POST": Call(by="manager", body={"weekly.0": "09:00-17:00", "exceptions.1.day": "2030-01-02"}),
    "facility_booking_rules POST": Call(by="manager", body={"lead_minutes": "60"}),
    "instrument_edit POST": Call(
        by="manager",
        body=_seen(
            Instrument,
            "instruments",
            "sls-micro-xas",
            name="Hard X-ray micro-spectroscopy beamline",
            status="degraded",
            status_note="Half the flux.",
            scheduling_authority="here",
            publication="published",
            access_types="physical",
        ),
    ),
    "instrument_booking_rules POST": Call(by="manager", body={"off_hours": "escort"}),
    "api.instruments POST": Call(by="manager", body=_given(facility=SLS, name="Gate microscope")),
    "api.instrument PATCH": Call(by="manager", body={"description": "Another text."}),
    "api.access_requests POST": Call(body=_new_request),
    "api.access_request PATCH": Call(of="sensor-corrosion", body={"summary": "Another summary."}),
    "api.access_request_submit POST": Call(of="sensor-corrosion"),
    "api.access_request_withdraw POST": Call(body={"reason": "No samples."}),
    "api.access_request_appeal POST": Call(**AGEING, body={"reason": "The dose rate is a misprint."}),
    "access_request_appeal POST": Call(
        **AGEING, body=_seen(AccessRequest, "access-requests", "detector-ageing", reason="The dose is a misprint.")
    ),
    # The one booking behind it is cancelled too.
    "api.access_request_revoke POST": Call(by="manager", of="sensor-seals", body=WHY, commands=2),
    "access_request_revoke POST": Call(
        by="manager",
        of="sensor-seals",
        body=_seen(AccessRequest, "access-requests", "sensor-seals", **WHY),
        commands=2,
    ),
    "api.access_request_corrections POST": Call(by="manager", body=SHORTER),
    "access_request_corrections POST": Call(
        by="manager", body={"summary": "Two thin sections.", "reason": "Two are enough."}
    ),
    # Accepting a correction is an amendment too.
    "api.correction_answer POST": Call(of="soil-iron correction", body={"accept": True}, commands=2),
    "access_request_correction POST": Call(
        of="soil-iron correction",
        body=_seen(AccessRequest, "access-requests", "soil-iron", answer="decline"),
    ),
    "api.approvals_alike POST": Call(
        by="manager",
        body=_given(approvals=lambda world: [_soil_iron(world)], verdict="approve", reason="It fits."),
    ),
    "approvals_alike POST": Call(
        by="manager",
        body=_given(approvals=lambda world: _soil_iron(world), verdict="approve", reason="It fits."),
    ),
    "api.approval_opinions POST": Call(by="manager", body=QUESTION),
    "approval_opinions POST": Call(by="manager", body={**QUESTION, "days": "14"}),
    "api.opinion_withdraw POST": Call(by="manager", of="soil-iron opinion"),
    "opinion_withdraw POST": Call(by="manager", of="soil-iron opinion"),
    "opinion POST": Call(
        by=None, body={"no_conflict": "yes", "recommendation": "in_favour", "reasons": "Nobody has measured it yet."}
    ),
    "api.approval_step_back POST": Call(**OF_THE_COUNTRY, body={"reason": "My former student."}),
    "approval_step_back POST": Call(**OF_THE_COUNTRY, body={"reason": "My former student."}),
    "api.authorisations POST": Call(
        by="manager",
        body=_given(
            role="facility_manager",
            scope=SLS,
            organisation=_in("organisations", "demo-sensors-ke"),
            reason="Known and careful users.",
            until="2026-12-31T00:00:00Z",
        ),
    ),
    "authorisations POST": Call(
        by="manager",
        body=_given(
            role=lambda world: f"facility_manager|{_scope_of_sls(world)}",
            person="startup@demo.example",
            reason="Known and careful users.",
            until="2026-12-31",
        ),
    ),
    "api.authorisation_revoke POST": Call(by="manager", owner="researcher", body=WHY),
    "authorisation POST": Call(
        by="manager", owner="researcher", body=_seen(StandingAuthorisation, "standing-authorisations", "uct", **WHY)
    ),
    "api.assurances POST": Call(
        by="manager",
        body=_given(
            person="startup@demo.example", code="identity-high", source="Passport seen on site", scope=_scope_of_sls
        ),
    ),
    "api.assurance_withdraw POST": Call(by="administrator", body=WHY),
    "api.delegations POST": Call(
        body=_given(
            role="organisation_admin",
            scope=_in("organisations", "demo-sensors-ke"),
            to="colleague1@demo.example",
            until="2026-12-31T00:00:00Z",
        )
    ),
    "account_delegations POST": Call(
        body=_given(role=_in("delegations", "startup"), to="colleague1@demo.example", until="2026-12-31")
    ),
    "api.delegation_end POST": Call(),
    "account_delegations POST end": Call(body=_given(end=_in("delegations", "startup"))),
    "api.access_request_complete POST": Call(**BONE_MINERAL, body={"reason": "All are measured."}),
    "api.access_request_outcomes POST": Call(of="water-filters", body=A_DATA_SET),
    "api.access_request_outcome_remove POST": Call(**{**KELP, "of": "kelp-metals outcome"}, body={"reason": "Twice."}),
    "api.access_request_nothing_to_report POST": Call(**ENAMEL, body={"reason": "The teeth broke."}),
    "access_request_complete POST": Call(
        **BONE_MINERAL, body=_seen(AccessRequest, "access-requests", "bone-mineral", reason="All are measured.")
    ),
    "access_request_outcomes POST": Call(of="water-filters", body=A_DATA_SET),
    "access_request_outcomes POST remove": Call(
        **KELP,
        body=lambda world: {
            "remove": world.ids["access-requests"]["kelp-metals outcome"].partition("/")[2],
            "reason": "Twice.",
        },
    ),
    "access_request_outcomes POST nothing": Call(**ENAMEL, body={"nothing": "yes", "reason": "The teeth broke."}),
    "api.reciprocity_contributions POST": Call(by="administrator", body=A_CONTRIBUTION),
    "reciprocity POST": Call(by="administrator", body=A_CONTRIBUTION),
    "api.agreement_offer POST": Call(
        **BONE_MINERAL | {"of": "bone-cells", "by": "manager"}, body={"code": "data-transfer"}
    ),
    "api.agreement_accept POST": Call(**BONES, body=_given(text_hash=_terms_of_bone_pores)),
    "api.access_request_overrides POST": Call(
        by="manager", of="water-filters", body={"rule": "sls-rapid-five-shifts", "reason": "A shift was lost."}
    ),
    "api.override_confirm POST": Call(by="administrator"),
    "api.override_withdraw POST": Call(by="administrator", body={"reason": "It is not needed any more."}),
    "api.frameworks POST": Call(
        body=_given(**A_FRAMEWORK, host=_in("organisations", "psi"), partner=_in("organisations", "demo-sensors-ke"))
    ),
    "api.framework_offer POST": Call(of="Secrecy about coatings"),
    "api.framework_accept POST": Call(body=_given(text_hash=_text_of_partners)),
    "api.framework_end POST": Call(body={"reason": "We moved."}),
    "api.approval_decision POST": Call(by="manager", body={"verdict": "approve", "reason": "It fits."}),
    "api.approval_renewal POST": Call(**FILTERS, body={"review_at": "2099-01-01T00:00:00Z", "reason": "It serves us."}),
    "api.approval_nationality PUT": Call(**HOUSING, body={"nationalities": ["DE", "TR"]}),
    "api.approval_nationalities POST": Call(**HOUSING | {"by": "export"}, body={"reason": "The law asks for it."}),
    "approval_nationality POST": Call(**HOUSING, body={"nationalities": "DE"}),
    "approval_nationalities POST": Call(**HOUSING | {"by": "export"}),
    "api.approval_screening POST": Call(
        **GRATINGS, body=_given(candidates=_names, verdict="different", reason="Older.")
    ),
    "api.quotes POST": Call(
        body=_given(
            instrument=_in("instruments", "sls-micro-xas"),
            route=_in("routes", "swiss-light-source Paid access, results stay yours"),
            regime="proprietary",
            units="2",
        )
    ),
    "api.funding_sources POST": Call(body=VOUCHER),
    "api.facility_periods POST": Call(
        by="manager", body={"name": "Later", "start": "2027-01-01T00:00:00Z", "end": "2027-07-01T00:00:00Z"}
    ),
    "api.facility_routes POST": Call(
        by="manager", body=_given(**A_WAY, instruments=lambda world: [world.ids["instruments"]["sls-micro-xas"]])
    ),
    "api.route PATCH": Call(by="manager", body={"name": "Fast access"}),
    "api.route_rounds POST": Call(by="manager", body=A_CALL, of="swiss-light-source Half-yearly call"),
    "api.route_round PATCH": Call(
        by="manager", body={"units_offered": 90}, of="swiss-light-source Half-yearly call round"
    ),
    "facility_ways POST": Call(
        by="manager", body=_given(**A_WAY, instruments=lambda world: [world.ids["instruments"]["sls-micro-xas"]])
    ),
    "facility_way POST save=way": Call(
        by="manager",
        body=_given(
            **{key: value for key, value in A_WAY.items() if key not in {"entry", "access_unit"}},
            instruments=lambda world: [world.ids["instruments"]["sls-micro-xas"]],
            active="yes",
            save="way",
        ),
    ),
    "facility_way POST save=reduction": Call(
        by="manager",
        body={"save": "reduction", "percent": "50", "ground": "Startups", "startup": "yes", "reduced": "open"},
    ),
    "facility_way POST remove_reduction": Call(
        by="manager", body={"remove_reduction": "proprietary.0"}, of="swiss-light-source Send samples by post"
    ),
    "facility_way POST save=rules": Call(by="manager", body={"lead_minutes": "60", "save": "rules"}),
    "facility_way POST save=call": Call(
        by="manager",
        body={"save": "call", "call_name": "Spring", "opens_at": "2099-01-01", "closes_at": "2099-02-01"},
        of="swiss-light-source Half-yearly call",
    ),
    "facility_way POST save=units": Call(
        by="manager",
        body=_given(
            save="units",
            units_offered="90",
            round=lambda world: world.ids["routes"]["swiss-light-source Half-yearly call round"].partition("/")[2],
        ),
        of="swiss-light-source Half-yearly call",
    ),
    "api.facility_resources POST": Call(by="manager", body={"kind": "room", "name": "Hutch"}),
    "api.resource PATCH": Call(by="manager", body={"name": "Local contact"}),
    "api.instrument_companions PUT": Call(by="manager", body={"resources": []}),
    "facility_resources POST": Call(by="manager", body={"kind": "room", "name": "Hutch"}),
    "facility_resource POST": Call(
        by="manager",
        body=_seen(Resource, "resources", "Local contact, tomography", name="Local contact", active="yes"),
    ),
    "instrument_companions POST": Call(by="manager", body={}),
    "api.facility_pools POST": Call(
        by="manager",
        body=_given(
            period=_in("periods", "2026, first half"),
            name="Training",
            purpose="open-call",
            access_unit="shift",
            amount=5,
            instruments=lambda world: [world.ids["instruments"]["sls-tomography"]],
        ),
    ),
    "api.pool PATCH": Call(by="manager", body={"amount": 50}),
    "api.period PATCH": Call(by="manager", body={"name": "2026, January to June"}),
    "api.funding_source PATCH": Call(body={"limit": 25000}),
    "account_funding POST source": Call(
        body=lambda world: {
            **_seen(FundingSource, "funding-sources", "Innovation voucher")(world),
            "source": world.ids["funding-sources"]["Innovation voucher"],
            "new_limit": "25000",
            "new_valid_until": "2027-06-30",
            "active": "yes",
        }
    ),
    "api.facility_usage POST": Call(
        by="manager", body=_given(line=_in("usage-lines", "first"), units=1, price=0, note="One more was used.")
    ),
    "api.facility_month_close POST": Call(by="manager"),
    "account_funding POST": Call(body={**VOUCHER, "limit_amount": "100"}),
    "instrument_quote POST": Call(
        of="sls-micro-xas",
        body=lambda world: {
            "way": f"{world.ids['routes']['swiss-light-source Paid access, results stay yours']} proprietary",
            "units": "2",
        },
    ),
    "facility_pools POST period_name": Call(
        by="manager", body={"period_name": "Later", "first_day": "2027-01-01", "last_day": "2027-06-30"}
    ),
    "facility_pools POST purpose": Call(
        by="manager",
        body=_given(
            period=_in("periods", "2026, first half"),
            name="Training",
            purpose="open-call",
            access_unit="shift",
            amount="5",
            instruments=_in("instruments", "sls-tomography"),
        ),
    ),
    "facility_pools POST change_period": Call(
        by="manager",
        body=_given(
            change_period=_in("periods", "2026, first half"),
            new_period_name="January to June",
            new_first_day="2026-01-01",
            new_last_day="2026-06-30",
        ),
    ),
    "facility_pools POST pool": Call(by="manager", body=_given(pool=_in("pools", "Startups"), new_amount="50")),
    "facility_ledger POST close": Call(by="manager", body={"close": "2026-01"}),
    "facility_ledger POST line": Call(
        by="manager", body=_given(line=_in("usage-lines", "first"), units="1", price="0", note="One more was used.")
    ),
    "api.bookings POST": Call(
        body=_given(
            instrument=_in("instruments", "njoro-climate-chamber"),
            start="2026-03-12T05:00:00Z",
            end="2026-03-12T13:00:00Z",
        )
    ),
    "api.booking PATCH": Call(body=LABORATORY_LATER),
    "api.booking_cancel POST": Call(body={"reason": "No samples."}),
    "api.booking_confirm POST": Call(of="held", staff="manager-njoro"),
    "api.instrument_mirrors PUT": Call(
        by="manager", of="sls-photoemission", body={"content": _NO_EVENTS, "source": "The portal"}
    ),
    "api.wait_list POST": Call(
        body=_given(
            instrument=_in("instruments", "njoro-climate-chamber"),
            earliest="2026-03-10T05:00:00Z",
            latest="2026-03-14T13:00:00Z",
            minutes=480,
        )
    ),
    "api.wait_leave POST": Call(),
    "api.instrument_conversations POST": Call(body={"subject": "Wet samples", "text": "Can they be measured?"}),
    "api.access_request_conversations POST": Call(body={"subject": "Dates", "text": "May we come a week later?"}),
    "api.booking_conversations POST": Call(body={"subject": "Gases", "text": "Is there argon?"}),
    "api.service_order_conversations POST": Call(body={"subject": "Coating", "text": "Which side is coated?"}),
    "api.conversation_messages POST": Call(body={"text": "Thank you."}),
    "api.booking_check_in POST": Call(**CHAMBER),
    "api.booking_complete POST": Call(**CHAMBER, after="api.booking_check_in POST"),
    "api.booking_gates POST": Call(**INVITED, body={**_SITE_ENTRY, "note": "Invited."}),
    "api.booking_gates_reopen POST": Call(**INVITED, body=_SITE_ENTRY, after="api.booking_gates POST"),
    "booking_gates POST": Call(**INVITED, body={**_SITE_ENTRY, "note": "Invited.", "version": "1"}),
    "booking_gates_reopen POST": Call(**INVITED, body={**_SITE_ENTRY, "version": "2"}, after="api.booking_gates POST"),
    "api.booking_lost_time POST": Call(by="manager", of="sls-micro-xas-02", body=_LOST_BEAM),
    "api.facility_closures POST": Call(by="manager", body=_given(**_RING, **_A_NIGHT, label="Leak", displace="move")),
    "api.facility_closures_preview POST": Call(
        by="manager", body=_given(**_RING, **_A_NIGHT), silent="takes back what it tried"
    ),
    "api.facility_outages POST": Call(by="manager", body=_given(**_RING, **_LOST_BEAM)),
    "api.closure_withdraw POST": Call(by="manager"),
    "facility_maintenance POST": Call(
        by="manager", body=_given(**_RING, **_NIGHT_FORM), silent="takes back what it tried"
    ),
    "facility_maintenance POST preview": Call(by="manager", body=lambda world: _previewed(world)),
    "facility_outages POST": Call(by="manager", body=_given(**_RING, **_LOST_FORM)),
    "closure_withdraw POST": Call(by="manager", body=_seen(Closure, "closures", "Service of the magnets")),
    "booking_check_in POST": Call(**CHAMBER, body=_seen(Booking, "bookings", "njoro-climate-chamber-02")),
    "booking_complete POST": Call(**CHAMBER, body={"version": "2"}, after="api.booking_check_in POST"),
    "booking_lost_time POST": Call(by="manager", of="sls-micro-xas-02", body=_LOST_FORM),
    "api.bookings_together POST": Call(
        body=lambda world: {
            "items": [
                {
                    "instrument": world.ids["instruments"]["njoro-climate-chamber"],
                    "start": f"2026-03-{day}T05:00:00Z",
                    "end": f"2026-03-{day}T13:00:00Z",
                }
                for day in (12, 16)
            ]
        }
    ),
    "book_together POST": Call(
        body=lambda world: {
            "slot": [
                f"{world.ids['instruments']['njoro-climate-chamber']},2026-03-{day}T05:00:00Z,2026-03-{day}T13:00:00Z"
                for day in (12, 16)
            ]
        }
    ),
    "api.find_time POST": Call(
        body={"duration_minutes": 60, "start": "2026-03-10T08:00:00Z", "end": "2026-03-20T08:00:00Z"},
        silent="only computes",
    ),
    "api.access_request_dates PUT": Call(
        of="sensor-seals",
        body={"dates": [{"kind": "impossible", "first_day": "2026-04-01", "last_day": "2026-04-03"}]},
    ),
    "api.instrument_ask_for_time POST": Call(
        of="sinq-imaging",
        body=_given(
            start="2026-04-20T00:00:00Z",
            end="2026-04-27T00:00:00Z",
            minutes=720,
            allocation=_in("allocations", "sensor-seals"),
        ),
    ),
    "api.instrument_propose POST": Call(
        by="manager",
        of="sinq-imaging",
        body=_given(
            start="2026-04-19T22:00:00Z",
            end="2026-04-20T22:00:00Z",
            allocation=_in("allocations", "sensor-seals"),
            answer_by="2026-03-20T00:00:00Z",
        ),
    ),
    "api.booking_propose POST": Call(
        by="manager",
        of="fossil-teeth asked",
        owner="researcher",
        body={
            "start": "2026-04-15T22:00:00Z",
            "end": "2026-04-16T22:00:00Z",
            "answer_by": "2026-03-20T00:00:00Z",
        },
    ),
    "api.booking_accept POST": Call(of="sensor-seals proposed"),
    "api.booking_decline POST": Call(of="sensor-seals proposed", body={"reason": "We are at sea."}),
    "api.schedules POST": Call(
        by="manager",
        body=_given(
            facility=_in("facilities", "villigen-neutron-source"),
            name="Gate",
            start="2026-04-01T00:00:00Z",
            end="2026-05-01T00:00:00Z",
        ),
    ),
    "api.schedule PATCH": Call(by="manager", body={"name": "Gate"}),
    "api.schedule_discard POST": Call(by="manager"),
    "api.schedule_sessions POST": Call(
        by="manager",
        body=_given(
            allocation=_in("allocations", "sensor-seals"),
            instrument=_in("instruments", "sinq-imaging"),
            start="2026-04-01T22:00:00Z",
            end="2026-04-02T22:00:00Z",
        ),
    ),
    "api.schedule_session PATCH": Call(
        by="manager",
        of="next-cycle session",
        body={"start": "2026-04-02T22:00:00Z", "end": "2026-04-04T22:00:00Z"},
    ),
    "api.schedule_session DELETE": Call(by="manager", of="next-cycle session"),
    "api.schedule_suggest POST": Call(by="manager"),
    "api.schedule_publish POST": Call(by="manager", body={"answer_by": "2026-03-10T00:00:00Z"}),
    "api.series PATCH": Call(body={"scope": "one", **FIRST_OF_SERIES, **SERIES_LATER}),
    "api.series_cancel POST": Call(body={"scope": "one", **FIRST_OF_SERIES}),
    "api.series_book POST": Call(body=FIRST_OF_SERIES, after="api.series_cancel POST"),
    "api.policies POST": Call(by="manager", body=_given(scope_kind="facility", scope_key=SLS, name="gate", rules=[])),
    "api.policies_evaluate POST": Call(
        body=lambda world: {"instruments": [world.ids["instruments"]["sls-micro-xas"]]}, silent="only computes"
    ),
    "api.policy PATCH": Call(by="manager", of=NEW, body={"rules": []}, after="api.policies POST"),
    "api.policy_publish POST": Call(by="manager", of=NEW, after="api.policies POST"),
    "api.policy_what_if POST": Call(by="manager", silent="only computes"),
    "api.facility_trainings POST": Call(by="manager", body=TRAINED),
    "api.training_withdraw POST": Call(by="manager", body={"reason": "Mixed up with another."}),
    "facility_trainings POST": Call(by="manager", body=TRAINED),
    "facility_trainings POST withdraw": Call(
        by="manager", body=_given(withdraw=_in("trainings", "startup"), reason="Mixed up with another.")
    ),
    "api.policy_what_if_runs POST": Call(by="manager"),
    "policy_what_if POST": Call(by="manager"),
    "api.policy_withdraw POST": Call(by="manager", of="facility swiss-light-source-rules"),
    "api.country_group PUT": Call(
        by="admin",
        body={"name": "L", "as_of": "2031-01-01", "source": "S", "countries": ["KE"], "reason": "A mistake"},
    ),
    "country_group_enter POST": Call(
        by="admin",
        body={"code": "LDC:2031", "name": "A list", "as_of": "2031-01-01", "source": "A source", "countries": "KE"},
    ),
    "policy_new POST": Call(
        by="manager", body=_given(scope=_scope_of_sls, name="gate", template="wide", terms_days="5")
    ),
    "policy POST save=rule": Call(
        by="manager",
        body={
            "save": "rule",
            "applies_to": "book",
            "from": "abroad",
            "then": "closed",
            "grounds": "capacity",
            "message": "Not this year.",
        },
    ),
    "policy POST remove": Call(by="manager", body={"remove": "universities"}),
    "policy POST save=document": Call(by="manager", body={"save": "document", "document": "[]"}),
    "policy POST save=publish": Call(by="manager", body={"save": "publish"}),
    "policy POST save=withdraw": Call(by="manager", of="facility swiss-light-source-rules", body={"save": "withdraw"}),
    "policy POST save=copy": Call(by="manager", body={"save": "copy"}),
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
    "confirm_address POST": Call(),
    "account POST confirm": Call(by="researcher", owner="researcher", body={"confirm": "1"}),
    "set_password POST": Call(by=None, body={"password": "a long sentence of somebody"}),
    "instrument_book POST": Call(
        of="njoro-climate-chamber", body={"date": "2026-03-12", "start": "08:00", "end": "16:00"}
    ),
    "instrument_request POST": Call(body=_request_form),
    "instrument_request POST rows": Call(
        body=lambda world: {**_request_form(world), "rows": "add:participants"},
        silent="draws the form with one row more",
    ),
    "instrument_request_steps POST": Call(body=_request_form),
    "access_request_step POST": Call(of="sensor-corrosion about", body=_draft_form),
    "access_request_step POST rows": Call(
        of="sensor-corrosion samples", body={"rows": "add:samples"}, silent="draws the form with one row more"
    ),
    "access_request_check POST": Call(
        of="sensor-corrosion", body=_seen(AccessRequest, "access-requests", "sensor-corrosion")
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
    "access_request_offer POST": Call(
        **BONE_MINERAL | {"of": "bone-cells", "by": "manager"}, body={"code": "data-transfer"}
    ),
    "access_request_accept POST": Call(**BONES, body=_given(text_hash=_terms_of_bone_pores, agreed="yes")),
    "framework_agreements POST": Call(
        body=lambda world: {
            **{name: A_FRAMEWORK[name] for name in ("kind", "title", "text_version", "text")},
            "regimes": "open",
            "own": world.ids["organisations"]["demo-sensors-ke"],
            "side": "partner",
            "other": _name_of_psi(world),
        }
    ),
    "framework_agreement POST do=offer": Call(of="Secrecy about coatings", body={"do": "offer"}),
    "framework_agreement POST do=accept": Call(body=_given(do="accept", text_hash=_text_of_partners)),
    "framework_agreement POST do=end": Call(body={"do": "end", "reason": "We moved."}),
    "booking_message POST": Call(body={"subject": "Gases", "text": "Is there argon?"}),
    "service_order_message POST": Call(body={"subject": "Coating", "text": "Which side is coated?"}),
    "access_request_message POST": Call(body={"subject": "Dates", "text": "May we come a week later?"}),
    "access_request_exceptions POST": Call(
        by="manager", of="water-filters", body={"rule": "sls-rapid-five-shifts", "reason": "A shift was lost."}
    ),
    "override_confirm POST": Call(by="administrator", body=_seen(PolicyOverride, "overrides", "soil-iron")),
    "override_withdraw POST": Call(
        by="administrator", body=_seen(PolicyOverride, "overrides", "soil-iron", reason="It is not needed any more.")
    ),
    "approval POST": Call(
        by="manager",
        body=_seen(Approval, "approvals", "soil-iron facility_manager", verdict="approve", reason="It fits."),
    ),
    "approval_renewal POST": Call(
        **FILTERS, body=_seen(Approval, "approvals", "water-filters facility_manager", review_at="2099-01-01")
    ),
    "approval_screening POST": Call(**GRATINGS, body=_given(candidates=_name, same="different", why="Older.")),
    "api.service_orders POST": Call(
        body=_given(
            route=_in("routes", "swiss-light-source Send samples by post"),
            instrument=_in("instruments", "sls-micro-xas"),
            samples=8,
            sample_description="Coated steel.",
            title="Corrosion",
            regime="open",
        ),
        # A quote is given, and the order is begun.
        commands=2,
    ),
    "api.service_order_order POST": Call(of="sensor-coatings", body=_terms_of_the_quote),
    "api.service_order_cancel POST": Call(of="maize-leaves", body={"reason": "They dried out."}),
    "api.service_order_samples_received POST": Call(by="manager", of="maize-leaves", body={"count": 5}),
    "api.service_order_start POST": Call(
        by="manager", of="maize-leaves", after="api.service_order_samples_received POST"
    ),
    "api.service_order_quality_checked POST": Call(by="manager", of="bone-fragments", owner="researcher"),
    "api.service_order_deliver POST": Call(
        by="manager",
        of="bone-fragments",
        owner="researcher",
        body={"deliverable": "https://data.example/bones"},
        after="api.service_order_quality_checked POST",
    ),
    "api.service_order_accept POST": Call(of="first-sensors"),
    "api.service_order_dispute POST": Call(of="first-sensors", body={"reason": "One file is empty."}),
    "api.service_order_priority POST": Call(
        by="manager", of="maize-leaves", body={"priority": 2, "reason": "The leaves wither."}
    ),
    "instrument_samples POST": Call(
        body=_given(
            route=_in("routes", "swiss-light-source Send samples by post"),
            samples="8",
            sample_description="Coated steel.",
            title="Corrosion",
            regime="open",
        ),
        commands=2,
    ),
    "service_order POST do=order": Call(
        of="sensor-coatings",
        body=lambda world: {
            **_order_form("sensor-coatings", do="order", agreed="yes")(world),
            **_terms_of_the_quote(world),
        },
    ),
    "service_order POST do=cancel": Call(of="maize-leaves", body=_order_form("maize-leaves", do="cancel")),
    "service_order POST do=accept": Call(of="first-sensors", body=_order_form("first-sensors", do="accept")),
    "service_order POST do=dispute": Call(
        of="first-sensors", body=_order_form("first-sensors", do="dispute", reason="One file is empty.")
    ),
    "service_order POST do=samples_received": Call(
        by="manager", of="maize-leaves", body=_order_form("maize-leaves", do="samples_received", count="5")
    ),
    "service_order POST do=start": Call(
        by="manager",
        of="maize-leaves",
        body=_order_form("maize-leaves", do="start"),
        after="api.service_order_samples_received POST",
    ),
    "service_order POST do=quality_checked": Call(
        by="manager", owner="researcher", of="bone-fragments", body=_order_form("bone-fragments", do="quality_checked")
    ),
    "service_order POST do=deliver": Call(
        by="manager",
        owner="researcher",
        of="bone-fragments",
        body=_order_form("bone-fragments", do="deliver", deliverable="https://data.example/bones"),
        after="api.service_order_quality_checked POST",
    ),
    "service_order POST do=priority": Call(
        by="manager",
        of="maize-leaves",
        body=_order_form("maize-leaves", do="priority", priority="2", priority_reason="The leaves wither."),
    ),
    "booking_accept POST": Call(of="sensor-seals proposed", body=_seen(Booking, "bookings", "sensor-seals proposed")),
    "booking_decline POST": Call(
        of="sensor-seals proposed", body=_seen(Booking, "bookings", "sensor-seals proposed", reason="We are at sea.")
    ),
    "booking_propose POST": Call(
        by="manager",
        of="fossil-teeth asked",
        owner="researcher",
        body=_seen(
            Booking,
            "bookings",
            "fossil-teeth asked",
            date="2026-04-16",
            start="00:00",
            end="00:00",
            end_date="2026-04-17",
            answer_day="2026-03-20",
            answer_time="18:00",
        ),
    ),
    "access_request_dates POST": Call(
        of="sensor-seals",
        body=_seen(
            AccessRequest,
            "access-requests",
            "sensor-seals",
            **{"days.0.kind": "impossible", "days.0.first": "2026-04-01", "days.0.last": ""},
        ),
    ),
    "instrument_wait POST": Call(
        of="njoro-climate-chamber", body={"first": "2026-03-10", "last": "2026-03-14", "hours": "8"}
    ),
    "wait_leave POST": Call(),
    "booking_confirm POST": Call(of="held", staff="manager-njoro", body=_seen(Booking, "bookings", "held")),
    "instrument_mirror POST drop": Call(by="manager", body={"drop": "yes"}),
    "api.instrument_mirrors DELETE": Call(by="manager"),
    "instrument_mirror POST": Call(
        by="manager",
        of="sls-photoemission",
        body={"source": "Beamline portal", "hours": "24", "content": _NO_EVENTS},
    ),
    "instrument_ask_for_time POST": Call(
        of="sinq-imaging",
        body=_given(first="2026-04-20", last="2026-04-26", hours="12", allocation=_in("allocations", "sensor-seals")),
    ),
    "facility_board POST": Call(by="manager", body={"name": "Gate", "first": "2026-04-01", "last": "2026-04-30"}),
    "schedule POST do=add": Call(
        by="manager",
        body=lambda world: _schedule_form(
            "add",
            allocation=world.ids["allocations"]["sensor-seals"],
            instrument=world.ids["instruments"]["sinq-imaging"],
            date="2026-04-02",
            start="00:00",
            end="00:00",
            end_date="2026-04-03",
        )(world),
    ),
    "schedule POST do=move": Call(
        by="manager",
        body=lambda world: _schedule_form(
            "move", session=_drafted(world), date="2026-04-03", start="00:00", end="00:00", end_date="2026-04-05"
        )(world),
    ),
    "schedule POST do=remove": Call(
        by="manager", body=lambda world: _schedule_form("remove", session=_drafted(world))(world)
    ),
    "schedule POST do=suggest": Call(by="manager", body=lambda world: _schedule_form("suggest")(world)),
    "schedule POST do=publish": Call(
        by="manager",
        body=lambda world: _schedule_form("publish", answer_day="2026-03-10", answer_time="18:00")(world),
    ),
    "schedule POST do=discard": Call(by="manager", body=lambda world: _schedule_form("discard")(world)),
    "booking_cancel POST": Call(body=_seen(Booking, "bookings", "sls-sample-laboratory-02", reason="No samples.")),
    "booking_move POST": Call(
        body=_seen(Booking, "bookings", "sls-sample-laboratory-02", date="2026-03-11", start="14:00", end="18:00")
    ),
    "instrument_repeat POST": Call(
        of="njoro-climate-chamber",
        body={
            "date": "2026-03-12",
            "start": "08:00",
            "end": "16:00",
            "frequency": "WEEKLY",
            "times": "3",
            "step": "book",
        },
    ),
    "series POST": Call(body=_seen(BookingSeries, "booking-series", "filters-weekly", step="cancel", scope="all")),
    "conversation POST": Call(body={"text": "Thank you."}),
}
