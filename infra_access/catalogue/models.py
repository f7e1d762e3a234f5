"""The tables of the catalogue.

Names in other languages stand in `names` (locale -> name) beside the one in English or the organisation's own.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from infra_access.catalogue.vocabularies import (
    Listing,
    OperationalStatus,
    PublicationState,
    SchedulingAuthority,
    Trust,
)
from infra_access.core.columns import KEY, ORDER_KEY, Base, PrimaryKey, PublicId, personal
from infra_access.core.search_text import order_key


def _name_key(context: DefaultExecutionContext) -> str:
    parameters: dict[str, Any] = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return order_key(parameters["name"])


class Organisation(Base):
    """A legal body. Anyone signed in may enter one; only a verified one publishes or signs.

    `named_at` is when somebody gave it its name who verifies nobody; None where who does has given it.
    """

    __tablename__ = "organisation"
    __table_args__ = (Index("ix_organisation_order", "name_key", "id"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(300))
    name_key: Mapped[str] = mapped_column(ORDER_KEY, default=_name_key)
    names: Mapped[dict[str, Any]] = mapped_column(default=dict)
    country: Mapped[str] = mapped_column(String(2), index=True)
    website: Mapped[str | None] = mapped_column(String(500))
    trust: Mapped[str] = mapped_column(String(20), default=Trust.SELF_DECLARED)
    trust_by: Mapped[str | None] = mapped_column(String(200))
    trust_at: Mapped[datetime | None]
    named_at: Mapped[datetime | None]
    demo: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[int | None] = mapped_column(KEY, info=personal("accountability", retention="record"))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class OrganisationIdentifier(Base):
    """One identifier of an organisation: ROR, a national registry's number, VAT, LEI, PIC.

    `register` is the country whose registry gave the number, since two of them may give the same; else empty.
    """

    __tablename__ = "organisation_identifier"
    __table_args__ = (UniqueConstraint("scheme", "register", "value"),)

    id: Mapped[PrimaryKey]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    scheme: Mapped[str] = mapped_column(String(20))
    register: Mapped[str] = mapped_column(String(2), default="")
    value: Mapped[str] = mapped_column(String(100))


class OrganisationFact(Base):
    """A dated applicant fact (sector, size, startup) with who says so; the badge "startup/SME" is derived."""

    __tablename__ = "organisation_fact"
    __table_args__ = (Index("ix_organisation_fact_name", "organisation_id", "name"),)

    id: Mapped[PrimaryKey]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(40))
    value: Mapped[str] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(String(200))
    asserted_by: Mapped[str] = mapped_column(String(200))
    asserted_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class Facility(Base):
    """A place of an organisation where instruments stand; `timezone` is an IANA name.

    `named_at` is when somebody gave it its name who verifies nobody; None where who does has given it.
    """

    __tablename__ = "facility"
    __table_args__ = (UniqueConstraint("organisation_id", "source_id"), Index("ix_facility_order", "name_key", "id"))

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    source_id: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(300))
    name_key: Mapped[str] = mapped_column(ORDER_KEY, default=_name_key)
    names: Mapped[dict[str, Any]] = mapped_column(default=dict)
    description: Mapped[str] = mapped_column(Text, default="")
    country: Mapped[str] = mapped_column(String(2), index=True)
    city: Mapped[str] = mapped_column(String(200), default="")
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    timezone: Mapped[str] = mapped_column(String(64))
    website: Mapped[str | None] = mapped_column(String(500))
    contact_name: Mapped[str] = mapped_column(String(200), default="", info=personal("contact", retention="record"))
    contact_email: Mapped[str | None] = mapped_column(String(254), info=personal("contact", retention="record"))
    contact_phone: Mapped[str | None] = mapped_column(String(60), info=personal("contact", retention="record"))
    security_contact: Mapped[str | None] = mapped_column(String(254), info=personal("security", retention="record"))
    publication: Mapped[str] = mapped_column(String(20), default=PublicationState.DRAFT)
    named_at: Mapped[datetime | None]
    source: Mapped[dict[str, Any]] = mapped_column(default=dict, info=personal("contact", retention="record"))
    demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Instrument(Base):
    """Something offered at a facility.

    `capabilities` is a list of {quantity, min, max, unit} with decimal strings; `source` keeps the columns of an
    import that have no place of their own, so that nothing of a round trip is lost.
    """

    __tablename__ = "instrument"
    __table_args__ = (UniqueConstraint("facility_id", "source_id"), Index("ix_instrument_order", "name_key", "id"))

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"), index=True)
    source_id: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(300))
    name_key: Mapped[str] = mapped_column(ORDER_KEY, default=_name_key)
    names: Mapped[dict[str, Any]] = mapped_column(default=dict)
    description: Mapped[str] = mapped_column(Text, default="")
    manufacturer: Mapped[str | None] = mapped_column(String(200))
    model: Mapped[str | None] = mapped_column(String(200))
    pid: Mapped[str | None] = mapped_column(String(200))
    website: Mapped[str | None] = mapped_column(String(500))
    technique_text: Mapped[str] = mapped_column(Text, default="")
    capabilities: Mapped[list[Any]] = mapped_column(default=list)
    hazards: Mapped[list[Any]] = mapped_column(default=list)
    control_codes: Mapped[list[Any]] = mapped_column(default=list)
    tags: Mapped[list[Any]] = mapped_column(default=list)
    contact_name: Mapped[str] = mapped_column(String(200), default="", info=personal("contact", retention="record"))
    contact_email: Mapped[str | None] = mapped_column(String(254), info=personal("contact", retention="record"))
    listing: Mapped[str] = mapped_column(String(20), default=Listing.UNCLAIMED)
    status: Mapped[str] = mapped_column(String(20), default=OperationalStatus.UNKNOWN, index=True)
    scheduling_authority: Mapped[str] = mapped_column(String(20), default=SchedulingAuthority.NONE)
    publication: Mapped[str] = mapped_column(String(20), default=PublicationState.DRAFT)
    source: Mapped[dict[str, Any]] = mapped_column(default=dict, info=personal("contact", retention="record"))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class InstrumentTechnique(Base):
    """One technique of an instrument; `key` is its normalised form, which facets group by."""

    __tablename__ = "instrument_technique"

    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True, index=True)
    name: Mapped[str] = mapped_column(String(100))


class InstrumentAccessType(Base):
    """One access type that an instrument offers: physical, remote, virtual, mail-in."""

    __tablename__ = "instrument_access_type"

    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id", ondelete="CASCADE"), primary_key=True)
    access_type: Mapped[str] = mapped_column(String(20), primary_key=True, index=True)


class CatalogueEntry(Base):
    """What searches narrow, order and count a published instrument of a published facility by; made from its record.

    `traits` holds all that facets count, as text, so that one grouping counts everything: few instruments differ in it
    from all others. `search_index.reindex` writes entries anew with the words.
    """

    __tablename__ = "catalogue_entry"
    __table_args__ = (
        Index("ix_catalogue_entry_order", "name_key", "instrument_id"),
        Index("ix_catalogue_entry_country", "country", "name_key", "instrument_id"),
    )

    instrument_id: Mapped[int] = mapped_column(
        ForeignKey("instrument.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"), index=True)
    name_key: Mapped[str] = mapped_column(ORDER_KEY)
    country: Mapped[str] = mapped_column(String(2))
    status: Mapped[str] = mapped_column(String(20))
    bookable: Mapped[bool]
    traits: Mapped[str] = mapped_column(Text)


class CatalogueHead(Base):
    """The one row that every change of what searches show advances, so that what was counted once can be kept.

    `stamp` is new each time, so that a number used again, after a roll-back or a restored copy, is not taken for known.
    `veiled` are the scopes, as [kind, key], under which rules hide some of what searches would find instruments by.
    """

    __tablename__ = "catalogue_head"

    id: Mapped[PrimaryKey]
    number: Mapped[int]
    stamp: Mapped[str] = mapped_column(String(16))
    veiled: Mapped[list[Any]] = mapped_column(server_default="[]")


class Resource(Base):
    """Whatever's time can be taken: one copy of an instrument, a room, a person, a plant.

    `plant_id` names the plant that must run for this resource to be open: a closed ring closes its beamlines.
    """

    __tablename__ = "resource"
    __table_args__ = (CheckConstraint("plant_id IS NULL OR plant_id <> id", name="plant_is_another"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"), index=True)
    instrument_id: Mapped[int | None] = mapped_column(ForeignKey("instrument.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    plant_id: Mapped[int | None] = mapped_column(ForeignKey("resource.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class InstrumentCompanion(Base):
    """A room or person that every session on an instrument also takes, such as its local contact."""

    __tablename__ = "instrument_companion"

    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id", ondelete="CASCADE"), primary_key=True)
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"), primary_key=True)
