"""Results as an Excel workbook: sheets 会话, 客户话轮, 说明, in Chinese or English.

XlsxWriter and not openpyxl writes it: it is told of every cell whether it is text, number or link,
and never guesses a formula from what a customer said; its memory stays constant. Texts from people
are marked as in CSV; ids are text cells that stay as they are; numbers stay numbers. Nothing of an
agent's mood is in it.
"""

from __future__ import annotations

import math
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from multimodal.conversation import Role
from multimodal.emotions import CHINESE_NAMES, UNKNOWN, Emotion, ModelInfo
from multimodal.evidence import voice_in_words
from multimodal.explanation import explanation
from multimodal.formats.excel_columns import (
    ABOUT,
    CONVERSATION_COLUMNS,
    MAX_CHARACTERS,
    TURN_COLUMNS,
    WORDS,
    Column,
    Kind,
    Language,
)
from multimodal.formats.spreadsheet import cell_text
from multimodal.formats.turns import loudness
from multimodal.scoring import MODALITIES, ScoredConversation, ScoredTurn
from multimodal.states import (
    LEVEL_NAMES,
    NEGATIVE_STATES,
    STATE_NAMES,
    Level,
    state_of,
    view,
)
from multimodal.tags import BASIS_NAMES, TAG_NAMES, Basis, Tag

