"""The catalogue: what exists, where, and whether one may use it, before log-in too."""

from typing import Any

from pyramid.request import Request
from pyramid.view import view_config

from infra_access.catalogue.search import SearchPage, search
from infra_access.core import clock
from infra_access.core.authority import Permission
from infra_access.core.errors import Invalid
from infra_access.web.eligibility import answers
from infra_access.web.presenters.search import FILTERS, address, facet_groups, find_time_address, kept
from infra_access.web.visitor import Said, i_am_form, said, said_words

PAGE = 24


@view_config(
    route_name="catalogue", renderer="catalogue.jinja2", request_method="GET", permission=Permission.CATALOGUE_READ
)
def catalogue(request: Request) -> dict[str, Any]:
    """Show a page of what was found, each with the answer for this reader."""
    now, said_ = clock.now(), said(request)
    asked = {name: request.GET.get(name, "") for name in FILTERS}
    page, problem = _found(request, asked)
    return {
        "asked": asked,
        "problem": problem,
        "page": page,
        "answers": answers(request, said_, [item.id for item in page.items], now=now),
        "groups": facet_groups(request, page.facets, asked, said_) if page.facets else [],
        "clear": address(request, {"q": asked["q"]}, said_) if any(asked[name] for name in FILTERS[1:]) else None,
        "first": address(request, asked, said_) if request.GET.get("cursor") else None,
        "next": address(request, asked | {"cursor": page.next}, said_) if page.next else None,
        "unsaid": address(request, asked, Said()),
        "find_time": find_time_address(request, asked, said_),
        "keep": kept(asked),
        "said": said_,
        "said_words": said_words(request, said_),
        "i_am": i_am_form(request),
    }


def _found(request: Request, asked: dict[str, str]) -> tuple[SearchPage, Any]:
    """Return the page and no problem; for an address that cannot be, nothing and why."""
    try:
        page = search(
            request.db,
            q=asked["q"],
            country=asked["country"] or None,
            technique=asked["technique"] or None,
            access_type=asked["access_type"] or None,
            facility=asked["facility"] or None,
            status=asked["status"] or None,
            bookable=asked["bookable"] == "yes",
            limit=PAGE,
            cursor=request.GET.get("cursor") or None,
        )
    except Invalid as error:
        request.response.status_int = error.status
        return SearchPage([], None, None), error.message
    return page, None
