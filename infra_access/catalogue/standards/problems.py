"""What an import says about a file: a list of problems, each tied to its row and field."""

from dataclasses import dataclass
from enum import StrEnum

from infra_access.core.i18n import Text


class Severity(StrEnum):
    """How much a problem weighs."""

    ERROR = "error"
    """The file cannot be taken as it is."""

    WARNING = "warning"
    """It was taken, but somebody should look."""

    LOST = "lost"
    """It was taken without something that stood in it."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One finding; `row_number` counts as a spreadsheet does (headings are row 1), None means the whole file."""

    row_number: int | None
    field: str | None
    severity: Severity
    code: str
    message: Text
