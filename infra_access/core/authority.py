"""Who may do what, as data: everything not granted here is refused.

A permission is held by anyone, by whoever signed in, through a role granted within a scope that contains the object,
or through a relation to the object itself (its requester, its team). A scope chain names what an object lies in, from
itself up to the network: (("instrument", id), ("facility", id), ..., ("country", "DE"), ("network", "")).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from infra_access.core.errors import Forbidden, NotAuthenticated
from infra_access.core.i18n import _
from infra_access.core.roles import either_of

Scope = tuple[str, str]
Scopes = tuple[Scope, ...]

NETWORK: Scope = ("network", "")


class Permission(StrEnum):
    """What can be allowed, as domain:object:action."""

    CATALOGUE_READ = "catalogue:any:read"
    CATALOGUE_READ_DRAFT = "catalogue:draft:read"
    DETAILS_READ = "catalogue:detail:read"
    ORGANISATION_CREATE = "catalogue:organisation:create"
    ORGANISATION_UPDATE = "catalogue:organisation:update"
    ORGANISATION_VERIFY = "catalogue:organisation:verify"
    FACILITY_CREATE = "catalogue:facility:create"
    FACILITY_UPDATE = "catalogue:facility:update"
    INSTRUMENT_CREATE = "catalogue:instrument:create"
    INSTRUMENT_UPDATE = "catalogue:instrument:update"
    INSTRUMENT_LABEL = "catalogue:instrument:label"
    INSTRUMENT_RELEASE = "catalogue:instrument:release"
    CATALOGUE_IMPORT = "catalogue:any:import"
    SIGN_UP = "people:account:create"
    OWN_ACCOUNT = "people:account:own"
    ROLE_GRANT = "people:role:grant"
    TRAINING_READ = "people:training:read"
    TRAINING_WRITE = "people:training:write"
    ASSURANCE_NOTE = "people:assurance:note"
    POLICY_READ = "policy:document:read"
    POLICY_WRITE = "policy:document:write"
    POLICY_EVALUATE = "policy:decision:evaluate"
    ROUTE_WRITE = "access:route:write"
    REQUEST_CREATE = "access:request:create"
    REQUEST_LIST = "access:request:list"
    REQUEST_READ = "access:request:read"
    REQUEST_UPDATE = "access:request:update"
    REQUEST_CORRECT = "access:request:correct"
    REQUEST_REVOKE = "access:request:revoke"
    REQUEST_COMPLETE = "access:request:complete"
    OUTCOME_WRITE = "access:outcome:write"
    AGREEMENT_ACCEPT = "access:agreement:accept"
    AGREEMENT_OFFER = "access:agreement:offer"
    FRAMEWORK_CREATE = "access:framework:create"
    FRAMEWORK_LIST = "access:framework:list"
    FRAMEWORK_READ = "access:framework:read"
    FRAMEWORK_WRITE = "access:framework:write"
    FRAMEWORK_ACCEPT = "access:framework:accept"
    APPROVAL_LIST = "access:approval:list"
    APPROVAL_DECIDE = "access:approval:decide"
    NATIONALITY_DECLARE = "access:nationality:declare"
    NATIONALITY_READ = "access:nationality:read"
    NATIONALITY_RESEAL = "access:nationality:reseal"
    SCREENING_READ = "screening:candidate:read"
    SCREENING_DECIDE = "screening:candidate:decide"
    SCREENING_LIST_WRITE = "screening:list:write"
    OVERRIDE_LIST = "access:override:list"
    OVERRIDE_GRANT = "access:override:grant"
    ALLOCATION_LIST = "access:allocation:list"
    CONVERSATION_START = "access:conversation:create"
    CONVERSATION_READ = "access:conversation:read"
    CONVERSATION_LIST = "access:conversation:list"
    BOOKING_CREATE = "scheduling:booking:create"
    BOOKING_LIST = "scheduling:booking:list"
    BOOKING_READ = "scheduling:booking:read"
    BOOKING_UPDATE = "scheduling:booking:update"
    BOOKING_ATTEND = "scheduling:booking:attend"
    BOOKING_ANSWER = "scheduling:booking:answer"
    GATE_CLEAR = "scheduling:gate:clear"
    WAIT_LIST_LEAVE = "scheduling:wait_list:leave"
    BOOKING_READ_LABELS = "scheduling:booking:labels"
    ORDER_CREATE = "orders:order:create"
    ORDER_LIST = "orders:order:list"
    ORDER_READ = "orders:order:read"
    ORDER_UPDATE = "orders:order:update"
    ORDER_CANCEL = "orders:order:cancel"
    ORDER_WORK = "orders:order:work"
    SCHEDULE_WRITE = "scheduling:schedule:write"
    MAINTENANCE_WRITE = "scheduling:maintenance:write"
    HOURS_WRITE = "scheduling:hours:write"
    QUOTE_CREATE = "accounting:quote:create"
    QUOTE_READ = "accounting:quote:read"
    FUNDING_CREATE = "accounting:funding:create"
    POOL_WRITE = "accounting:pool:write"
    POOL_READ = "accounting:pool:read"
    LEDGER_READ = "accounting:ledger:read"
    LEDGER_WRITE = "accounting:ledger:write"
    RECIPROCITY_READ = "measurement:reciprocity:read"
    CONTRIBUTION_WRITE = "measurement:contribution:write"
    AUDIT_READ = "audit:event:read"


@dataclass(frozen=True, slots=True)
class Allow:
    """Who holds a permission; the parts are alternatives."""

    anyone: bool = False
    signed_in: bool = False
    roles: frozenset[str] = frozenset()
    relations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held within a scope at this moment; `by` is the account of whoever handed it over while away."""

    role: str
    scope: Scope
    by: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts, as known at the start of a command. `token_scope` is None for a browser or the command line."""

    account_id: int | None
    public_id: str
    label: str
    name: str = ""
    locale: str = "en"
    timezone: str = "UTC"
    grants: tuple[Grant, ...] = ()
    organisation_ids: frozenset[int] = field(default_factory=frozenset)
    token_scope: str | None = None

    def holds(self, role: str, scopes: Scopes) -> bool:
        """Tell whether the actor has this role within a scope that contains the object."""
        return any(grant.role == role and (grant.scope in scopes or grant.scope == NETWORK) for grant in self.grants)

    def holds_own(self, role: str, scopes: Scopes) -> bool:
        """Tell whether the actor has this role there in their own right, not by standing in for somebody."""
        return any(
            grant.role == role and grant.by is None and (grant.scope in scopes or grant.scope == NETWORK)
            for grant in self.grants
        )

    def roles_within(self, scopes: Scopes) -> set[str]:
        """Return the roles that the actor has over the object."""
        return {grant.role for grant in self.grants if grant.scope in scopes or grant.scope == NETWORK}

    @property
    def stands_in_for(self) -> frozenset[int]:
        """Return the accounts of those who handed a role over to the actor."""
        return frozenset(grant.by for grant in self.grants if grant.by is not None)

    def scope_keys(self, role: str, kind: str) -> set[str]:
        """Return the keys of the scopes of one kind in which the actor has a role."""
        return {grant.scope[1] for grant in self.grants if grant.role == role and grant.scope[0] == kind}


def system_actor(label: str) -> Actor:
    """Return the actor of the command line and the worker: no account, every right of a platform administrator."""
    return Actor(account_id=None, public_id="", label=label, name=label, grants=(Grant("platform_admin", NETWORK),))


_STAFF = frozenset({"facility_manager", "user_officer", "instrument_scientist", "organisation_admin", "platform_admin"})
_OFFICE = frozenset({"facility_manager", "user_officer", "organisation_admin", "platform_admin"})
_FINANCE = _OFFICE | {"finance"}
_READERS = _STAFF | {"safety_officer", "access_administrator", "export_control_officer", "auditor"}

_RELEASERS = frozenset({"export_control_officer", "access_administrator", "platform_admin"})

PERMISSIONS: Mapping[Permission, Allow] = {
    Permission.CATALOGUE_READ: Allow(anyone=True),
    Permission.CATALOGUE_READ_DRAFT: Allow(roles=_STAFF),
    Permission.DETAILS_READ: Allow(roles=_READERS),
    Permission.ORGANISATION_CREATE: Allow(signed_in=True),
    Permission.ORGANISATION_UPDATE: Allow(
        roles=frozenset({"organisation_admin", "platform_admin"}), relations=frozenset({"creator"})
    ),
    Permission.ORGANISATION_VERIFY: Allow(roles=frozenset({"access_administrator", "platform_admin"})),
    Permission.FACILITY_CREATE: Allow(roles=frozenset({"organisation_admin", "facility_manager", "platform_admin"})),
    Permission.FACILITY_UPDATE: Allow(roles=_OFFICE),
    Permission.INSTRUMENT_CREATE: Allow(roles=_OFFICE),
    Permission.INSTRUMENT_UPDATE: Allow(roles=_STAFF),
    # Rules of the network hang on labels and control codes: those whom they bind do not take them off.
    Permission.INSTRUMENT_LABEL: Allow(roles=_STAFF | _RELEASERS),
    Permission.INSTRUMENT_RELEASE: Allow(roles=_RELEASERS),
    Permission.CATALOGUE_IMPORT: Allow(roles=frozenset({"organisation_admin", "facility_manager", "platform_admin"})),
    Permission.SIGN_UP: Allow(anyone=True),
    Permission.OWN_ACCOUNT: Allow(signed_in=True),
    Permission.ROLE_GRANT: Allow(roles=frozenset({"platform_admin", "organisation_admin"})),
    Permission.TRAINING_READ: Allow(roles=_STAFF | {"safety_officer", "auditor"}, relations=frozenset({"owner"})),
    Permission.TRAINING_WRITE: Allow(roles=_STAFF | {"safety_officer"}),
    # Rules of the whole network count on it, so it is for those who see people and papers, or answer for who comes.
    Permission.ASSURANCE_NOTE: Allow(roles=_RELEASERS | {"facility_manager", "user_officer"}),
    Permission.POLICY_READ: Allow(roles=_READERS),
    Permission.POLICY_WRITE: Allow(
        roles=frozenset({"facility_manager", "organisation_admin", "access_administrator", "platform_admin"})
    ),
    Permission.POLICY_EVALUATE: Allow(anyone=True),
    Permission.ROUTE_WRITE: Allow(roles=_OFFICE),
    Permission.REQUEST_CREATE: Allow(signed_in=True),
    Permission.REQUEST_LIST: Allow(signed_in=True),
    # The host's signatory reads it as long as something waits to be signed.
    Permission.REQUEST_READ: Allow(
        roles=_READERS, relations=frozenset({"requester", "team", "signatory", "approver", "host"})
    ),
    Permission.REQUEST_UPDATE: Allow(relations=frozenset({"requester"})),
    Permission.REQUEST_CORRECT: Allow(roles=_STAFF),
    Permission.REQUEST_REVOKE: Allow(
        roles=frozenset(
            {
                "facility_manager",
                "safety_officer",
                "export_control_officer",
                "community_authority",
                "access_administrator",
                "platform_admin",
            }
        )
    ),
    # Where a team does not answer, the facility ends the access and reports what it knows of.
    Permission.REQUEST_COMPLETE: Allow(roles=_STAFF, relations=frozenset({"requester"})),
    Permission.OUTCOME_WRITE: Allow(roles=_STAFF, relations=frozenset({"requester", "team"})),
    Permission.AGREEMENT_ACCEPT: Allow(relations=frozenset({"requester", "signatory", "host"})),
    Permission.AGREEMENT_OFFER: Allow(
        roles=frozenset({"signatory", "facility_manager", "user_officer", "organisation_admin"})
    ),
    Permission.FRAMEWORK_CREATE: Allow(signed_in=True),
    Permission.FRAMEWORK_LIST: Allow(signed_in=True),
    Permission.FRAMEWORK_READ: Allow(
        roles=frozenset({"auditor", "access_administrator", "platform_admin"}),
        relations=frozenset({"host", "partner"}),
    ),
    # Two organisations agree, and nobody above them does it for them.
    Permission.FRAMEWORK_WRITE: Allow(relations=frozenset({"host", "partner"})),
    Permission.FRAMEWORK_ACCEPT: Allow(relations=frozenset({"host_signatory", "partner_signatory"})),
    Permission.APPROVAL_LIST: Allow(signed_in=True),
    Permission.APPROVAL_DECIDE: Allow(relations=frozenset({"approver"})),
    # Each says their own, and those alone see it who decide: no office, no auditor and no platform administrator.
    Permission.NATIONALITY_DECLARE: Allow(relations=frozenset({"asked"})),
    Permission.NATIONALITY_READ: Allow(relations=frozenset({"approver"})),
    Permission.NATIONALITY_RESEAL: Allow(roles=frozenset({"platform_admin"})),
    # Names on sanction lists are for those who decide on them: not for the office, and not for platform administrators.
    Permission.SCREENING_READ: Allow(roles=frozenset({"auditor"}), relations=frozenset({"screener"})),
    Permission.SCREENING_DECIDE: Allow(relations=frozenset({"screener"})),
    Permission.SCREENING_LIST_WRITE: Allow(roles=frozenset({"platform_admin"})),
    Permission.OVERRIDE_LIST: Allow(signed_in=True),
    Permission.OVERRIDE_GRANT: Allow(relations=frozenset({"granter"})),
    Permission.ALLOCATION_LIST: Allow(signed_in=True),
    Permission.CONVERSATION_START: Allow(signed_in=True),
    Permission.CONVERSATION_READ: Allow(
        roles=_STAFF, relations=frozenset({"opener", "team", "requester", "staff", "reader"})
    ),
    Permission.CONVERSATION_LIST: Allow(signed_in=True),
    Permission.BOOKING_CREATE: Allow(signed_in=True),
    Permission.BOOKING_LIST: Allow(signed_in=True),
    Permission.BOOKING_READ: Allow(roles=_READERS, relations=frozenset({"owner", "team"})),
    Permission.BOOKING_UPDATE: Allow(roles=_STAFF, relations=frozenset({"owner"})),
    Permission.BOOKING_ATTEND: Allow(roles=_STAFF, relations=frozenset({"owner", "team"})),
    Permission.BOOKING_ANSWER: Allow(relations=frozenset({"owner", "team"})),
    # Which of these gates an officer may clear, the role that owns each says.
    Permission.GATE_CLEAR: Allow(roles=_STAFF | {"safety_officer", "export_control_officer"}),
    Permission.WAIT_LIST_LEAVE: Allow(relations=frozenset({"owner"})),
    Permission.BOOKING_READ_LABELS: Allow(roles=_STAFF),
    Permission.ORDER_CREATE: Allow(signed_in=True),
    Permission.ORDER_LIST: Allow(signed_in=True),
    # Samples are a matter of safety; auditors read everything.
    Permission.ORDER_READ: Allow(roles=_STAFF | {"safety_officer", "auditor"}, relations=frozenset({"owner", "team"})),
    Permission.ORDER_UPDATE: Allow(relations=frozenset({"owner", "team"})),
    Permission.ORDER_CANCEL: Allow(roles=_STAFF, relations=frozenset({"owner", "team"})),
    Permission.ORDER_WORK: Allow(roles=_STAFF),
    Permission.SCHEDULE_WRITE: Allow(roles=_OFFICE),
    Permission.MAINTENANCE_WRITE: Allow(roles=_STAFF),
    Permission.HOURS_WRITE: Allow(roles=_OFFICE),
    Permission.QUOTE_CREATE: Allow(signed_in=True),
    Permission.QUOTE_READ: Allow(roles=_FINANCE | {"auditor"}, relations=frozenset({"owner"})),
    Permission.FUNDING_CREATE: Allow(signed_in=True),
    Permission.POOL_WRITE: Allow(roles=_OFFICE),
    Permission.POOL_READ: Allow(roles=_READERS | {"finance"}),
    Permission.LEDGER_READ: Allow(roles=_FINANCE | {"auditor"}),
    Permission.LEDGER_WRITE: Allow(roles=_FINANCE),
    Permission.RECIPROCITY_READ: Allow(roles=frozenset({"access_administrator", "auditor", "platform_admin"})),
    Permission.CONTRIBUTION_WRITE: Allow(roles=frozenset({"access_administrator", "platform_admin"})),
    Permission.AUDIT_READ: Allow(roles=frozenset({"auditor", "platform_admin"})),
}


def may(actor: Actor | None, permission: Permission, scopes: Scopes = (), relations: Collection[str] = ()) -> bool:
    """Tell whether the actor holds the permission over an object in these scopes, with these relations to it."""
    allow = PERMISSIONS[permission]
    if allow.anyone:
        return True
    if actor is None:
        return False
    return (
        (allow.signed_in and actor.account_id is not None)
        or not allow.relations.isdisjoint(relations)
        or not allow.roles.isdisjoint(actor.roles_within(scopes))
    )


def require(actor: Actor | None, permission: Permission, scopes: Scopes = (), relations: Collection[str] = ()) -> None:
    """Raise NotAuthenticated or Forbidden unless the actor may; the message names what would be needed."""
    if may(actor, permission, scopes, relations):
        return
    if actor is None:
        raise NotAuthenticated("sign_in.needed", _("Please sign in to do this."))
    roles = PERMISSIONS[permission].roles - {"platform_admin"}
    if roles:
        held = {"roles": either_of(roles)}
        message = _("You do not have the right to do this here. These have it: ${roles}.", mapping=held)
    else:
        message = _("Only the people it belongs to can do this.")
    raise Forbidden("permission.missing", message, details={"permission": str(permission)})


def role_within(actor: Actor, permission: Permission, scopes: Scopes) -> str | None:
    """Return a role by which the actor holds the permission there, if it is by one."""
    return min(PERMISSIONS[permission].roles & actor.roles_within(scopes), default=None)
