"""The identifiers of outcomes in one form each: DOI, Software Heritage id, number of a patent, or a web address.

Pure: nothing is looked up, so a well-formed DOI may still lead nowhere.
"""

import re

from infra_access.catalogue import fields
from infra_access.core.i18n import _
from infra_access.outcomes.vocabularies import OutcomeKind

MOST = 500
_DOI = re.compile(
    r"(?:doi:\s*|(?:https?://)?(?:dx\.|www\.)?doi\.org/)?(10\.[0-9]{4,9}(?:\.[0-9]+)*/[^\s\"<>]*[^\s\"<>.,;])",
    re.IGNORECASE,
)
_LIKE_A_DOI = re.compile(r"doi:|(?:https?://)?(?:dx\.|www\.)?doi\.org/|10\.", re.IGNORECASE)
_SOFTWARE_HERITAGE = re.compile(r"swh:1:(?:cnt|dir|rel|rev|snp):[0-9a-f]{40}(?:;[^\s]+)?", re.ASCII)
_PATENT = re.compile(r"[A-Z]{2}[0-9]{4,14}(?:[A-Z][0-9]?)?", re.ASCII)
_BETWEEN = re.compile(r"[\s./,-]+")


def normalise_doi(text: str, field: str = "identifier") -> str:
    """Return a DOI as its address, in lower case, given bare, with "doi:" or as an address. Raises `doi.invalid`.

    Source: https://www.doi.org/the-identifier/resources/handbook, 2.2 and 3.4 (case has no meaning)

    >>> normalise_doi("doi:10.5555/ABC.1")
    'https://doi.org/10.5555/abc.1'
    """
    match = _DOI.fullmatch(text.strip())
    if match is None:
        message = _("This is not a DOI. One looks like 10.5281/zenodo.1234567: copy it from the publisher's page.")
        raise fields.fault("doi.invalid", field, message)
    return f"https://doi.org/{match[1].lower()}"


def normalise_patent(text: str, field: str = "identifier") -> str:
    """Return the number of a patent or an application without anything between its parts. Raises `patent.invalid`.

    Source: WIPO ST.3 (office), ST.6 and ST.13 (number), ST.16 (kind of document)

    >>> normalise_patent("EP 1 234 567 b1")
    'EP1234567B1'
    """
    number = _BETWEEN.sub("", text).upper()
    if not _PATENT.fullmatch(number):
        message = _("This is not the number of a patent. One looks like EP1234567B1: the office, then its number.")
        raise fields.fault("patent.invalid", field, message)
    return number


def normalise(kind: OutcomeKind, text: str, field: str = "identifier") -> str:
    """Return an identifier in its stored form; nothing stays nothing. Raises Invalid naming the field.

    >>> normalise(OutcomeKind.DATASET, "10.5555/abc")
    'https://doi.org/10.5555/abc'
    """
    text = fields.line(MOST)(text, field)
    if not text:
        return ""
    if kind is OutcomeKind.PATENT:
        return normalise_patent(text, field)
    if _LIKE_A_DOI.match(text):
        return normalise_doi(text, field)
    if kind is OutcomeKind.SOFTWARE and _SOFTWARE_HERITAGE.fullmatch(text):
        return text
    if not text.lower().startswith(("http://", "https://")):
        message = _("Give a DOI such as 10.5281/zenodo.1234567, or a web address that begins with https://.")
        raise fields.fault("identifier.unknown", field, message)
    return str(fields.address(text, field))


def address_of(identifier: str) -> str | None:
    """Return where an identifier leads, or None where it is no address.

    >>> address_of("https://doi.org/10.5555/abc"), address_of("EP1234567B1")
    ('https://doi.org/10.5555/abc', None)
    """
    if identifier.startswith("swh:"):
        return f"https://archive.softwareheritage.org/{identifier}"
    return identifier if identifier.lower().startswith(("http://", "https://")) else None
