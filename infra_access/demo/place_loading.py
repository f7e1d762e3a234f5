"""Loading organisations, facilities and instruments of the demonstration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue.facilities import create_facility
from infra_access.catalogue.instruments import create_instrument
from infra_access.catalogue.models import Facility, Instrument, Organisation, OrganisationIdentifier, Resource
from infra_access.catalogue.organisations import create_organisation, set_trust
from infra_access.catalogue.resources import add_resource, set_companions
from infra_access.catalogue.vocabularies import PublicationState, ResourceKind, SchedulingAuthority, Trust
from infra_access.demo import dataset as data
from infra_access.demo.activity import WEEKDAYS
from infra_access.scheduling.hours import set_hours
from infra_access.scheduling.opening_hours import WeeklyHours, minute_of_day
from infra_access.scheduling.public_holidays import HolidayCalendar
from infra_access.scheduling.rule_sets import set_booking_rules
from infra_access.scheduling.upkeep.resources import update_resource

if TYPE_CHECKING:
    from infra_access.demo.loading import World


def _source_id(key: str) -> str:
    return f"demo:{key}"


def organisations(session: Session, world: World) -> None:
    """Load the organisations with their identifiers, facts and trust."""
    for entry in world.data.organisations:
        known = session.scalars(
            select(Organisation)
            .join(OrganisationIdentifier, OrganisationIdentifier.organisation_id == Organisation.id)
            .where(OrganisationIdentifier.value == entry.identifiers[0][1])
        ).one_or_none()
        if known is None:
            known = create_organisation(
                session,
                actor=world.actor,
                now=world.long_ago,
                name=entry.names["en"],
                names=entry.names,
                country=entry.country,
                identifiers=entry.identifiers,
                website=entry.website,
                facts={"sector": entry.sector, "size": entry.size, "startup": entry.startup},
                demo=True,
            )
            if entry.trust != Trust.SELF_DECLARED:
                set_trust(session, actor=world.actor, now=world.long_ago, organisation=known, trust=entry.trust)
        world.organisations[entry.key] = known


def facilities(session: Session, world: World) -> None:
    """Load the facilities with their hours and plants."""
    for entry in world.data.facilities:
        organisation = world.organisations[entry.organisation]
        known = session.scalars(
            select(Facility).where(
                Facility.organisation_id == organisation.id, Facility.source_id == _source_id(entry.key)
            )
        ).one_or_none()
        world.facilities[entry.key] = known or _new_facility(session, world, entry, organisation)
        plants = select(Resource).where(
            Resource.facility_id == world.facilities[entry.key].id, Resource.kind == ResourceKind.PLANT
        )
        by_name = {row.name: row for row in session.scalars(plants)}
        world.resources |= {plant.key: by_name[plant.names["en"]] for plant in entry.plants}


def _new_facility(session: Session, world: World, entry: data.Facility, organisation: Organisation) -> Facility:
    role, address = entry.contacts[0]
    facility = create_facility(
        session,
        actor=world.actor,
        now=world.long_ago,
        organisation=organisation,
        name=entry.names["en"],
        names=entry.names,
        country=entry.country,
        timezone=entry.zone,
        city=entry.city,
        latitude=entry.latitude,
        longitude=entry.longitude,
        website=entry.website,
        description=entry.description["en"],
        contact_name=role.capitalize(),
        contact_email=address,
        security_contact=entry.security_contact,
        publication=PublicationState.PUBLISHED,
        source_id=_source_id(entry.key),
        demo=True,
    )
    weekly = [
        WeeklyHours(WEEKDAYS.index(day), minute_of_day(span.opens), minute_of_day(span.closes))
        for span in entry.opening_hours
        for day in span.days
    ]
    set_hours(
        session,
        actor=world.actor,
        now=world.long_ago,
        facility=facility,
        weekly=weekly,
        holidays=HolidayCalendar(**entry.holidays) if entry.holidays else None,
    )
    for plant in entry.plants:
        add_resource(
            session,
            actor=world.actor,
            now=world.long_ago,
            facility=facility,
            kind=plant.kind,
            name=plant.names["en"],
        )
    return facility


def instruments(session: Session, world: World) -> None:
    """Load the instruments with their resources, companions and booking rules."""
    for entry in world.data.instruments:
        facility = world.facilities[entry.facility]
        known = session.scalars(
            select(Instrument).where(
                Instrument.facility_id == facility.id, Instrument.source_id == _source_id(entry.key)
            )
        ).one_or_none()
        world.instruments[entry.key] = known or _new_instrument(session, world, entry, facility)
    names = {
        (row.facility_id, row.name): row
        for row in session.scalars(select(Resource).where(Resource.kind != ResourceKind.PLANT))
    }
    for entry in world.data.instruments:
        facility = world.facilities[entry.facility]
        world.resources |= {each.key: names[facility.id, each.names["en"]] for each in entry.resources}


def _new_instrument(session: Session, world: World, entry: data.Instrument, facility: Facility) -> Instrument:
    copies = [resource.names["en"] for resource in entry.resources if resource.kind == ResourceKind.INSTRUMENT]
    instrument = create_instrument(
        session,
        actor=world.actor,
        now=world.long_ago,
        facility=facility,
        name=entry.names["en"],
        names=entry.names,
        description=entry.description["en"],
        manufacturer=entry.manufacturer,
        model=entry.model,
        techniques=entry.techniques,
        capabilities=[
            {"quantity": each.quantity, "min": each.min, "max": each.max, "unit": each.unit}
            for each in entry.capabilities
        ],
        hazards=entry.hazards,
        control_codes=entry.control_codes,
        access_types=entry.access_types,
        tags=entry.tags,
        status=entry.status,
        listing=entry.listing,
        scheduling_authority=SchedulingAuthority.HERE,
        publication=PublicationState.PUBLISHED,
        source_id=_source_id(entry.key),
        resources=copies,
    )
    rows = {
        row.name: row
        for row in session.scalars(
            select(Resource).where(Resource.instrument_id == instrument.id).order_by(Resource.id)
        )
    }
    for resource in entry.resources:
        name = resource.names["en"]
        row = rows.get(name)
        if row is None:
            row = add_resource(
                session, actor=world.actor, now=world.long_ago, facility=facility, kind=resource.kind, name=name
            )
        world.resources[resource.key] = row
        for plant in entry.depends_on if resource.kind == ResourceKind.INSTRUMENT else ():
            update_resource(
                session,
                actor=world.actor,
                now=world.long_ago,
                resource=row,
                changes={"plant": world.resources[plant]},
            )
    if entry.always_needs:
        set_companions(
            session,
            actor=world.actor,
            now=world.long_ago,
            instrument=instrument,
            resources=[world.resources[key] for key in entry.always_needs],
        )
    if entry.booking_rules:
        set_booking_rules(session, actor=world.actor, now=world.long_ago, subject=instrument, rules=entry.booking_rules)
    return instrument
