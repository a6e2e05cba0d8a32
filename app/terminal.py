"""Scored conversations as tables for a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from multimodal.emotions import CHINESE_NAMES, UNKNOWN, Emotion
from multimodal.scoring import MODALITIES, ScoredConversation, ScoredTurn
from multimodal.states import LEVEL_NAMES, STATE_NAMES, Level, view

if TYPE_CHECKING:
    from app.intake.catalogue import ManifestPreview

FILE_WIDTH = 140
"""Characters a line where stdout is no terminal."""
LEVEL_STYLES = {
    Level.CALM: "green",
    Level.WATCH: "yellow",
    Level.DISSATISFIED: "dark_orange",
    Level.HEATED: "bold red",
}
WIDTH = 36
"""Characters of a turn's words that fit in a row."""


def overview_table(scored: Sequence[ScoredConversation]) -> Table:
    """One row per conversation, the one that needs a supervisor most first."""
    table = Table(
        "对话 conversation", "等级 level", "状态 state", "风险 risk", "话轮 turns", "原话"
    )
    ranked = sorted(scored, key=lambda s: (-list(Level).index(view(s).level), -s.risk))
    for item in ranked:
        seen = view(item)
        words = "" if seen.reason_turn is None else item.turns[seen.reason_turn].turn.text
        table.add_row(
            Text(item.conversation.external_id),
            Text(f"{LEVEL_NAMES[seen.level]} {seen.level}", style=LEVEL_STYLES[seen.level]),
            f"{STATE_NAMES[seen.state]} {seen.state}",
            f"{item.risk:.2f}",
            str(len(item.turns)),
            Text(_shortened(words)),
        )
    return table


def conversation_table(scored: ScoredConversation) -> Table:
    """One row per turn: words, each modality's label, the fused answer and the running risk."""
    seen = view(scored)
    title = (
        f"{scored.conversation.external_id}: {LEVEL_NAMES[seen.level]} {seen.level}, "
        f"{STATE_NAMES[seen.state]} {seen.state}, risk {scored.risk:.2f}"
    )
    table = Table("#", "role", "原话 words", *MODALITIES, "fused", "risk", title=Text(title))
    for number, turn in enumerate(scored.turns, start=1):
        table.add_row(
            str(number),
            str(turn.turn.role),
            Text(_shortened(turn.turn.text)),
            *(_modality(turn, modality) for modality in MODALITIES),
            _named(turn.answer.label, turn.answer.confidence),
            f"{turn.risk:.2f}",
        )
    table.caption = Text("\n".join((*scored.notes, *_missing(scored))))
    return table


def _missing(scored: ScoredConversation) -> list[str]:
    """Why a modality said nothing of the customer's turns, each reason once."""
    return list(
        dict.fromkeys(
            f"{modality}: {scores.reason}"
            for turn in scored.customer_turns
            for modality, scores in turn.scores.items()
            if scores.is_missing
        )
    )


def _modality(turn: ScoredTurn, modality: str) -> str:
    scores = turn.scores.get(modality)
    if scores is None or scores.is_missing:
        return "-"
    return _named(scores.label, float(scores.probabilities.max()))


def _named(label: str, confidence: float) -> str:
    if label == UNKNOWN:
        return "-"
    return f"{CHINESE_NAMES[Emotion(label)]} {confidence:.2f}"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def manifest_tables(found: ManifestPreview) -> list[Table]:
    """What each column of a manifest was taken for, and its first rows as they are understood."""
    from app.intake.columns import FIELDS

    columns = Table("列 column", "内容 holds", *(f"{n + 1}" for n in range(len(found.cells))))
    for index, header in enumerate(found.headers):
        name = found.columns.get(header)
        holds = f"{FIELDS[name].zh} {name}" if name else "(保留 kept)"
        cells = [cells[index] if index < len(cells) else "" for cells in found.cells]
        columns.add_row(Text(header), holds, *(Text(_shortened(cell)) for cell in cells))
    data = found.to_json()["records"]
    names = ["call_id", "file_name", "started_at", "agent_id", "queue", "team", "customer",
             "direction"]  # fmt: skip
    rows = Table(*names, title=f"{found.rows:,} 通 calls")
    for record in data:
        if record["error"]:
            rows.add_row(Text(record["error"]["what"], style="red"))
        else:
            rows.add_row(*(Text(str(record[name] or "")) for name in names))
    return [columns, rows]


def print_table(table: Table) -> None:
    """A table on stdout: as wide as the terminal, or as a file is comfortably read."""
    Console(width=None if sys.stdout.isatty() else FILE_WIDTH).print(table)
