"""The tokens of search: what a text is found by, in every script."""

import sqlite3

import pytest

from infra_access.core.search_text import (
    MAX_QUERY_TERMS,
    MAX_TOKEN_CHARACTERS,
    Term,
    index_tokens,
    query_terms,
    query_tokens,
)


def _finds(query: str, text: str) -> bool:
    """Match as both databases do: every term must occur."""
    tokens = index_tokens(text)
    terms = query_terms(query)
    return bool(terms) and all(
        any(token.startswith(term.token) if term.prefix else token == term.token for token in tokens) for term in terms
    )


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("顕微鏡", "走査型電子顕微鏡"),
        ("電子", "走査型電子顕微鏡"),
        ("鏡", "走査型電子顕微鏡"),
        ("X線回折", "粉末X線回折装置"),
        ("x線", "Ｘ線回折"),
        ("ガス", "ｶﾞｽクロマトグラフ"),
        ("東京 顕微鏡", "顕微鏡(東京大学)"),
        ("전자현미경", "주사전자현미경을 제공합니다"),
        ("현미경", "주사 전자 현미경은"),
        ("กล้อง", "กล้องจุลทรรศน์อิเล็กตรอน"),
        ("จุลทรรศน์", "กล้องจุลทรรศน์อิเล็กตรอน"),
        ("显微镜", "扫描电子显微镜"),
        ("universite", "Université de Genève"),
        ("Genève", "UNIVERSITE DE GENEVE"),
        ("lodz", "Politechnika Łódzka, Łódź"),
        ("kobenhavn", "Københavns Universitet"),
        ("strasse", "Straße"),
        ("ISTANBUL", "İstanbul Üniversitesi"),
        ("istanbul", "ISTANBUL"),
        ("ışık", "ISIK Üniversitesi"),
        ("ΦΩΣ", "φως"),
        ("микроскоп", "МИКРОСКОПИЯ"),
        ("क्षेत्र", "क्षेत्र अनुसंधान"),
        ("cryo", "ＣＲＹＯ−ＥＭ"),
        ("10.3.2", "ALS Beamline 10.3.2"),
        ("10", "ALS Beamline 10.3.2"),
        ("vivo", "in-vivo imaging"),
        ("in vivo", "in-vivo imaging"),
        ("in-vivo", "imaging in vivo"),
        ("h2o", "H₂O"),
        ("microscope", "micro\u00adscope"),
        ("spectro", "Spectroscopy"),
    ],
)
def test_it_finds(query: str, text: str) -> None:
    assert _finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("カス", "ガス"),
        ("微顕", "顕微鏡"),
        ("scope", "microscope"),
        ("B18", "B 1 8"),
        ("東京", "京都の東"),
        ("", "anything"),
        ("- . ; '\"", "anything"),
    ],
)
def test_it_does_not_find(query: str, text: str) -> None:
    assert not _finds(query, text)


def test_the_index_holds_pairs_and_single_characters_and_a_query_only_pairs() -> None:
    assert index_tokens("顕微鏡") == ["顕", "微", "鏡", "顕微", "微鏡"]
    assert query_tokens("顕微鏡") == ["顕微", "微鏡"]
    assert query_tokens("鏡") == ["鏡"]


def test_only_a_last_word_still_being_typed_counts_as_a_beginning() -> None:
    assert query_terms("electron micro") == [Term("electron"), Term("micro", prefix=True)]
    assert query_terms("electron micro ") == [Term("electron"), Term("micro")]
    assert query_terms("vitamin d") == [Term("vitamin"), Term("d")]
    assert query_terms("電子") == [Term("電子")]


def test_each_word_is_asked_for_once() -> None:
    assert query_terms("XAFS xafs XAFS!") == [Term("xafs")]


def test_it_ignores_what_is_beyond_its_limits() -> None:
    assert len(query_terms(" ".join(f"w{number}" for number in range(100)))) == MAX_QUERY_TERMS
    assert query_tokens("a" * 199 + " beyond") == ["a" * MAX_TOKEN_CHARACTERS]
    assert query_tokens("a" * 5000) == index_tokens("a" * 5000)
    assert len(index_tokens("ab " * 1_000_000)) == 1
    assert len(query_terms("\ufdfa" * 10_000)) <= MAX_QUERY_TERMS


def test_every_token_is_safe_in_the_query_languages_of_both_databases() -> None:
    hostile = "a\"b' OR (c*) NEAR/2 d:e ^f {g} & | ! <-> \\ \x00 \ud800 : + - ½ № ｡ 10.3.2 İ กล้อง ガ\u3099 ①"

    tokens = index_tokens(hostile) + query_tokens(hostile)

    assert tokens
    assert [token for token in tokens if not token.isalnum()] == []
    assert [token for token in tokens if token != token.lower()] == []


def test_sqlite_keeps_each_token_whole() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE text USING fts5(tokens, tokenize='unicode61 remove_diacritics 0')")
    source = "走査型電子顕微鏡 กล้องจุลทรรศน์ Łódź क्षेत्र 주사전자 10.3.2 ｶﾞｽ and OR not near"
    tokens = index_tokens(source)
    connection.execute("INSERT INTO text VALUES (?)", (" ".join(tokens),))

    for token in tokens:
        quoted = f'"{token}"'
        assert connection.execute("SELECT count(*) FROM text WHERE text MATCH ?", (quoted,)).fetchone() == (1,)
    connection.execute("CREATE VIRTUAL TABLE words USING fts5vocab(text, row)")
    assert {row[0] for row in connection.execute("SELECT term FROM words")} == set(tokens)
    connection.close()
