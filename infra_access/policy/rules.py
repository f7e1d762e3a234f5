"""The form of a rule: what it applies to, what it does and when, why, and who may read it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from infra_access.policy.conditions import ALWAYS, Condition, rests_on
from infra_access.policy.wording import Wording


class Action(StrEnum):
    """What somebody wants to do."""

    VIEW_DETAILS = "view_details"
    REQUEST = "request"
    BOOK = "book"
    REMOTE_SESSION = "remote_session"
    MAIL_IN = "mail_in"
    EXPORT_DATA = "export_data"


class Grounds(StrEnum):
    """Why a rule exists; a permit needs no grounds."""

    SECURITY = "security"
    PRIVACY = "privacy"
    ETHICS = "ethics"
    IP = "ip"
    SAFETY = "safety"
    CAPACITY = "capacity"
    FUNDING = "funding"
    RECIPROCITY = "reciprocity"
    LEGAL = "legal"
    NONE = "none"


class Disclosure(StrEnum):
    """What an applicant may read of a rule: its text, a general sentence, or nothing."""

    FULL = "full"
    GENERIC = "generic"
    NONE = "none"


class RequirementKind(StrEnum):
    """What can be required."""

    TRAINING = "training"
    DOCUMENT = "document"
    AGREEMENT = "agreement"
    ASSURANCE = "assurance"
    FUNDING = "funding"
    ESCORT = "escort"
    GATE = "gate"


class ApprovalScope(StrEnum):
    """Whose approver is meant: on the host's side, on the side of the organisation acted for, or the network's."""

    FACILITY = "facility"
    ORGANISATION = "organisation"
    COUNTRY = "country"
    NETWORK = "network"
    HOME_ORGANISATION = "home_organisation"
    HOME_COUNTRY = "home_country"


class Asking(StrEnum):
    """What an approval may ask of everybody on the team: never a fact that a rule compares (ADR 11)."""

    NATIONALITY = "nationality"


class RequestField(StrEnum):
    """A field of an access request that says what is to be done and by whom, on which an approval can rest."""

    TITLE = "title"
    SUMMARY = "summary"
    REGIME = "regime"
    ROUTE = "route"
    ACTING_FOR = "acting_for"
    INSTRUMENTS = "instruments"
    QUANTITY = "quantity"
    PERIOD = "period"
    ACCESS_TYPE = "access_type"
    PARTICIPANTS = "participants"
    PROJECT = "project"
    SAMPLES = "samples"


MAY_ASK = frozenset({"organisation", "facility", "route", "instrument"})
"""The kinds of scope whose rules may ask it: those of a site, a facility, a way in or an instrument."""


def issued_by(key: str, issuer: str) -> str:
    """Return the name under which something is satisfied that this issuer gave; small and large letters are alike."""
    return f"{key} by {issuer.casefold()}"


@dataclass(frozen=True, slots=True)
class Permit:
    """It is open to those who match."""


@dataclass(frozen=True, slots=True)
class Deny:
    """It is closed to those who match."""


@dataclass(frozen=True, slots=True)
class Approve:
    """Somebody in this role and scope must say yes. Stages run one after the other, within one in parallel.

    What it `asks` everybody on the team says at that step, and those alone see who decide; None stands for nothing.
    With `review` the yes names a date on which it is looked at again.
    """

    role: str
    scope: ApprovalScope
    stage: int = 1
    asks: tuple[Asking, ...] | None = None
    review: bool | None = None


@dataclass(frozen=True, slots=True)
class Require:
    """Something must be met first; its key in the fact `satisfied` is `kind:code`.

    `issuers` are those whose trainings count; None stands for all.
    """

    kind: RequirementKind
    code: str
    stage: int = 1
    issuers: tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        """Return the name under which it is satisfied.

        >>> Require(RequirementKind.TRAINING, "laser-safety").key
        'training:laser-safety'
        """
        return f"{self.kind}:{self.code}"

    @property
    def met_by(self) -> frozenset[str]:
        """Return what in the fact `satisfied` meets it, any of them.

        >>> sorted(Require(RequirementKind.TRAINING, "laser-safety", issuers=("PSI", "KEK")).met_by)
        ['training:laser-safety by kek', 'training:laser-safety by psi']
        """
        if self.issuers is None:
            return frozenset({self.key})
        return frozenset(issued_by(self.key, issuer) for issuer in self.issuers)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many access units, so many days ahead, so many bookings at a time."""

    amount: int | Decimal | None = None
    horizon: int | None = None
    spans: int | None = None


@dataclass(frozen=True, slots=True)
class Mask:
    """These fields are not shown."""

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefer:
    """Those who match are ranked by so much more."""

    weight: int


Effect = Permit | Deny | Approve | Require | Limit | Mask | Prefer


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; it holds from `valid_from` until before `valid_to` (UTC days). `scope` is where it is attached.

    `fields` of the access request that an approval rests on follow from the condition unless stated.
    """

    id: str
    effect: Effect
    applies_to: tuple[Action, ...]
    message: Wording
    when: Condition = ALWAYS
    version: int = 1
    scope: str = "network"
    grounds: Grounds = Grounds.NONE
    legal_ref: str | None = None
    disclosure: Disclosure = Disclosure.FULL
    overridable_by: str | None = None
    expected_days: int = 0
    latest_days: int = 0
    valid_from: date | None = None
    valid_to: date | None = None
    rests_on: tuple[str, ...] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the fields of an access request whose change voids an approval by this rule."""
        return rests_on(self.when) if self.rests_on is None else self.rests_on

    def holds_on(self, day: date) -> bool:
        """Tell whether the rule is in force on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)
