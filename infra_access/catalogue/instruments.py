"""Commands on instruments."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.control_codes import control_code
from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.catalogue.publishing import check_publication
from infra_access.catalogue.resources import copies_of
from infra_access.catalogue.scopes import facility_scopes, instrument_scopes
from infra_access.catalogue.search_index import reindex
from infra_access.catalogue.techniques import replace_access_types, replace_techniques
from infra_access.catalogue.vocabularies import (
    AccessType,
    Listing,
    OperationalStatus,
    PublicationState,
    SchedulingAuthority,
)
from infra_access.core.authority import Actor, Permission, Scopes, require
from infra_access.core.columns import table_of
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.named_locks import lock_table
from infra_access.core.search_text import order_key
from infra_access.outbox.events import publish

_CLEANERS: Mapping[str, fields.Cleaner] = {
    "name": fields.line(300, required=True),
    "names": fields.names,
    "description": fields.text(20_000),
    "manufacturer": fields.optional_line(200),
    "model": fields.optional_line(200),
    "pid": fields.optional_line(200),
    "website": fields.address,
    "technique_text": fields.text(2_000),
    "capabilities": fields.list_of(fields.capability),
    "hazards": fields.list_of(fields.line(200, required=True)),
    "control_codes": fields.list_of(control_code),
    "tags": fields.list_of(fields.line(60, required=True)),
    "contact_name": fields.line(200),
    "contact_email": fields.email,
    "listing": fields.one_of(Listing),
    "status": fields.one_of(OperationalStatus),
    "scheduling_authority": fields.one_of(SchedulingAuthority),
    "publication": fields.one_of(PublicationState),
    "source_id": fields.optional_line(200),
    "techniques": fields.list_of(fields.line(100, required=True)),
    "access_types": fields.list_of(fields.one_of(AccessType)),
}
_BESIDE = frozenset({"techniques", "access_types"})
_RULED = frozenset({"tags", "control_codes"})
"""What rules may hang on that do not lie with the facility."""


class InstrumentFields(TypedDict, total=False):
    """What may be given beside the name. Whoever enters an instrument here claims it and schedules it here."""

    names: Mapping[str, str]
    description: str
    manufacturer: str | None
    model: str | None
    pid: str | None
    website: str | None
    technique_text: str
    capabilities: Iterable[Mapping[str, Any]]
    hazards: Iterable[str]
    control_codes: Iterable[str]
    tags: Iterable[str]
    contact_name: str
    contact_email: str | None
    listing: str
    status: str
    scheduling_authority: str
    publication: str
    source_id: str | None
    techniques: Iterable[str]
    access_types: Iterable[str]


def create_instrument(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    facility: Facility,
    name: str,
    copies: int = 1,
    resources: Iterable[str] = (),
    **rest: Unpack[InstrumentFields],
) -> Instrument:
    """Enter an instrument with its `copies`, or with one resource for each name in `resources`; a draft by default."""
    scopes = facility_scopes(session, facility)
    require(actor, Permission.INSTRUMENT_CREATE, scopes)
    values = {
        "listing": Listing.CLAIMED,
        "scheduling_authority": SchedulingAuthority.HERE,
        "publication": PublicationState.DRAFT,
    }
    stored = fields.cleaned({**values, "name": name, **rest}, _CLEANERS)
    _check_listing(actor, stored["listing"], scopes)
    _check_publication(session, actor, facility, stored["publication"])
    beside = {field: stored.pop(field, []) for field in _BESIDE}
    instrument = Instrument(**stored, facility_id=facility.id, source={}, created_at=now)
    session.add(instrument)
    session.flush()  # what stands beside it needs its key
    session.add_all(copies_of(instrument, copies=copies, names=resources))
    replace_techniques(session, instrument.id, beside["techniques"])
    replace_access_types(session, instrument.id, beside["access_types"])
    session.flush()
    reindex(session, [instrument.id])
    record(
        session,
        actor=actor,
        action="instrument.create",
        object_kind="instrument",
        object_id=instrument.public_id,
        now=now,
        details={"name": instrument.name, "facility": facility.public_id, "publication": instrument.publication},
    )
    return instrument


def update_instrument(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    instrument: Instrument,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> Instrument:
    """Change fields of an instrument, its techniques, status and publication among them.

    `status_note` is no field: it tells those who have booked time why the status changed. Labels and control codes are
    added by the staff, but taken off only by who answers for the rules that may hang on them; who does may change
    nothing else. Raises Forbidden.
    """
    scopes = instrument_scopes(session, instrument)
    only_ruled = bool(changes) and changes.keys() <= _RULED
    require(actor, Permission.INSTRUMENT_LABEL if only_ruled else Permission.INSTRUMENT_UPDATE, scopes)
    fields.check_version(instrument.version, expected_version)
    stored = fields.cleaned(changes, {**_CLEANERS, "status_note": fields.text(2_000)})
    note = stored.pop("status_note", "")
    beside = {field: stored.pop(field) for field in _BESIDE & stored.keys()}
    changed = {field for field, value in stored.items() if getattr(instrument, field) != value}
    taken_off = {field: sorted(set(getattr(instrument, field)) - set(stored[field])) for field in _RULED & changed}
    if any(taken_off.values()):
        require(actor, Permission.INSTRUMENT_RELEASE, scopes)
    if "listing" in changed:
        _check_listing(actor, stored["listing"], scopes)
    if "publication" in changed:
        _check_publication(session, actor, session.get_one(Facility, instrument.facility_id), stored["publication"])
    if changed & {"status", "publication"}:
        # Every booking shares the row, so that what breaks while many book it could otherwise not be said to be down.
        lock_table(session, table_of(Instrument))
    for field, value in stored.items():
        setattr(instrument, field, value)
    instrument.name_key = order_key(instrument.name)
    if beside:
        flag_modified(instrument, "name")  # what stands beside the row is a part of its version too
    if "techniques" in beside:
        replace_techniques(session, instrument.id, beside["techniques"])
    if "access_types" in beside:
        replace_access_types(session, instrument.id, beside["access_types"])
    session.flush()
    reindex(session, [instrument.id])
    record(
        session,
        actor=actor,
        action="instrument.update",
        object_kind="instrument",
        object_id=instrument.public_id,
        now=now,
        details={
            "changed": sorted(changed | beside.keys()),
            **{f"{name}_off": off for name, off in taken_off.items() if off},
        },
    )
    if "status" in changed:
        publish(
            session,
            "instrument.status_changed",
            {"instrument": instrument.public_id, "status": instrument.status, "note": note},
            now=now,
        )
    return instrument


def _check_listing(actor: Actor, listing: str, scopes: Scopes) -> None:
    """Only those who verify organisations vouch for the record of an instrument."""
    if listing == Listing.VERIFIED:
        require(actor, Permission.ORGANISATION_VERIFY, scopes)


def _check_publication(session: Session, actor: Actor, facility: Facility, publication: str) -> None:
    if publication != PublicationState.PUBLISHED:
        return
    check_publication(actor, session.get_one(Organisation, facility.organisation_id), publication)
    if facility.publication != PublicationState.PUBLISHED:
        raise Conflict(
            "facility.not_published",
            _(
                'The facility "${name}" is not published, so its instruments cannot be. Publish the facility first.',
                mapping={"name": facility.name},
            ),
            details={"facility": facility.public_id},
        )
