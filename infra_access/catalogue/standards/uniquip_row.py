"""One row of UNIQUIP: its columns, the cleaning of its cells, and the rules that concern the row alone."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import nh3

from infra_access.catalogue.standards.problems import RowProblem, Severity
from infra_access.catalogue.vocabularies import OperationalStatus
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.input_text import clean_line, clean_text

# The heading of each column in the spelling and order of the standard, and our name for it.
# Source: https://equipment.data.ac.uk/uniquip
COLUMNS: Mapping[str, str] = {
    "Type": "type",
    "Name": "name",
    "Description": "description",
    "Related Facility ID": "related_facility_id",
    "Technique": "technique",
    "Location": "location",
    "Contact Name": "contact_name",
    "Contact Telephone": "contact_telephone",
    "Contact URL": "contact_url",
    "Contact Email": "contact_email",
    "Secondary Contact Name": "secondary_contact_name",
    "Secondary Contact Telephone": "secondary_contact_telephone",
    "Secondary Contact URL": "secondary_contact_url",
    "Secondary Contact Email": "secondary_contact_email",
    "ID": "id",
    "Photo": "photo",
    "Department": "department",
    "Site Location": "site_location",
    "Building": "building",
    "Service Level": "service_level",
    "Web Address": "web_address",
}
OPEN_LICENSE = "Open License"

MAX_LINE = 500
MAX_DESCRIPTION = 20_000
MAX_ADDRESS = 2_000
MAX_TECHNIQUE = 60
# Text that went through several systems is escaped several times; a bound keeps hostile nesting cheap.
_MAX_ESCAPES = 5

# The service levels that say in so many words whether an instrument works; everything else stays unknown.
STATUS_OF_SERVICE_LEVEL: Mapping[str, OperationalStatus] = {
    "operational": OperationalStatus.OPERATING,
    "operating": OperationalStatus.OPERATING,
    "commissioning": OperationalStatus.COMMISSIONING,
    "construction": OperationalStatus.PLANNED,
    "design": OperationalStatus.PLANNED,
    "planned": OperationalStatus.PLANNED,
    "closed": OperationalStatus.CLOSED,
}

_LEVEL_PARTS = re.compile(r"\s*[/&,]\s*")
_TECHNIQUES = re.compile(r"[,;/]|\s+or\s+", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>|<!--", re.IGNORECASE)
_BLOCK_END = re.compile(r"<br\s*/?>|</(?:p|div|li|tr|h[1-6]|ul|ol|table)\s*>", re.IGNORECASE)
_LINE_ENDS = re.compile(r"[\r\n\t]+")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)
_BARE_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?::[0-9]{1,5})?(?:[/?#][^\s]*)?", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>,;]+@(?:[^\s@<>,;.]+\.)+[^\s@<>,;.]+")


class RowType(StrEnum):
    """What a row describes."""

    EQUIPMENT = "equipment"
    FACILITY = "facility"


@dataclass(frozen=True, slots=True)
class UniquipRow:
    """A cleaned row; empty text where a cell is empty. Where it stood in the file is no part of its value."""

    number: int = field(compare=False)
    type: RowType
    name: str
    description: str
    related_facility_id: str
    technique: str
    location: str
    contact_name: str
    contact_telephone: str
    contact_url: str
    contact_email: str
    secondary_contact_name: str
    secondary_contact_telephone: str
    secondary_contact_url: str
    secondary_contact_email: str
    id: str
    photo: str
    department: str
    site_location: str
    building: str
    service_level: str
    web_address: str
    open_license: str = ""

    @property
    def related_facility_ids(self) -> tuple[str, ...]:
        """The ids of the facilities that it belongs to."""
        parts = (part.strip() for part in self.related_facility_id.split(","))
        return tuple(dict.fromkeys(part for part in parts if part))

    @property
    def techniques(self) -> tuple[str, ...]:
        """The names of techniques in the free text, without what is too long to be a name."""
        return split_techniques(self.technique)

    @property
    def status(self) -> OperationalStatus:
        """What the service level says about the instrument."""
        return status_of(self.service_level)


def status_of(service_level: str) -> OperationalStatus:
    """Return the operational status that a service level states, else unknown.

    >>> status_of("Design & construction").value, status_of("Optimization mode").value
    ('planned', 'unknown')
    """
    parts = _LEVEL_PARTS.split(service_level.strip().casefold())
    found = {STATUS_OF_SERVICE_LEVEL.get(part, OperationalStatus.UNKNOWN) for part in parts}
    return found.pop() if len(found) == 1 else OperationalStatus.UNKNOWN


def split_techniques(text: str) -> tuple[str, ...]:
    """Return the distinct names in a free text of techniques.

    >>> split_techniques("XANES, PES or XES; micro-XANES,")
    ('XANES', 'PES', 'XES', 'micro-XANES')
    """
    pieces = (piece.strip() for piece in _TECHNIQUES.split(text))
    names = {
        piece.casefold(): piece
        for piece in reversed(list(pieces))
        if len(piece) <= MAX_TECHNIQUE and any(character.isalnum() for character in piece)
    }
    return tuple(reversed(names.values()))


class RowReader:
    """Cleans the cells of one row and notes what it found."""

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        """Take the cells by their heading."""
        self.number = number
        self.problems: list[RowProblem] = []
        self._cells = cells

    def read(self) -> UniquipRow:
        """Return the cleaned row; it is only worth using while no problem is an error."""
        values = {attribute: self._clean(heading) for heading, attribute in COLUMNS.items() if heading != "Type"}
        row = UniquipRow(
            number=self.number, type=self._type(), open_license=self._address(OPEN_LICENSE, bare=True), **values
        )
        self._check(row)
        return row

    def note(self, severity: Severity, code: str, heading: str | None, message: Text) -> None:
        """Add a problem of this row."""
        self.problems.append(RowProblem(self.number, heading, severity, code, message))

    def _note_once(self, severity: Severity, code: str, heading: str, message: Text) -> None:
        if not any(problem.code == code and problem.field == heading for problem in self.problems):
            self.note(severity, code, heading, message)

    def _clean(self, heading: str) -> str:
        if heading == "Description":
            return self._description()
        if heading.endswith("URL") or heading in {"Photo", "Web Address"}:
            return self._address(heading)
        if heading.endswith("Email"):
            return self._email(heading)
        if heading.endswith("Telephone"):
            return self._without_scheme(self._line(heading), "tel:")
        return self._line(heading)

    def _type(self) -> RowType:
        text = self._line("Type").casefold()
        try:
            return RowType(text or "equipment")
        except ValueError:
            message = _('Type is "${type}". Write equipment or facility.', mapping={"type": text[:80]})
            self.note(Severity.ERROR, "uniquip.type", "Type", message)
            return RowType.EQUIPMENT

    def _line(self, heading: str, max_length: int = MAX_LINE) -> str:
        raw = self._cells.get(heading, "")
        one_line = " ".join(part.strip() for part in _LINE_ENDS.split(raw.strip()) if part.strip())
        text = self._decoded(heading, one_line)
        if one_line != raw.strip():
            message = _("The line breaks in ${field} were made spaces.", mapping={"field": heading})
            self.note(Severity.WARNING, "uniquip.line_breaks", heading, message)
        try:
            text = clean_line(text, field=heading, max_length=max_length)
        except Invalid as refusal:
            return self._refused(heading, refusal)
        return self._warned_of_formula(heading, text)

    def _description(self) -> str:
        text = self._cells.get("Description", "").strip()
        for _escape in range(_MAX_ESCAPES):
            text = self._decoded("Description", self._without_html(text))
            if not _TAG.search(text):
                break
        try:
            text = clean_text(text, field="Description", max_length=MAX_DESCRIPTION)
        except Invalid as refusal:
            return self._refused("Description", refusal)
        return self._warned_of_formula("Description", text)

    def _without_html(self, text: str) -> str:
        if not _TAG.search(text):
            return text
        message = _("The HTML in Description was taken out; its text was kept.")
        self._note_once(Severity.LOST, "uniquip.html", "Description", message)
        # What was `<` before is `&lt;` after the cleaning, so decoding it once restores it.
        cleaned = html.unescape(nh3.clean(_BLOCK_END.sub("\n", text), tags=set())).replace("\xa0", " ")
        return "\n".join(line.strip() for line in cleaned.splitlines() if line.strip())

    def _decoded(self, heading: str, text: str) -> str:
        decoded = text
        for _escape in range(_MAX_ESCAPES):
            decoded = _ENTITY.sub(lambda match: html.unescape(match[0]), decoded)
        if decoded == text:
            return text
        message = _("The HTML entities in ${field} were written as characters.", mapping={"field": heading})
        self._note_once(Severity.WARNING, "uniquip.entities", heading, message)
        return decoded.replace("\xa0", " ").strip()

    def _warned_of_formula(self, heading: str, text: str) -> str:
        if text.startswith("="):
            message = _(
                "${field} looks like a formula; it was kept as text. Put its result there.", mapping={"field": heading}
            )
            self.note(Severity.WARNING, "uniquip.formula", heading, message)
        return text

    def _address(self, heading: str, *, bare: bool = False) -> str:
        text = self._line(heading, MAX_ADDRESS)
        if not text or _WEB.fullmatch(text):
            return text
        if bare:
            return text
        if _BARE_HOST.fullmatch(text):
            message = _('${field} lacks its beginning; "http://" was put before it.', mapping={"field": heading})
            self.note(Severity.WARNING, "uniquip.address_scheme", heading, message)
            return f"http://{text}"
        message = _(
            '${field} is not a web address and was left out: "${text}". Write one that begins with https://.',
            mapping={"field": heading, "text": text[:80]},
        )
        self.note(Severity.LOST, "uniquip.address", heading, message)
        return ""

    def _email(self, heading: str) -> str:
        text = self._without_scheme(self._line(heading), "mailto:").partition("?")[0]
        if text and not _EMAIL.fullmatch(text):
            message = _(
                '"${text}" does not look like an e-mail address. Check ${field}.',
                mapping={"field": heading, "text": text[:80]},
            )
            self.note(Severity.WARNING, "uniquip.email", heading, message)
        return text

    def _without_scheme(self, text: str, scheme: str) -> str:
        return text[len(scheme) :].strip() if text.casefold().startswith(scheme) else text

    def _refused(self, heading: str, refusal: Invalid) -> str:
        self.note(Severity.ERROR, refusal.code, heading, refusal.message)
        return ""

    def _check(self, row: UniquipRow) -> None:
        if not row.name and not row.description:
            message = _("Name and Description are both empty. Fill in one of them.")
            self.note(Severity.ERROR, "uniquip.no_name", "Name", message)
        if not row.contact_name:
            message = _("Contact Name is empty. Name a person or an office.")
            self.note(Severity.ERROR, "uniquip.no_contact_name", "Contact Name", message)
        if not (row.contact_telephone or row.contact_url or row.contact_email):
            message = _("There is no way to reach the contact. Give a telephone number, a URL or an e-mail address.")
            self.note(Severity.ERROR, "uniquip.no_contact", "Contact Email", message)
        if not row.id:
            message = _("ID is empty, so a later import cannot recognise this row. Give it an ID that stays.")
            self.note(Severity.WARNING, "uniquip.no_id", "ID", message)
        if row.type is RowType.FACILITY and row.related_facility_ids:
            message = _("Related Facility ID is filled in for a facility; the standard leaves it empty there.")
            self.note(Severity.WARNING, "uniquip.facility_related", "Related Facility ID", message)
        self._check_derived(row)

    def _check_derived(self, row: UniquipRow) -> None:
        if row.service_level and row.status is OperationalStatus.UNKNOWN:
            message = _(
                'The service level "${level}" could not be mapped to a status, so the status is unknown.',
                mapping={"level": row.service_level[:80]},
            )
            self.note(Severity.WARNING, "uniquip.service_level", "Service Level", message)
        long = [piece.strip() for piece in _TECHNIQUES.split(row.technique) if len(piece.strip()) > MAX_TECHNIQUE]
        if long:
            message = _(
                '"${text}" is too long for the name of a technique; it stays in the text of Technique only.',
                mapping={"text": long[0][:80]},
            )
            self.note(Severity.WARNING, "uniquip.technique", "Technique", message)
