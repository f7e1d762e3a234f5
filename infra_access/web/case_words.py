"""The words for what is stored of requests, approvals and bookings: roles, states, fields."""

from collections.abc import Mapping

from infra_access.access_requests.approvals.parties import Part
from infra_access.access_requests.lifecycle import LABELS as REQUEST_STATES
from infra_access.access_requests.terms.framework_lifecycle import KINDS as FRAMEWORK_KINDS
from infra_access.access_requests.terms.framework_lifecycle import LABELS as FRAMEWORK_STATES
from infra_access.access_requests.vocabularies import (
    AllocationState,
    ApprovalState,
    OverrideState,
    ParticipantRole,
    Presence,
)
from infra_access.core.i18n import Text, _
from infra_access.core.roles import ROLES
from infra_access.orders.lifecycle import LABELS as ORDER_STATES
from infra_access.scheduling.drafts.states import LABELS as SCHEDULE_STATES
from infra_access.scheduling.lifecycle import LABELS as BOOKING_STATES

PARTICIPANT_ROLES: Mapping[str, Text] = {
    ParticipantRole.PRINCIPAL: _("Leads the project"),
    ParticipantRole.MEMBER: _("Takes part"),
    ParticipantRole.OPERATOR: _("Works the instrument"),
    ParticipantRole.LOCAL_CONTACT: _("Contact at the facility"),
    ParticipantRole.DATA_ONLY: _("Works with the data only"),
}
PRESENCES: Mapping[str, Text] = {
    Presence.ON_SITE: _("On site"),
    Presence.REMOTE: _("From afar"),
    Presence.NONE: _("Not during sessions"),
}
APPROVAL_STATES: Mapping[str, Text] = {
    ApprovalState.WAITING: _("Waits for an earlier stage"),
    ApprovalState.PENDING: _("Waiting"),
    ApprovalState.PAUSED: _("Paused"),
    ApprovalState.RESERVED: _("On the reserve list"),
    ApprovalState.DEFERRED: _("Moved to a later round"),
    ApprovalState.APPROVED: _("Given"),
    ApprovalState.REFUSED: _("Refused"),
    ApprovalState.CHANGES_REQUESTED: _("Changes asked for"),
    ApprovalState.VOID: _("Called off"),
}
SAFETY_RESULTS: Mapping[str, Text] = {
    "green": _("green, safe as described"),
    "yellow": _("yellow, safe under the conditions"),
    "red": _("red, not safe"),
}
ALLOCATION_STATES: Mapping[str, Text] = {
    AllocationState.ACTIVE: _("You can book on it"),
    AllocationState.SUSPENDED: _("Waits for an approval that is asked again"),
    AllocationState.ENDED: _("Ended"),
}
OVERRIDE_STATES: Mapping[str, Text] = {
    OverrideState.WAITING: _("Waits for a second person"),
    OverrideState.IN_FORCE: _("In force"),
    OverrideState.EXPIRED: _("Run out"),
    OverrideState.RULE_CHANGED: _("Ended: the rule was changed"),
    OverrideState.REQUEST_CHANGED: _("Ended: the request was changed"),
    OverrideState.WITHDRAWN: _("Withdrawn"),
}
FIELDS: Mapping[str, Text] = {
    "title": _("title"),
    "summary": _("summary"),
    "regime": _("what comes of it"),
    "access_type": _("how it is used"),
    "quantity": _("how much"),
    "access_unit": _("counted by"),
    "acting_for": _("the organisation you act for"),
    "instruments": _("instruments"),
    "period": _("period"),
    "project": _("project"),
    "samples": _("samples"),
    "participants": _("team"),
    "participants.names": _("names of the team"),
    "route": _("way in"),
}

LEGS: Mapping[str, Text] = {
    "organisation": _("The organisation acted for"),
    "participant": _("A person on site"),
    "session": _("A session from afar"),
    "data": _("Data and results"),
    "sample": _("A sample"),
    "funder": _("Money"),
}
PARTS: Mapping[str, Text] = {
    Part.REQUESTER: _("asks for it"),
    Part.PARTICIPANT: _("takes part"),
    Part.ACTED_FOR: _("the organisation acted for"),
    Part.ORGANISATION: _("organisation of somebody who takes part"),
    Part.END_USER: _("will have the results"),
    Part.FUNDER: _("pays"),
}

WORDS: Mapping[str, Mapping[str, Text]] = {
    "role": ROLES,
    "participant_role": PARTICIPANT_ROLES,
    "presence": PRESENCES,
    "approval_state": APPROVAL_STATES,
    "allocation_state": ALLOCATION_STATES,
    "override_state": OVERRIDE_STATES,
    "request_state": {str(state): words for state, words in REQUEST_STATES.items()},
    "framework_kind": {str(kind): words for kind, words in FRAMEWORK_KINDS.items()},
    "framework_state": {str(state): words for state, words in FRAMEWORK_STATES.items()},
    "schedule_state": {str(state): words for state, words in SCHEDULE_STATES.items()},
    "booking_state": {str(state): words for state, words in BOOKING_STATES.items()},
    "order_state": {str(state): words for state, words in ORDER_STATES.items()},
    "field": FIELDS,
    "safety_result": SAFETY_RESULTS,
    "leg": LEGS,
    "part": PARTS,
}
