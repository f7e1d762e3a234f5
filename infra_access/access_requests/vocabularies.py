"""The closed vocabularies of routes, requests and what follows from them; the values are stored and sent as such."""

from enum import StrEnum


class Entry(StrEnum):
    """When a route takes requests: always, or in rounds."""

    CONTINUOUS = "continuous"
    ROUNDS = "rounds"


class TimeGiven(StrEnum):
    """Who chooses the time within what was granted."""

    TEAM_PICKS = "team_picks"
    FACILITY_SCHEDULES = "facility_schedules"
    QUEUE = "queue"


class OperatedBy(StrEnum):
    """Who works the instrument."""

    SELF = "self"
    ASSISTED = "assisted"
    STAFF = "staff"


class ParticipantRole(StrEnum):
    """What a person does on a team."""

    PRINCIPAL = "principal"
    MEMBER = "member"
    OPERATOR = "operator"
    LOCAL_CONTACT = "local-contact"
    DATA_ONLY = "data-only"


class Presence(StrEnum):
    """Where a participant is while the instrument runs."""

    ON_SITE = "on-site"
    REMOTE = "remote"
    NONE = "none"


class ApprovalState(StrEnum):
    """Where an approval stands.

    One that is waiting stands in a later stage, and is asked once those before it are complete. One that is paused, on
    the reserve list or deferred still waits for its verdict, but its deadline stands still.
    """

    WAITING = "waiting"
    PENDING = "pending"
    PAUSED = "paused"
    RESERVED = "reserved"
    DEFERRED = "deferred"
    APPROVED = "approved"
    REFUSED = "refused"
    CHANGES_REQUESTED = "changes_requested"
    VOID = "void"


ON_HOLD = (ApprovalState.PAUSED, ApprovalState.RESERVED, ApprovalState.DEFERRED)
"""Approvals whose deadline stands still."""

OPEN = (ApprovalState.PENDING, *ON_HOLD)
"""Approvals that wait for a verdict."""

UNGIVEN = (ApprovalState.WAITING, *OPEN)
"""Approvals without a verdict, whether they are asked yet or not."""


class Verdict(StrEnum):
    """What an approver can say."""

    APPROVE = "approve"
    REFUSE = "refuse"
    REQUEST_CHANGES = "request_changes"
    PAUSE = "pause"
    RESERVE = "reserve"
    DEFER = "defer"
    RESUME = "resume"


class Outcome(StrEnum):
    """What was decided on a request, where the state in which it stands then does not say so."""

    APPROVAL_GIVEN = "approval_given"
    GOES_ON = "goes_on"
    TAKEN_UP = "taken_up"
    APPEAL_GRANTED = "appeal_granted"


class OverrideState(StrEnum):
    """Where an exception from a rule stands; only one in force counts."""

    WAITING = "waiting"
    IN_FORCE = "in_force"
    EXPIRED = "expired"
    RULE_CHANGED = "rule_changed"
    REQUEST_CHANGED = "request_changed"
    WITHDRAWN = "withdrawn"


class AllocationState(StrEnum):
    """Whether a grant can be drawn on; a suspended one waits for an approval that an amendment asks again."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class DateKind(StrEnum):
    """What a team says of days."""

    IMPOSSIBLE = "impossible"
    PREFERRED = "preferred"


class Visibility(StrEnum):
    """Who reads a conversation."""

    TEAM_AND_STAFF = "team_and_staff"
    STAFF = "staff"
    ALL = "all"


class Owner(StrEnum):
    """To whom results belong, by the terms."""

    APPLICANT = "applicant"
    HOST = "host"
    JOINT = "joint"


class Party(StrEnum):
    """Who bears a share of costs or risks."""

    APPLICANT = "applicant"
    HOST = "host"
    FUNDER = "funder"


class PublicationDuty(StrEnum):
    """Whether results have to be published: at once, after an embargo, or never."""

    REQUIRED = "required"
    EMBARGOED = "embargoed"
    NONE = "none"


class Secrecy(StrEnum):
    """Who keeps secret what is marked so."""

    NONE = "none"
    MUTUAL = "mutual"


class AgreementKind(StrEnum):
    """What is accepted before one may book on a request: its terms, and those for samples that are handed over."""

    TERMS = "terms"
    MTA = "mta"


OF_ITSELF = frozenset(AgreementKind)
"""The kinds that a request agrees to before it is active; its sessions alone wait for others, for which rules ask."""
