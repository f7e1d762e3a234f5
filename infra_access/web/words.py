"""The words for stored values of the closed vocabularies: `{{ instrument.status|words('status')|tr }}`."""

from collections.abc import Mapping
from enum import StrEnum

from infra_access.catalogue import vocabularies as v
from infra_access.core.i18n import Text
from infra_access.web.case_words import WORDS

_VOCABULARIES: Mapping[str, type[StrEnum]] = {
    "access_mode": v.AccessMode,
    "access_type": v.AccessType,
    "access_unit": v.AccessUnit,
    "biosafety": v.Biosafety,
    "fate": v.Fate,
    "listing": v.Listing,
    "publication": v.PublicationState,
    "regime": v.Regime,
    "scheme": v.IdentifierScheme,
    "sector": v.Sector,
    "size": v.SizeBand,
    "status": v.OperationalStatus,
    "trust": v.Trust,
}


def words(value: str, vocabulary: str) -> Text:
    """Return what people read for a value of a vocabulary.

    >>> str(words("mail-in", "access_type"))
    'Mail-in of samples'
    """
    if vocabulary in WORDS:
        return WORDS[vocabulary].get(value, value)
    return v.label(_VOCABULARIES[vocabulary](value))
