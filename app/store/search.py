"""Words in what was said, found by an index; the same rule on SQLite and PostgreSQL.

A word is found where the folded text contains the folded word: NFKC, so that full-width letters
are letters, and lower case. Chinese has no spaces between words, so the index holds every pair of
neighbouring characters (bigrams); it narrows down the turns, and the text itself decides. A word of
one character has no pair and is looked for without the index.

SQLite keeps the pairs in an FTS5 table without content, `turn_search`, which triggers on `turn`
write: its `rowid` is the turn's conversation and number, and only the inverted index is stored.
PostgreSQL has a GIN index over `search_bigrams(text)`. Revision 0011 makes both.

What is found most often stands first: `-matches` sorts by how many turns have any of the words.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from itertools import pairwise
from typing import Any

from sqlalchemy import Boolean, ColumnElement, func, literal, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.store.tables import ConversationRow, TurnRow
from multimodal.conversation import storable

MOST_WORDS = 8
"""Words of one search; those beyond are left out."""
NUMBER_BITS = 16
"""A turn's number in a row of `turn_search`; conversations count above."""
_WORD = re.compile(r'"([^"]*)"?|“([^”]*)”?|([^\s"“]+)')


def folded(text: str) -> str:
    """A text as it is compared: compatible forms made alike, in lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def words_of(text: str) -> list[str]:
    """The folded words of a search: between spaces, or between quotation marks."""
    found = (folded(storable("".join(parts)).strip()) for parts in _WORD.findall(text))
    return list(dict.fromkeys(word for word in found if word))[:MOST_WORDS]


def bigrams(text: str) -> str:
    """The pairs of neighbouring characters of a text, each once, as tokens of FTS5.

    Written in hexadecimal digits, because the tokenizer takes other characters apart.
    """
    pairs = sorted({f"{ord(a):x}g{ord(b):x}" for a, b in pairwise(folded(text))})
    return " ".join(pairs)


def add_functions(connection: sqlite3.Connection) -> None:
    """Gives a connection to SQLite what PostgreSQL's migration defines as functions."""
    connection.create_function("search_fold", 1, folded, deterministic=True)
    connection.create_function("search_bigrams", 1, bigrams, deterministic=True)


def says(word: str) -> ColumnElement[bool]:
    """Whether a turn of a conversation, or its external id, contains a folded word."""
    row = ConversationRow
    if tokens := bigrams(word):
        said: ColumnElement[bool] = _Said(row.id, literal(tokens), literal(word))
    else:
        said = row.id.in_(select(TurnRow.conversation_id).where(_contains(word)))
    return said | func.search_fold(row.external_id).contains(word, autoescape=True)


def matches(words: list[str]) -> ColumnElement[int]:
    """How many turns of a conversation contain any of the folded words."""
    if not words:
        return literal(0)
    of_this = TurnRow.conversation_id == ConversationRow.id
    counted = select(func.count()).where(of_this, any_of(words))
    return counted.correlate(ConversationRow).scalar_subquery()


def any_of(words: list[str]) -> ColumnElement[bool]:
    """Whether a turn contains any of the folded words."""
    return or_(*(_contains(word) for word in words))


def _contains(word: str) -> ColumnElement[bool]:
    return func.search_fold(TurnRow.text).contains(word, autoescape=True)


class _Said(FunctionElement[bool]):
    """Whether a turn of a conversation says a word: its id, the word's tokens, the word."""

    type = Boolean()
    inherit_cache = True


@compiles(_Said, "postgresql")
def _said_postgresql(element: _Said, compiler: SQLCompiler, **options: Any) -> str:
    row, _, word = (compiler.process(part, **options) for part in element.clauses)
    return (
        f"{row} IN (SELECT said.conversation_id FROM turn AS said"  # noqa: S608 (bound values)
        f" WHERE search_bigrams(said.text) @> search_bigrams({word})"
        f" AND strpos(search_fold(said.text), {word}) > 0)"
    )


@compiles(_Said, "sqlite")
def _said_sqlite(element: _Said, compiler: SQLCompiler, **options: Any) -> str:
    row, tokens, word = (compiler.process(part, **options) for part in element.clauses)
    return (
        f"{row} IN (SELECT said.conversation_id FROM turn_search JOIN turn AS said"  # noqa: S608
        f" ON said.conversation_id = turn_search.rowid >> {NUMBER_BITS}"
        f" AND said.number = turn_search.rowid & {(1 << NUMBER_BITS) - 1}"
        f" WHERE turn_search MATCH {tokens} AND instr(search_fold(said.text), {word}) > 0)"
    )
