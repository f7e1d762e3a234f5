"""What the page of an opinion is about: whoever holds its link needs no account, and nobody else may come upon it."""

from pyramid.request import Request
from pyramid.response import Response

from infra_access.access_requests.opinions.by_link import opinion_of_link
from infra_access.core import clock
from infra_access.http.security import Context

APART = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
"""So that neither a search engine, nor another site, nor a cache learns of the link."""


def opinion(request: Request) -> Context:
    """Load an AskedByLink by the token in the address, which is refused under the same headers."""
    request.add_response_callback(_keep_apart)
    return Context(opinion_of_link(request.db, str(request.matchdict["token"]), now=clock.now()))


def _keep_apart(request: Request, response: Response) -> None:
    response.headers.update(APART)
