"""Whose records an import brings: an organisation that is known, or one to be entered, self-declared."""

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue import fields
from infra_access.catalogue.countries import valid_country
from infra_access.catalogue.identifiers import find_by_ror
from infra_access.catalogue.models import Organisation
from infra_access.catalogue.scopes import organisation_scopes
from infra_access.catalogue.standards.uniquip import UniquipFile
from infra_access.catalogue.vocabularies import Trust
from infra_access.core.authority import NETWORK, Scopes
from infra_access.core.errors import Invalid
from infra_access.core.i18n import _
from infra_access.core.ids import normalise_ror
from infra_access.core.search_text import order_key

_BARE_ROR = re.compile(r"0[0-9a-z]{6}[0-9]{2}", re.IGNORECASE | re.ASCII)
_name = fields.line(300)


@dataclass(frozen=True, slots=True)
class Target:
    """The organisation, None where it has to be entered; `country` is that of new facilities."""

    organisation: Organisation | None
    name: str
    country: str
    ror: str | None

    @property
    def scopes(self) -> Scopes:
        """What the records will lie in."""
        if self.organisation is None:
            return (("country", self.country), NETWORK)
        return organisation_scopes(self.organisation)

    @property
    def as_organisation(self) -> Organisation:
        """The organisation, or what it would be once entered."""
        return self.organisation or Organisation(public_id="", name=self.name, trust=Trust.SELF_DECLARED)


def find_target(session: Session, file: UniquipFile, organisation: str | None, country: str | None) -> Target:
    """Find an organisation by ROR id, or by name and country; none named means the name of the file's first facility.

    Raises Invalid where it stays open which organisation is meant, or in which country a new one lies.
    """
    known_country = valid_country(country) if country else None
    wanted = _name(organisation or "", "organisation")
    ror = normalise_ror(wanted) if "ror.org/" in wanted.casefold() or _BARE_ROR.fullmatch(wanted) else None
    name = (wanted if ror is None else "") or next((row.name for row in file.facilities if row.name), "")[:300]
    if not name:
        raise fields.fault(
            "import.no_organisation",
            "organisation",
            _("Say whose equipment this is: a ROR id, or a name and a country."),
        )
    found = find_by_ror(session, ror) if ror else _by_name(session, name, known_country)
    if found is None and known_country is None:
        raise fields.fault(
            "import.no_country",
            "country",
            _('"${name}" is not known here yet. Say in which country it lies.', mapping={"name": name}),
        )
    return Target(
        organisation=found,
        name=found.name if found else name,
        country=known_country or (found.country if found else ""),
        ror=ror,
    )


def _by_name(session: Session, name: str, country: str | None) -> Organisation | None:
    query = select(Organisation).where(Organisation.name_key == order_key(name))
    if country is not None:
        query = query.where(Organisation.country == country)
    found = session.scalars(query.limit(2)).all()
    if len(found) > 1:
        message = _('There are several organisations called "${name}". Give the ROR id.', mapping={"name": name})
        raise Invalid("import.ambiguous", message, fields={"organisation": [message]})
    return found[0] if found else None
