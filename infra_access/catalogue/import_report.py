"""What an import tells about each row."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from infra_access.catalogue.standards.problems import RowProblem, Severity


class Outcome(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class RowReport:
    """One row: `kind` is facility or equipment, `changed` names the fields that differ from what was there."""

    number: int
    kind: str
    source_id: str
    name: str
    outcome: Outcome
    changed: tuple[str, ...] = ()
    public_id: str | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do if it was a dry run."""

    filename: str
    organisation: str
    organisation_public_id: str | None
    organisation_created: bool
    dry_run: bool
    rows: tuple[RowReport, ...]
    problems: tuple[RowProblem, ...]
    statuses: Mapping[str, int] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[RowProblem, ...]:
        """The problems for which nothing was taken; only a dry run has any."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are new, changed and unchanged."""
        counted = Counter(row.outcome for row in self.rows)
        return {outcome.value: counted[outcome] for outcome in Outcome}

    @property
    def wrote(self) -> bool:
        """Whether anything was stored."""
        return not self.dry_run and any(row.outcome is not Outcome.UNCHANGED for row in self.rows)

    def problems_of(self, number: int | None) -> tuple[RowProblem, ...]:
        """Return the problems of one row, or with None those of the file."""
        return tuple(problem for problem in self.problems if problem.row_number == number)
