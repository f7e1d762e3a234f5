"""Who may show a record to the public: only a verified organisation publishes."""

from infra_access.catalogue.models import Organisation
from infra_access.catalogue.vocabularies import PublicationState, Trust
from infra_access.core.authority import Actor
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _


def may_publish(actor: Actor, organisation: Organisation) -> bool:
    """Tell whether records of this organisation may be shown; the system may list what others offer."""
    return organisation.trust == Trust.VERIFIED or actor.account_id is None


def check_publication(actor: Actor, organisation: Organisation, publication: str) -> None:
    """Refuse to publish for an organisation that nobody has verified. Raises Conflict `organisation.not_verified`."""
    if publication == PublicationState.PUBLISHED and not may_publish(actor, organisation):
        raise Conflict(
            "organisation.not_verified",
            _(
                '"${name}" has not been verified yet, so its records cannot be published. Keep this as a draft, and ask'
                " the administrator of your country or of the network to verify the organisation.",
                mapping={"name": organisation.name},
            ),
            details={"organisation": organisation.public_id, "trust": organisation.trust},
        )
