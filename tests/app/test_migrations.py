"""Migrations go up and down on both databases, and give exactly the tables of the code."""

from __future__ import annotations

from sqlalchemy import inspect

from app.settings import Settings
from app.store.engine import open_engine
from app.store.migrate import check, downgrade, head_revision, upgrade
from app.store.tables import Base


def _tables(settings: Settings) -> set[str]:
    engine = open_engine(settings.url)
    try:
        names = set(inspect(engine).get_table_names())
        # The index of words, and what FTS5 keeps it in.
        return {name for name in names if not name.startswith("turn_search")}
    finally:
        engine.dispose()


def test_up_and_down(empty_settings: Settings) -> None:
    upgrade(empty_settings)
    expected = set(Base.metadata.tables) | {"alembic_version"}
    assert _tables(empty_settings) == expected
    check(empty_settings)
    upgrade(empty_settings)
    downgrade(empty_settings, "base")
    assert _tables(empty_settings) == {"alembic_version"}
    upgrade(empty_settings)
    assert _tables(empty_settings) == expected


def test_there_is_one_head() -> None:
    assert head_revision().isdigit()  # Of two heads it raises.
