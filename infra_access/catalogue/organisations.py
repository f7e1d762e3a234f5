"""Commands on organisations: anyone signed in may enter one, which gives no rights; only a verified one publishes."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.identifiers import Identifier, refuse_taken, replace_identifiers, valid_identifiers
from infra_access.catalogue.models import Facility, Instrument, Organisation, OrganisationFact
from infra_access.catalogue.naming import named_at, note_name
from infra_access.catalogue.scopes import organisation_scopes
from infra_access.catalogue.search_index import reindex
from infra_access.catalogue.vocabularies import Sector, SizeBand, Trust
from infra_access.core.authority import Actor, Permission, may, require
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.search_text import order_key
from infra_access.outbox.events import publish

_CLEANERS: Mapping[str, fields.Cleaner] = {
    "name": fields.line(300, required=True),
    "names": fields.names,
    "country": fields.country,
    "website": fields.address,
}
_FACT_CLEANERS: Mapping[str, fields.Cleaner] = {
    "sector": fields.one_of(Sector),
    "size": fields.one_of(SizeBand),
    "startup": fields.flag,
}
_IDENTITY = frozenset({"name", "country", "identifiers"})


def create_organisation(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    name: str,
    country: str,
    identifiers: Iterable[Identifier] = (),
    website: str | None = None,
    names: Mapping[str, str] | None = None,
    facts: Mapping[str, Any] | None = None,
    demo: bool = False,
) -> Organisation:
    """Enter an organisation, self-declared. Raises Conflict `organisation.exists` naming the one that is there."""
    if actor.account_id is not None:
        require(actor, Permission.ORGANISATION_CREATE)
    organisation = add_organisation(
        session,
        actor=actor,
        now=now,
        values={"name": name, "country": country, "website": website, "names": names or {}},
        identifiers=identifiers,
        facts=facts or {},
        demo=demo,
    )
    record(
        session,
        actor=actor,
        action="organisation.create",
        object_kind="organisation",
        object_id=organisation.public_id,
        now=now,
        details={"name": organisation.name, "country": organisation.country},
    )
    return organisation


def add_organisation(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    values: Mapping[str, Any],
    identifiers: Iterable[Identifier] = (),
    facts: Mapping[str, Any] | None = None,
    demo: bool = False,
) -> Organisation:
    """Check and store an organisation as a part of a larger command, which asks for the rights and keeps the record."""
    stored = fields.cleaned(values, _CLEANERS)
    known_facts = fields.cleaned(facts or {}, _FACT_CLEANERS)
    wanted = valid_identifiers(identifiers, country=stored["country"])
    refuse_taken(session, wanted)
    if not wanted:
        _refuse_namesake(session, stored["name"], stored["country"])
    organisation = Organisation(
        **stored, trust=Trust.SELF_DECLARED, created_by=actor.account_id, created_at=now, demo=demo
    )
    organisation.named_at = named_at(actor, organisation, now)
    session.add(organisation)
    session.flush()  # the identifiers and facts need its key
    replace_identifiers(session, organisation, wanted)
    _add_facts(session, organisation, known_facts, actor=actor, now=now)
    session.flush()
    return organisation


def update_organisation(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    organisation: Organisation,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> Organisation:
    """Change fields of an organisation; `facts` are added with today's date, `identifiers` replace those it had."""
    own = organisation.created_by is not None and organisation.created_by == actor.account_id
    # Whoever entered a firm may correct it until somebody vouches for it.
    relations = {"creator"} if own and organisation.trust == Trust.SELF_DECLARED else set()
    require(actor, Permission.ORGANISATION_UPDATE, organisation_scopes(organisation), relations)
    fields.check_version(organisation.version, expected_version)
    columns = {field: value for field, value in changes.items() if field not in {"facts", "identifiers"}}
    stored = fields.cleaned(columns, _CLEANERS)
    known_facts = fields.cleaned(changes.get("facts") or {}, _FACT_CLEANERS)
    country = stored.get("country", organisation.country)
    identifiers = valid_identifiers(changes["identifiers"], country=country) if "identifiers" in changes else None
    changed = {field for field, value in stored.items() if getattr(organisation, field) != value}
    if identifiers is not None:
        refuse_taken(session, identifiers, but=organisation)
        changed.add("identifiers")
    _refuse_change_of_identity(actor, organisation, changed)
    note_name(organisation, organisation, stored, actor=actor, now=now)
    for field, value in stored.items():
        setattr(organisation, field, value)
    organisation.name_key = order_key(organisation.name)
    if identifiers is not None:
        replace_identifiers(session, organisation, identifiers)
    _add_facts(session, organisation, known_facts, actor=actor, now=now)
    session.flush()
    if changed & {"name", "names"}:
        reindex(session, _instruments_of(session, organisation))
    record(
        session,
        actor=actor,
        action="organisation.update",
        object_kind="organisation",
        object_id=organisation.public_id,
        now=now,
        details={"changed": sorted(changed | ({"facts"} if known_facts else set()))},
    )
    return organisation


def set_trust(session: Session, *, actor: Actor, now: datetime, organisation: Organisation, trust: str) -> Organisation:
    """State how far the identity of an organisation has been checked, by whom and when."""
    require(actor, Permission.ORGANISATION_VERIFY, organisation_scopes(organisation))
    before = organisation.trust
    organisation.trust = fields.one_of(Trust)(trust, "trust")
    organisation.trust_by, organisation.trust_at = actor.label, now
    session.flush()
    record(
        session,
        actor=actor,
        action="organisation.set_trust",
        object_kind="organisation",
        object_id=organisation.public_id,
        now=now,
        details={"before": before, "after": organisation.trust},
    )
    publish(
        session,
        "organisation.trust_set",
        {"organisation": organisation.public_id, "trust": organisation.trust},
        now=now,
    )
    return organisation


def _refuse_namesake(session: Session, name: str, country: str) -> None:
    """Without an identifier, the same name in the same country is taken to be the same organisation."""
    existing = session.scalar(
        select(Organisation.public_id)
        .where(Organisation.name_key == order_key(name), Organisation.country == country)
        .limit(1)
    )
    if existing is not None:
        raise Conflict(
            "organisation.exists",
            _(
                'There already is "${name}" in this country. Use it; or, if yours is another one, give an identifier'
                " such as its number in the national register.",
                mapping={"name": name},
            ),
            details={"organisation": existing},
        )


def _refuse_change_of_identity(actor: Actor, organisation: Organisation, changed: set[str]) -> None:
    if organisation.trust != Trust.VERIFIED or not changed & _IDENTITY:
        return
    if not may(actor, Permission.ORGANISATION_VERIFY, organisation_scopes(organisation)):
        raise Conflict(
            "organisation.verified",
            _(
                "The name, country and identifiers of this organisation have been verified, so only an access"
                " administrator can change them. Ask the one of your country or of the network."
            ),
            details={"fields": sorted(changed & _IDENTITY)},
        )


def _add_facts(
    session: Session, organisation: Organisation, facts: Mapping[str, Any], *, actor: Actor, now: datetime
) -> None:
    yes_no = {True: "yes", False: "no"}
    session.add_all(
        OrganisationFact(
            organisation_id=organisation.id,
            name=name,
            value=yes_no[value] if isinstance(value, bool) else value,
            source="self-declared",
            asserted_by=actor.label,
            asserted_at=now,
        )
        for name, value in facts.items()
    )


def _instruments_of(session: Session, organisation: Organisation) -> list[int]:
    facilities = select(Facility.id).where(Facility.organisation_id == organisation.id)
    return list(session.scalars(select(Instrument.id).where(Instrument.facility_id.in_(facilities))))
