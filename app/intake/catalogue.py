"""All that is known about the calls of one run, found by file name or call id."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePath
from typing import Any

from app.intake.columns import PREVIEW_ROWS, guess_columns, is_manifest
from app.intake.records import CallRecord, customer_of, describe, record_of
from app.intake.sheets import Sheet, read_sheet
from app.intake.sources import SourceProfile
from multimodal.conversation import Conversation, Media
from multimodal.errors import EmotionMonitorError, TranscriptError, UnknownFormatError
from multimodal.formats import HEAD_BYTES, detect_format
from multimodal.formats.documents import parse_json
from multimodal.formats.source import decode
from multimodal.formats.workbook import is_workbook
from multimodal.masking import Masker

NUMBERS = ("customer", "caller", "callee")
"""Fields that hold telephone numbers."""
SIDECAR_BYTES = 1 << 20
_SIDECAR_ENDINGS = (".metadata", ".meta", ".info")


@dataclass(frozen=True, slots=True)
class ManifestPreview:
    """A manifest before it is used.

    Attributes:
        headers: Of its columns.
        columns: Field by header, as it will be read.
        rows: How many calls it lists.
        cells: The first five rows as they stand there, but for numbers, which are masked.
        records: The same five as they are understood, or what is wrong with them.
    """

    headers: tuple[str, ...]
    columns: Mapping[str, str]
    rows: int
    cells: Sequence[tuple[str, ...]]
    records: Sequence[CallRecord | EmotionMonitorError]

    def to_json(self) -> dict[str, Any]:
        """As JSON values; each record with `error`, None where nothing is wrong with it."""
        return {
            "headers": list(self.headers),
            "columns": dict(self.columns),
            "rows": self.rows,
            "cells": [list(cells) for cells in self.cells],
            "records": [_record_to_json(record) for record in self.records],
        }


def _record_to_json(record: CallRecord | EmotionMonitorError) -> dict[str, Any]:
    if isinstance(record, EmotionMonitorError):
        return {"error": {"what": record.what, "where": record.where, "remedy": record.remedy}}
    return {
        "call_id": record.call_id,
        "file_name": record.file_name,
        "started_at": record.started_at.isoformat() if record.started_at else None,
        "ended_at": record.ended_at.isoformat() if record.ended_at else None,
        "agent_id": record.agent_id,
        "team": record.team,
        "queue": record.queue,
        "customer": record.customer.display,
        "direction": record.direction.value,
        "business_type": record.business_type,
        "notice": record.notice,
        "attributes": dict(record.attributes),
        "error": None,
    }


def manifest_in(path: Path) -> Sheet | None:
    """The table in a file if it lists calls; None where it is something else.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if not _may_be_table(head):
            return None
        data = head + file.read()
    try:
        sheet = read_sheet(data, path.name)
    except TranscriptError:
        return None
    return sheet if is_manifest(sheet) else None


def sidecar_in(path: Path, profile: SourceProfile, masker: Masker) -> CallRecord | None:
    """What a `.json` beside a recording or transcript says; None where it is something else.

    Raises:
        OSError: If it cannot be read.
        TranscriptError: If it is one, with something wrong inside.
    """
    if path.suffix.lower() != ".json" or path.stat().st_size > SIDECAR_BYTES:
        return None
    data = path.read_bytes()
    try:
        detect_format(data)
        return None
    except UnknownFormatError:
        pass
    try:
        document = parse_json(decode(data), path.name)
    except TranscriptError:
        return None
    if not isinstance(document, dict):
        return None
    flat = {name: _plain(value) for name, value in document.items() if _plain(value)}
    sheet = Sheet(path.name, tuple(flat), [(1, tuple(flat.values()))])
    columns = {k: v for k, v in (profile.columns or guess_columns(sheet)).items() if k in flat}
    if not columns:
        return None
    return _record(sheet, 1, tuple(flat.values()), columns, profile, masker)


def preview(sheet: Sheet, profile: SourceProfile, masker: Masker) -> ManifestPreview:
    """A manifest's columns and first rows, for a person to check."""
    columns = columns_of(sheet, profile)
    records: list[CallRecord | EmotionMonitorError] = []
    for line, cells in sheet.rows[:PREVIEW_ROWS]:
        try:
            record = _record(sheet, line, cells, columns, profile, masker)
            records.append(
                replace(
                    record,
                    file_name=masker.name(record.file_name, distinct=False),
                    call_id=masker.name(record.call_id, distinct=False),
                    attributes=masker.json(record.attributes),
                )
            )
        except EmotionMonitorError as error:
            records.append(masker.error(error))
    numbers = {
        index for index, header in enumerate(sheet.headers) if columns.get(header) in NUMBERS
    }
    shown = [
        tuple(
            customer_of(cell, masker).display
            if index in numbers
            else _shown(sheet.headers, index, cell, masker)
            for index, cell in enumerate(cells)
        )
        for _, cells in sheet.rows[:PREVIEW_ROWS]
    ]
    return ManifestPreview(sheet.headers, columns, len(sheet.rows), shown, records)


def _shown(headers: Sequence[str], index: int, cell: str, masker: Masker) -> str:
    """A cell as it may be shown: what its header says of it counts, as where it is kept."""
    header = headers[index] if index < len(headers) else ""
    return str(masker.json({header: masker.display(cell)})[header])


def columns_of(sheet: Sheet, profile: SourceProfile) -> dict[str, str]:
    """Field by header: as the source's people said where its headers are these, else guessed."""
    said = {header: name for header, name in profile.columns.items() if header in sheet.headers}
    return said if said and len(said) == len(profile.columns) else guess_columns(sheet)