MAX_ROWS = 2**20
"""Rows of one sheet; turns beyond it go to another one."""
MAX_LINKS = 65_000
"""Links of one sheet; beyond it the address stands as text."""
DAY = 86_400
A3 = 8
"""Excel's number of that paper."""
LINE = 13.5
"""Points of one line of text."""
MAX_LINES = 8
NOTE_WIDTH = 95
_LEVEL_COLOURS = {
    Level.CALM: "#E3F1E4",
    Level.WATCH: "#FFF3CD",
    Level.DISSATISFIED: "#FBDDC8",
    Level.HEATED: "#F6C5C5",
}
_UNPRINTABLE = re.compile("[\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a workbook presents results.

    Attributes:
        language: Of headers, names and explanations.
        zone: In which starts are shown; by default each conversation's own.
    """

    language: Language = "zh"
    zone: ZoneInfo | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reviewed:
    """A scored conversation with what is known of it outside the pipeline.

    Attributes:
        scored: The conversation.
        link: Address of its replay, empty where it is not kept.
        corrections: What a person said of a turn, by its number from 1: an emotion label.
    """

    scored: ScoredConversation
    link: str = ""
    corrections: Mapping[int, str] = field(default_factory=dict)


class ExcelWriter:
    """Writes scored conversations as a workbook.

    Args:
        stream: Gets the whole workbook at the end; until then it grows in temporary files.
        layout: Language and zone.
    """

    def __init__(self, stream: BinaryIO, layout: Layout = Layout()) -> None:
        import xlsxwriter

        self._stream = stream
        self._layout = layout
        self._folder = tempfile.TemporaryDirectory(prefix="emotion-monitor-")
        self._file = Path(self._folder.name) / "results.xlsx"
        options = {"constant_memory": True, "tmpdir": self._folder.name}
        self._book = xlsxwriter.Workbook(str(self._file), options)
        self._book.use_zip64()
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        self._book.set_properties({"created": today, "title": self._word("conversations")})
        self._formats = _Formats(self._book)
        self._conversations = self._sheet(self._word("conversations"), CONVERSATION_COLUMNS)
        self._turns = [self._sheet(self._word("turns"), TURN_COLUMNS)]
        self._notes = self._book.add_worksheet(self._word("notes"))
        self._models: dict[str, ModelInfo] = {}

    def write(self, given: Reviewed) -> None:
        """Writes one conversation."""
        self._conversations.add(self._conversation_row(given))
        for number, turn in enumerate(given.scored.turns, start=1):
            self._remember(turn)
            if turn.turn.role not in (Role.CUSTOMER, Role.UNKNOWN):
                continue
            if self._turns[-1].next >= MAX_ROWS:
                name = f"{self._word('turns')} {len(self._turns) + 1}"
                self._turns.append(self._sheet(name, TURN_COLUMNS))
            self._turns[-1].add(self._turn_row(given, turn, number))
        model = given.scored.trajectory.model
        if model is not None:
            self._models[model.key] = model

    def finish(self) -> None:
        """Puts the workbook together and sends it on."""
        from xlsxwriter.exceptions import XlsxFileError

        for sheet in (self._conversations, *self._turns):
            sheet.finish()
        self._explain()
        try:
            self._book.close()
        except XlsxFileError as error:
            raise (error.args[0] if isinstance(error.args[0], OSError) else error) from error
        with self._file.open("rb") as file:
            shutil.copyfileobj(file, self._stream)
        self._stream.flush()
        self._folder.cleanup()

    def abandon(self) -> None:
        """Removes what was written so far."""
        for sheet in self._book.worksheets():
            with suppress(OSError):
                sheet._opt_close()
        self._folder.cleanup()

    def _sheet(self, name: str, columns: Sequence[Column]) -> _Sheet:
        return _Sheet(self._book.add_worksheet(name), columns, self._formats, self._layout.language)

    def _word(self, key: str) -> str:
        return WORDS[key][self._layout.language == "en"]

    def _conversation_row(self, given: Reviewed) -> list[Any]:
        scored = given.scored
        conversation, found = scored.conversation, view(scored)
        reason = None if found.reason_turn is None else scored.turns[found.reason_turn]
        level = LEVEL_NAMES[found.level] if self._layout.language == "zh" else found.level.value
        agents = dict.fromkeys(t.agent_id for t in conversation.turns if t.agent_id)
        return [
            conversation.external_id,
            self._started(conversation.started_at, conversation.timezone),
            conversation.queue,
            conversation.team,
            ", ".join(agents),
            self._word(conversation.channel),
            conversation.duration,
            (found.level, level),
            "" if reason is None else self._reason(reason),
            "" if reason is None else reason.turn.text,
            self._peak(scored),
            None if scored.trajectory.shift is None else round(scored.trajectory.shift, 2) + 0.0,
            round(float(scored.risk), 4),
            self._review(given),
            (given.link, self._word("replay")),
            self._word("list").join(
                f"{self._tag(tag)} ({len(turns)})" for tag, turns in found.tags.items()
            ),
            self._word("yes") if found.escalation_signal else "",
        ]

    def _turn_row(self, given: Reviewed, scored: ScoredTurn, number: int) -> list[Any]:
        turn, answer = scored.turn, scored.answer
        known = answer.label != UNKNOWN
        score = turn.attributes.get("vendor_sentiment_score")
        rate = turn.attributes.get("vendor_rate")
        labels = [turn.attributes.get(f"vendor_{name}") for name in ("sentiment", "emotion")]
        corrected = given.corrections.get(number)
        return [
            given.scored.conversation.external_id,
            number,
            self._word(turn.role),
            turn.start,
            turn.end,
            turn.text,
            self._state(scored),
            self._word("list").join(
                f"{self._tag(tagged.tag)} ({self._basis(tagged.basis)})" for tagged in scored.tags
            ),
            explanation(scored, self._layout.language),
            self._emotion(answer.label),
            round(float(answer.confidence), 4) if known else None,
            round(float(answer.valence), 4) + 0.0 if known else None,
            round(float(scored.risk), 4),
            *(self._by_itself(scored, modality) for modality in MODALITIES),
            round(float(answer.disagreement), 4) if known else None,
            self._emotion(corrected) if corrected else "",
            " / ".join(str(label) for label in labels if label is not None),
            score if isinstance(score, (int, float)) else None,
            loudness(turn.attributes),
            rate if isinstance(rate, (int, float)) else None,
        ]

    def _started(self, moment: datetime | None, zone: str) -> datetime | str | None:
        """As Excel knows dates: without a zone and from 1900 on; others as text."""
        if moment is None:
            return None
        try:
            local = moment.astimezone(self._layout.zone or ZoneInfo(zone)).replace(tzinfo=None)
        except OverflowError:
            return moment.isoformat()
        return local if local.year >= 1900 else local.isoformat(" ")

    def _reason(self, reason: ScoredTurn) -> str:
        """The state of the turn, the channel that weighed most, and the words that it gave."""
        negative = state_of(reason.answer, reason.scores) in NEGATIVE_STATES
        head = self._state(reason) if negative else self._word("rising")
        shares = reason.answer.contributions
        if not shares:
            return head
        modality = max(shares, key=lambda name: shares[name])
        name = self._word(modality) if modality in WORDS else modality
        scores = reason.scores.get(modality)
        evidence = () if scores is None else scores.evidence
        words = [e.name for e in evidence if e.kind == "word" and e.weight > 0][:3]
        told = self._word("list").join(words) or voice_in_words(evidence, self._layout.language)
        said = self._word("pair") + told if told else ""
        return (
            f"{head}（{name}{said}）" if self._layout.language == "zh" else f"{head} ({name}{said})"
        )

    def _peak(self, scored: ScoredConversation) -> float | str | None:
        turns = [
            (index, turn)
            for index, turn in enumerate(scored.turns)
            if turn.turn.role in (Role.CUSTOMER, Role.UNKNOWN) and turn.answer.label != UNKNOWN
        ]
        if not turns:
            return None
        index, peak = max(turns, key=lambda item: item[1].risk)
        if peak.turn.start is not None:
            return peak.turn.start
        return self._word("turn").format(index + 1)

    def _review(self, given: Reviewed) -> str:
        said = [
            self._word("turn").format(number) + self._word("pair") + self._emotion(label)
            for number, label in sorted(given.corrections.items())
        ]
        return self._word("list").join(said)

    def _state(self, scored: ScoredTurn) -> str:
        state = state_of(scored.answer, scored.scores)
        return STATE_NAMES[state] if self._layout.language == "zh" else state.value

    def _tag(self, tag: Tag) -> str:
        return TAG_NAMES[tag] if self._layout.language == "zh" else tag.value

    def _basis(self, basis: Basis) -> str:
        return BASIS_NAMES[basis] if self._layout.language == "zh" else basis.value

    def _emotion(self, label: str) -> str:
        if label == UNKNOWN:
            return self._word("undecided")
        return CHINESE_NAMES[Emotion(label)] if self._layout.language == "zh" else label

    def _by_itself(self, scored: ScoredTurn, modality: str) -> str:
        scores = scored.scores.get(modality)
        return "" if scores is None or scores.is_missing else self._emotion(scores.label)

    def _remember(self, turn: ScoredTurn) -> None:
        models = [scores.model for scores in turn.scores.values()]
        for model in (*models, turn.answer.model):
            if model is not None:
                self._models[model.key] = model

    def _explain(self) -> None:
        """The sheet 说明: purpose, limits, what the columns mean, which models answered."""
        language = self._layout.language
        english = language == "en"
        rows: list[tuple[str, str]] = [(title[english], text[english]) for title, text in ABOUT]
        for columns in (CONVERSATION_COLUMNS, TURN_COLUMNS):
            rows += [
                (c.name(language), c.meaning_en if english else c.meaning_zh)
                for c in columns
                if c.meaning_zh
            ]
        for key in sorted(self._models):
            model = self._models[key]
            terms = self._word(model.terms) if model.terms in WORDS else model.terms
            rows.append(("Model" if english else "模型", f"{model.name} {model.version} · {terms}"))
        self._notes.set_column(0, 0, 20, self._formats.title)
        self._notes.set_column(1, 1, NOTE_WIDTH, self._formats.wrapped)
        self._notes.fit_to_pages(1, 0)
        for number, (title, text) in enumerate(rows):
            self._notes.set_row(number, LINE * _lines(text, NOTE_WIDTH) + 3)
            self._notes.write_string(number, 0, title, self._formats.title)
            self._notes.write_string(number, 1, text, self._formats.wrapped)


class _Formats:
    """The looks of cells, made once for a workbook."""

    def __init__(self, book: Any) -> None:
        base = {"valign": "top", "font_size": 10}
        centred = base | {"align": "center"}
        self.header = book.add_format(
            base | {"bold": True, "bg_color": "#24476B", "font_color": "white", "text_wrap": True}
        )
        self.title = book.add_format(base | {"bold": True})
        self.wrapped = book.add_format(base | {"text_wrap": True})
        self.kinds: Mapping[str, Any] = {
            "text": self.wrapped,
            "id": book.add_format(base | {"num_format": "@"}),
            "number": book.add_format(centred | {"num_format": "0.##"}),
            "signed": book.add_format(centred | {"num_format": "+0.0#;-0.0#;0.0"}),
            "share": book.add_format(centred | {"num_format": "0.00"}),
            "clock": book.add_format(centred | {"num_format": "[h]:mm:ss"}),
            "moment": book.add_format(centred | {"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "link": book.add_format(centred | {"font_color": "#1F5FBF", "underline": 1}),
        }
        self.levels = {
            level: book.add_format(centred | {"bg_color": colour})
            for level, colour in _LEVEL_COLOURS.items()
        }


class _Sheet:
    """One sheet of rows under a frozen, filterable header."""

    def __init__(
        self, sheet: Any, columns: Sequence[Column], formats: _Formats, language: Language
    ) -> None:
        self._sheet = sheet
        self._columns = columns
        self._formats = formats
        self._links = 0
        self.next = 1
        for index, column in enumerate(columns):
            sheet.set_column(index, index, column.width)
        sheet.freeze_panes(1, 1)
        sheet.set_landscape()
        sheet.set_paper(A3)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        for index, column in enumerate(columns):
            sheet.write_string(0, index, column.name(language), formats.header)

    def add(self, values: Iterable[Any]) -> None:
        """Writes the next row, as high as its longest words need."""
        cells = list(zip(self._columns, values, strict=True))
        lines = [_lines(value, c.width) for c, value in cells if isinstance(value, str)]
        # Before its cells, for a row is written to disk when the next one begins. XlsxWriter would
        # remember the height of every row: those that are on disk are forgotten.
        for heights in (self._sheet.row_info, self._sheet.row_sizes):
            heights.pop(self.next - 2, None)
        self._sheet.set_row(self.next, LINE * min(max(lines, default=1), MAX_LINES) + 3)
        for index, (column, value) in enumerate(cells):
            if value is not None and value != "":
                self._cell(index, column.kind, value)
        self.next += 1

    def finish(self) -> None:
        """Makes the header filter all rows."""
        self._sheet.autofilter(0, 0, max(self.next - 1, 1), len(self._columns) - 1)

    def _cell(self, index: int, kind: Kind, value: Any) -> None:
        write: Callable[..., Any] = self._sheet.write_string
        look = self._formats.kinds.get(kind)
        match kind, value:
            case "level", (level, name):
                write(self.next, index, name, self._formats.levels[level])
            case "link", (address, name):
                self._link(index, address, name)
            case _, str():
                text = cell_text("id" if kind == "id" else "text", value)
                write(self.next, index, _writable(text), look)
            case _, datetime():
                self._sheet.write_datetime(self.next, index, value, look)
            case "clock", _:
                self._sheet.write_number(self.next, index, value / DAY, look)
            case _:
                self._sheet.write_number(self.next, index, value, look)

    def _link(self, index: int, address: str, name: str) -> None:
        look = self._formats.kinds["link"]
        if not address:
            return
        if self._links < MAX_LINKS:
            self._sheet.write_url(self.next, index, address, look, name)
            self._links += 1
        else:
            self._sheet.write_string(self.next, index, address, look)


def _lines(text: str, width: int) -> int:
    """Lines that a text needs in a column: a Chinese character is two Latin ones wide."""
    parts = text[: width * MAX_LINES].split("\n")
    return sum(
        max(1, math.ceil(sum(1 + (letter > "\u2e7f") for letter in part) / width)) for part in parts
    )


def _writable(text: str) -> str:
    """The text as a cell can hold it.

    XlsxWriter takes a text from `<r>` to `</r>` for markup of its own and copies it as it is: a
    space behind it makes it a text again.
    """
    text = _UNPRINTABLE.sub("\ufffd", text)
    if len(text) > MAX_CHARACTERS:
        text = text[: MAX_CHARACTERS - 1] + "…"
    return f"{text} " if text.startswith("<r>") and text.endswith("</r>") else text
