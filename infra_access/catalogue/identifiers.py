"""The identifiers of organisations: checked, and each belonging to one organisation only."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from infra_access.catalogue import fields
from infra_access.catalogue.models import Organisation, OrganisationIdentifier
from infra_access.catalogue.vocabularies import IdentifierScheme
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import _
from infra_access.core.ids import normalise_ror

Identifier = tuple[str, str]
"""A scheme and a value."""

_SPACED = frozenset({IdentifierScheme.VAT, IdentifierScheme.LEI, IdentifierScheme.ISNI})
_value = fields.line(100, required=True)


@dataclass(frozen=True, slots=True)
class ValidIdentifier:
    """An identifier in its stored form."""

    scheme: str
    register: str
    value: str


def valid_identifiers(identifiers: Iterable[Identifier], *, country: str) -> list[ValidIdentifier]:
    """Return identifiers as they are stored. Raises Invalid, also where a check digit does not fit."""
    found = [
        _valid(scheme, value, country=country, field=f"identifiers.{position}")
        for position, (scheme, value) in enumerate(identifiers)
    ]
    return list(dict.fromkeys(found))


def replace_identifiers(session: Session, organisation: Organisation, wanted: list[ValidIdentifier]) -> None:
    """Store identifiers, which `refuse_taken` let pass, in place of those that the organisation had.

    Raises Conflict `organisation.exists` where another organisation took one in between.
    """
    session.execute(delete(OrganisationIdentifier).where(OrganisationIdentifier.organisation_id == organisation.id))
    if not wanted:
        return
    rows = [
        {"organisation_id": organisation.id, "scheme": each.scheme, "register": each.register, "value": each.value}
        for each in wanted
    ]
    try:
        with session.begin_nested():
            session.execute(insert(OrganisationIdentifier), rows)
    except IntegrityError:
        refuse_taken(session, wanted, but=organisation)
        raise


def find_by_ror(session: Session, ror: str) -> Organisation | None:
    """Return the organisation with a ROR id, given in any of its forms. Raises Invalid `ror.invalid`."""
    return session.scalar(
        select(Organisation)
        .join(OrganisationIdentifier, OrganisationIdentifier.organisation_id == Organisation.id)
        .where(
            OrganisationIdentifier.scheme == IdentifierScheme.ROR,
            OrganisationIdentifier.value == normalise_ror(ror),
        )
    )


def refuse_taken(session: Session, wanted: list[ValidIdentifier], *, but: Organisation | None = None) -> None:
    """Refuse identifiers of another organisation. Raises Conflict `organisation.exists` naming it."""
    if not wanted:
        return
    columns = (OrganisationIdentifier.scheme, OrganisationIdentifier.register, OrganisationIdentifier.value)
    taken = session.execute(
        select(Organisation.public_id, Organisation.name, OrganisationIdentifier.value)
        .join(OrganisationIdentifier, OrganisationIdentifier.organisation_id == Organisation.id)
        .where(
            tuple_(*columns).in_([(each.scheme, each.register, each.value) for each in wanted]),
            Organisation.id != (but.id if but else 0),
        )
        .limit(1)
    ).first()
    if taken is not None:
        raise Conflict(
            "organisation.exists",
            _(
                'The identifier ${value} belongs to "${name}", which is here already. Use that one.',
                mapping={"value": taken.value, "name": taken.name},
            ),
            details={"organisation": taken.public_id},
        )


def _valid(scheme: str, value: str, *, country: str, field: str) -> ValidIdentifier:
    scheme = fields.one_of(IdentifierScheme)(scheme, f"{field}.scheme")
    text = _value(value, f"{field}.value")
    if scheme == IdentifierScheme.ROR:
        try:
            text = normalise_ror(text)
        except Invalid as error:
            raise fields.fault(error.code, f"{field}.value", error.message) from error
    elif scheme in _SPACED:
        text = "".join(text.split()).upper()
    # A national register's number means nothing without its country.
    return ValidIdentifier(scheme, country if scheme == IdentifierScheme.REGISTRY else "", text)
