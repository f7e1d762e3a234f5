"""Where searches match no text that a rule may hide: whoever finds an instrument by a word has read the word.

What a search finds is the same for everybody and kept as such, so under these scopes nobody finds by a hidden text.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.catalogue.head import veil
from infra_access.policy.details import hides_from_search
from infra_access.policy.documents import load_rules
from infra_access.policy.models import PolicyDocument
from infra_access.policy.rulebook import PUBLISHED, scope_text
from infra_access.policy.rules import Action


def veil_searches(session: Session) -> None:
    """Tell the catalogue the scopes of the rules in force that hide details; those of a route never do."""
    session.flush()
    documents = session.execute(
        select(PolicyDocument.scope_kind, PolicyDocument.scope_key, PolicyDocument.rules).where(
            PolicyDocument.state == PUBLISHED, PolicyDocument.scope_kind != "route"
        )
    )
    veiled = set()
    for kind, key, rules in documents:
        seeing = [rule for rule in rules if Action.VIEW_DETAILS in rule["applies_to"]]
        if any(map(hides_from_search, load_rules(seeing, scope=scope_text(kind, key)))):
            veiled.add((kind, key))
    veil(session, veiled)
