"""What came of an access as pages show it: the words of its kind, where it leads, and whether it still stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra_access.core.i18n import Text, _
from infra_access.outcomes.identifiers import address_of
from infra_access.outcomes.models import Outcome
from infra_access.outcomes.outcome_queries import OutcomeView
from infra_access.outcomes.vocabularies import OutcomeKind

KINDS: Mapping[str, Text] = {
    OutcomeKind.PUBLICATION: _("Publication"),
    OutcomeKind.DATASET: _("Data set"),
    OutcomeKind.PATENT: _("Patent"),
    OutcomeKind.SOFTWARE: _("Software"),
    OutcomeKind.OTHER: _("Something else"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An outcome, ready to be shown; `address` is where its identifier leads, None where it is no address."""

    outcome: Outcome
    kind: Text
    address: str | None


def shown(outcomes: Iterable[Outcome]) -> list[Shown]:
    """Return outcomes as everybody sees them."""
    return [Shown(one, KINDS[one.kind], address_of(one.identifier)) for one in outcomes]


def shown_to_team(views: Iterable[OutcomeView]) -> list[tuple[Shown, OutcomeView]]:
    """Return outcomes as the team and the staff see them, with what is theirs to know."""
    return [(shown([view.outcome])[0], view) for view in views]
