"""The closed vocabularies of the catalogue and the words that people read for them.

The values are part of the contract: they are stored, sent by the API and written in policy rules. The labels
are only shown. Where a value follows a published vocabulary, the class says which.
"""

from collections.abc import Mapping
from enum import StrEnum

from infra_access.core.i18n import Text, _


class Trust(StrEnum):
    """How far the identity of an organisation has been checked."""

    SELF_DECLARED = "self-declared"
    EVIDENCED = "evidenced"
    VERIFIED = "verified"


class Listing(StrEnum):
    """Who stands behind the record of an instrument."""

    UNCLAIMED = "unclaimed"
    CLAIMED = "claimed"
    VERIFIED = "verified"


class OperationalStatus(StrEnum):
    """Whether an instrument works at present."""

    PLANNED = "planned"
    COMMISSIONING = "commissioning"
    OPERATING = "operating"
    DEGRADED = "degraded"
    DOWN = "down"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class AccessType(StrEnum):
    """How a team reaches an instrument (EOSC profiles 6, access types)."""

    PHYSICAL = "physical"
    REMOTE = "remote"
    VIRTUAL = "virtual"
    MAIL_IN = "mail-in"


class AccessMode(StrEnum):
    """By what a route chooses its users (European Charter for Access to Research Infrastructures, 2016)."""

    EXCELLENCE_DRIVEN = "excellence-driven"
    MARKET_DRIVEN = "market-driven"
    WIDE = "wide"


class ResourceKind(StrEnum):
    """What kind of thing or person has time that can be taken."""

    INSTRUMENT = "instrument"
    ROOM = "room"
    PERSON = "person"
    PLANT = "plant"


class AccessUnit(StrEnum):
    """What is granted and counted; a shift is 8 hours."""

    HOUR = "hour"
    SHIFT = "shift"
    DAY = "day"
    SAMPLE = "sample"
    RUN = "run"
    CORE_HOUR = "core-hour"


class IdentifierScheme(StrEnum):
    """The registers that give identifiers to organisations."""

    ROR = "ror"
    REGISTRY = "registry"
    VAT = "vat"
    LEI = "lei"
    PIC = "pic"
    GRID = "grid"
    ISNI = "isni"
    WIKIDATA = "wikidata"


class PublicationState(StrEnum):
    """Whether the public may see a record; a retired one keeps a tombstone."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class SchedulingAuthority(StrEnum):
    """Whose calendar decides; only `here` carries the guarantee against double booking."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    NONE = "none"


class Sector(StrEnum):
    """The sector of an organisation or of a person without one."""

    ACADEMIC = "academic"
    COMPANY = "company"
    PUBLIC = "public"
    NON_PROFIT = "non-profit"
    PERSON = "person"


class SizeBand(StrEnum):
    """The size of an enterprise (Recommendation 2003/361/EC, by head count)."""

    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Regime(StrEnum):
    """Whether what comes of the access is published."""

    OPEN = "open"
    EMBARGOED = "embargoed"
    PROPRIETARY = "proprietary"


class Biosafety(StrEnum):
    """The containment that a sample needs (biosafety levels of the WHO and of CDC/NIH, none for no such hazard)."""

    NONE = "none"
    BSL_1 = "bsl-1"
    BSL_2 = "bsl-2"
    BSL_3 = "bsl-3"
    BSL_4 = "bsl-4"


class Fate(StrEnum):
    """What becomes of a sample afterwards."""

    RETURNED = "returned"
    DESTROYED = "destroyed"
    CONSUMED = "consumed"
    KEPT = "kept"


