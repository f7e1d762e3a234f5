"""When two names may be of the same person or organisation: the same words, or at least two and all of the shorter.

Case, accents, punctuation and the order of the words never matter, so that "LAST, First" is "First Last"; nor does
the legal form of an organisation. Scripts without spaces keep their order and lose what spaces there are. Other
spellings of a word in the same script are other words: lists name those as aliases.
"""

from collections.abc import Iterator
from enum import StrEnum

from infra_access.core.search_text import MAX_TOKEN_CHARACTERS, runs_of

MOST_WORDS = 40
LEAST_SHARED = 2

_WEST = "ltd limited llc llp lp inc incorporated corp corporation co company plc pllc gmbh mbh ag kg kgaa ug ohg ev"
_ROMANCE = "sa sas sarl eurl nv bv vof spa srl sl slu ltda eireli cv"
_NORTH_AND_EAST = "ab as aps asa oy oyj sp zoo sro kft zrt nyrt rt doo dd ad eood ood ooo oao zao pao ao jsc ojsc cjsc"
_CYRILLIC = "ооо оао зао пао ао тоо"
_ASIA = "pte pty pvt bhd sdn kk gk fze fzc fzco fzllc wll bsc psc sti"
_LEFT_OUT_AS_OFTEN = "and the of"
_FORMS = frozenset(" ".join((_WEST, _ROMANCE, _NORTH_AND_EAST, _CYRILLIC, _ASIA, _LEFT_OUT_AS_OFTEN)).split())
_UNSPACED_FORMS = ("株式会社", "有限会社", "合同会社", "有限公司", "주식회사")


class Kind(StrEnum):
    """What has a name: a person, an organisation, or either where nobody says which."""

    PERSON = "person"
    ORGANISATION = "organisation"
    EITHER = "either"


def words_of(name: str, *, organisation: bool = False) -> frozenset[str]:
    """Return the words by which a name is compared.

    >>> words_of("MÜLLER, Anna-Lena") == words_of("Anna Lena Muller")
    True
    >>> sorted(words_of("Sensors & Co. S.A.", organisation=True))
    ['sensors']
    """
    words = list(dict.fromkeys(_words(name, organisation=organisation)))[:MOST_WORDS]
    if organisation:
        # A name of nothing but a legal form is still a name.
        words = [word for word in words if word not in _FORMS] or words
    return frozenset(words)


def readings_of(name: str, kind: Kind) -> list[frozenset[str]]:
    """Return the words of a name as that of a person, of an organisation, or as both where nobody says which."""
    as_person, as_organisation = words_of(name), words_of(name, organisation=True)
    if kind is Kind.EITHER:
        return list(dict.fromkeys((as_person, as_organisation)))
    return [as_person if kind is Kind.PERSON else as_organisation]


def may_be_same(one: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether names with these words may be of the same: the rule that the search in the lists follows.

    >>> may_be_same(words_of("Anna Lena Berg"), words_of("BERG, Anna")), may_be_same(words_of("Anna"), words_of("Berg"))
    (True, False)
    """
    if one == other:
        return bool(one)
    return len(one & other) >= LEAST_SHARED and (one < other or other < one)


def _words(name: str, *, organisation: bool) -> Iterator[str]:
    """Yield the words; single letters of an organisation's name make one, as in S.A., and unspaced scripts one too."""
    letters = joined = ""
    for run, unspaced in runs_of(name):
        if organisation and not unspaced and len(run) == 1:
            letters += run
            continue
        if letters:
            yield letters
            letters = ""
        if unspaced:
            joined += run
        else:
            yield run
    if letters:
        yield letters
    if joined:
        for form in _UNSPACED_FORMS if organisation else ():
            joined = joined.replace(form, "") or joined
        yield joined[:MAX_TOKEN_CHARACTERS]
