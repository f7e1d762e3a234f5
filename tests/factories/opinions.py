"""Opinions from outside for tests, asked and given through the commands."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from infra_access.access_requests.models import Approval
from infra_access.access_requests.opinions.asking import ask_opinion
from infra_access.access_requests.opinions.by_link import give_opinion, make_link
from infra_access.access_requests.opinions.models import OutsideOpinion
from infra_access.core.authority import Actor
from tests.factories.access_requests import NOW

QUESTION = {"email": "ada@elsewhere.example", "name": "Ada Nwosu", "question": "Is the method sound?"}
ANSWER = {"recommendation": "in_favour", "reasons": "It was done before.", "no_conflict": True}


def make_opinion(session: Session, actor: Actor, approval: Approval, **overrides: Any) -> OutsideOpinion:
    """Ask an expert for a fortnight."""
    return ask_opinion(session, actor=actor, approval=approval, **{"now": NOW, **QUESTION, **overrides})


def make_answer(session: Session, opinion: OutsideOpinion, **overrides: Any) -> OutsideOpinion:
    """Answer in favour, a day later, by a link of its own."""
    values = {"token": make_link(session, opinion), "now": NOW + timedelta(days=1), **ANSWER, **overrides}
    return give_opinion(session, **values)