class Catalogue:
    """Records of calls, and the rules for finding the ones of a conversation.

    Args:
        profile: The source.
        masker: The site's, for customers' numbers.
    """

    def __init__(self, profile: SourceProfile, masker: Masker) -> None:
        self.profile = profile
        self._masker = masker
        self._by_file: dict[str, list[CallRecord]] = {}
        self._by_call: dict[str, list[CallRecord]] = {}
        self._sidecars: dict[str, CallRecord] = {}

    def __len__(self) -> int:
        """How many records of manifests it holds."""
        return sum(map(len, self._by_file.values())) + sum(
            1 for rows in self._by_call.values() for row in rows if not row.file_name
        )

    def add_manifest(self, sheet: Sheet) -> list[EmotionMonitorError]:
        """Takes a manifest's rows; those that are wrong are returned, and the others count."""
        columns = columns_of(sheet, self.profile)
        errors = list(sheet.damage)
        for line, cells in sheet.rows:
            try:
                record = _record(sheet, line, cells, columns, self.profile, self._masker)
            except EmotionMonitorError as error:
                errors.append(error)
                continue
            if not record.file_name and not record.call_id:
                continue
            _take(self._by_file, _stem(record.file_name), record)
            _take(self._by_call, record.call_id, record)
        return errors

    def add_sidecar(self, path: Path) -> bool:
        """Takes a `.json` that lies beside a file of the same name; False where it is none."""
        record = sidecar_in(path, self.profile, self._masker)
        if record is not None:
            self._sidecars[sidecar_stem(path)] = record
        return record is not None

    def records(
        self, path: PurePath, external_id: str = ""
    ) -> tuple[list[CallRecord], list[CallRecord]]:
        """What is known about a file's call: from manifests, and besides.

        Args:
            path: The transcript or recording.
            external_id: The id that the transcript itself gives.
        """
        named = self._from_name(path)
        sidecar = self._sidecars.get(_stem(path.name))
        ids = [record.call_id for record in (sidecar, named) if record is not None]
        rows = list(self._by_file.get(_stem(path.name), ()))
        for call_id in dict.fromkeys([*(r.call_id for r in rows), external_id, *ids, path.stem]):
            rows += [row for row in self._by_call.get(call_id, ()) if row not in rows]
        return rows, [record for record in (sidecar, named) if record is not None]

    def describe(self, conversation: Conversation, path: PurePath) -> Conversation:
        """The conversation with all that is known about its call.

        Raises:
            EmotionMonitorError: If what is known breaks a rule of conversations.
        """
        parts, others = self.records(path, conversation.external_id)
        described = describe(conversation, parts, others)
        offsets = {
            _stem(r.file_name): (r.started_at - described.started_at).total_seconds()
            for r in parts
            if r.file_name and r.started_at is not None and described.started_at is not None
        }
        # The recording of a call's second part starts later than the call.
        media = tuple(_moved(one, offsets) for one in described.media)
        return replace(
            described,
            # A file's name may hold the caller's number, and ids are made of names.
            external_id=self.hide(path, described.external_id),
            media=media,
            source=self.profile.name or described.source,
        )

    def hide(self, path: PurePath, text: str) -> str:
        """A text that a file's name went into, without the customer's number."""
        for record in chain(*self.records(path)):
            if len(record.number) >= 7 and record.customer.display:
                text = text.replace(record.number, record.customer.display)
        return text

    def recordings(self, path: PurePath, external_id: str) -> list[str]:
        """Stems of the recordings that a transcript's conversation has according to manifests."""
        names = (record.file_name for record in self.records(path, external_id)[0])
        return list(dict.fromkeys(_stem(name) for name in names if name))

    def _from_name(self, path: PurePath) -> CallRecord | None:
        template = self.profile.names
        fields = template.match(path) if template is not None else None
        if fields is None:
            return None
        try:
            return record_of(fields, {}, self.profile.zone, self._masker, path.name)
        except TranscriptError:
            return None  # A name that merely looks like the pattern.


def file_stem(name: str) -> str:
    """A file's name as files of one call are matched by it: without suffix, in one case."""
    return _stem(name)


def sidecar_stem(path: Path) -> str:
    """The same of a sidecar: `x.json`, `x.wav.json` and `x.metadata.json` belong to `x`."""
    stem = path.stem
    for ending in _SIDECAR_ENDINGS:
        stem = stem.removesuffix(ending)
    return _stem(stem) if "." in stem else stem.casefold()


def _stem(name: str) -> str:
    return PurePath(name).stem.casefold()


def _take(index: dict[str, list[CallRecord]], key: str, record: CallRecord) -> None:
    if key:
        rows = index.setdefault(key, [])
        if record not in rows:
            rows.append(record)


def _moved(media: Media, offsets: Mapping[str, float]) -> Media:
    offset = offsets.get(_stem(media.path.name), 0.0)
    return replace(media, offset=offset) if offset > 0 and not media.offset else media


def _record(
    sheet: Sheet,
    line: int,
    cells: Sequence[str],
    columns: Mapping[str, str],
    profile: SourceProfile,
    masker: Masker,
) -> CallRecord:
    given = dict(zip(sheet.headers, cells, strict=False))
    values = {name: given.get(header, "") for header, name in columns.items() if name}
    others = {header: value for header, value in given.items() if not columns.get(header)}
    return record_of(values, others, profile.zone, masker, f"{sheet.name}, line {line}")


def _may_be_table(head: bytes) -> bool:
    if is_workbook(head):
        return True
    text = decode(head).lstrip("\ufeff \r\n\t")
    if not text or text[0] in "{[" or "\x00" in text:
        return False
    lines = text[:20_000].splitlines()[:20]
    return any(sign in line for line in lines for sign in ",\t;|")


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, (str, int, float)):
        return str(value)
    return json.dumps(value, ensure_ascii=False) if value else ""