# One table per vocabulary: members of different ones may be equal as strings ("verified"), so one flat
# table would mix them up.
_LABELS: Mapping[type[StrEnum], Mapping[str, Text]] = {
    Trust: {
        Trust.SELF_DECLARED: _("Self-declared"),
        Trust.EVIDENCED: _("Evidence given"),
        Trust.VERIFIED: _("Verified"),
    },
    Listing: {
        Listing.UNCLAIMED: _("Not claimed by its owner"),
        Listing.CLAIMED: _("Claimed by its owner"),
        Listing.VERIFIED: _("Verified"),
    },
    OperationalStatus: {
        OperationalStatus.PLANNED: _("Planned"),
        OperationalStatus.COMMISSIONING: _("In commissioning"),
        OperationalStatus.OPERATING: _("Operating"),
        OperationalStatus.DEGRADED: _("Operating with limits"),
        OperationalStatus.DOWN: _("Out of order"),
        OperationalStatus.CLOSED: _("Closed"),
        OperationalStatus.UNKNOWN: _("Status unknown"),
    },
    AccessType: {
        AccessType.PHYSICAL: _("On site"),
        AccessType.REMOTE: _("Remote"),
        AccessType.VIRTUAL: _("Virtual"),
        AccessType.MAIL_IN: _("Mail-in of samples"),
    },
    AccessMode: {
        AccessMode.EXCELLENCE_DRIVEN: _("By scientific excellence"),
        AccessMode.MARKET_DRIVEN: _("For a fee"),
        AccessMode.WIDE: _("Wide access"),
    },
    ResourceKind: {
        ResourceKind.INSTRUMENT: _("Instrument"),
        ResourceKind.ROOM: _("Room"),
        ResourceKind.PERSON: _("Person"),
        ResourceKind.PLANT: _("Plant"),
    },
    AccessUnit: {
        AccessUnit.HOUR: _("Hour"),
        AccessUnit.SHIFT: _("Shift of 8 hours"),
        AccessUnit.DAY: _("Day"),
        AccessUnit.SAMPLE: _("Sample"),
        AccessUnit.RUN: _("Run"),
        AccessUnit.CORE_HOUR: _("Core-hour"),
    },
    IdentifierScheme: {
        IdentifierScheme.ROR: _("ROR"),
        IdentifierScheme.REGISTRY: _("National register"),
        IdentifierScheme.VAT: _("VAT number"),
        IdentifierScheme.LEI: _("Legal entity identifier (LEI)"),
        IdentifierScheme.PIC: _("Participant identification code (PIC)"),
        IdentifierScheme.GRID: _("GRID"),
        IdentifierScheme.ISNI: _("ISNI"),
        IdentifierScheme.WIKIDATA: _("Wikidata"),
    },
    PublicationState: {
        PublicationState.DRAFT: _("Draft"),
        PublicationState.PUBLISHED: _("Published"),
        PublicationState.RETIRED: _("Retired"),
    },
    SchedulingAuthority: {
        SchedulingAuthority.HERE: _("Scheduled here"),
        SchedulingAuthority.ELSEWHERE: _("Scheduled in another system"),
        SchedulingAuthority.NONE: _("Not scheduled"),
    },
    Sector: {
        Sector.ACADEMIC: _("University or research institute"),
        Sector.COMPANY: _("Company"),
        Sector.PUBLIC: _("Public body"),
        Sector.NON_PROFIT: _("Non-profit organisation"),
        Sector.PERSON: _("Private person"),
    },
    SizeBand: {
        SizeBand.MICRO: _("Micro (fewer than 10 people)"),
        SizeBand.SMALL: _("Small (10 to 49 people)"),
        SizeBand.MEDIUM: _("Medium (50 to 249 people)"),
        SizeBand.LARGE: _("Large (250 people or more)"),
    },
    Regime: {
        Regime.OPEN: _("Open: results are published"),
        Regime.EMBARGOED: _("Embargoed: results are published later"),
        Regime.PROPRIETARY: _("Proprietary: nothing is published"),
    },
    Biosafety: {
        Biosafety.NONE: _("No biological hazard"),
        Biosafety.BSL_1: _("BSL-1: not known to make healthy people ill"),
        Biosafety.BSL_2: _("BSL-2: may make people ill, a moderate hazard"),
        Biosafety.BSL_3: _("BSL-3: may make people seriously ill through the air"),
        Biosafety.BSL_4: _("BSL-4: may kill, often without a treatment"),
    },
    Fate: {
        Fate.RETURNED: _("Returned to the team"),
        Fate.DESTROYED: _("Destroyed"),
        Fate.CONSUMED: _("Used up by the work"),
        Fate.KEPT: _("Kept by the facility"),
    },
}


def label(value: StrEnum) -> Text:
    """Return the words that people read for a member of any vocabulary of this module.

    >>> str(label(AccessType.MAIL_IN))
    'Mail-in of samples'
    >>> str(label(Listing.VERIFIED))
    'Verified'
    """
    return _LABELS[type(value)][value]
