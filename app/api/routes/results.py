"""Results out: Excel, CSV, JSONL, Parquet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from itertools import count
from typing import Annotated, BinaryIO, Literal, cast

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app.api.filters import FilterDep
from app.api.services import ScopeDep, ServicesDep
from app.settings import Settings
from app.store.reading import StoredConversation
from multimodal.formats.results import Layout, Reviewed, write_results

router = APIRouter(tags=["results"])

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_BLOCK = 1 << 18
_IN_MEMORY = 8 << 20


@router.get(
    "/results",
    response_class=StreamingResponse,
    responses={200: {"content": {name: {} for name in _TYPES.values()}}},
)
def results(
    services: ServicesDep,
    scope: ScopeDep,
    wanted: FilterDep,
    format: Annotated[
        Literal["csv", "jsonl", "parquet", "xlsx"],
        Query(
            description="CSV and Parquet have one row a turn, JSONL one line a conversation, Excel "
            "a sheet of conversations and one of the customers' turns."
        ),
    ] = "csv",
    lang: Annotated[
        Literal["zh", "en"],
        Query(description="Language of an Excel workbook; `language` is that of conversations."),
    ] = "zh",
) -> StreamingResponse:
    """Scored conversations that the filters leave, oldest first; the export is noted."""
    # Written before it is sent, so that an error is an answer and no file that breaks off.
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (closed when sent)
    try:
        found = services.store.iterate(wanted, scope)
        numbers = count()
        counted = zip(found, numbers, strict=False)
        reviewed = (_reviewed(one, services.settings) for one, _ in counted)
        layout = Layout(lang, services.settings.zone)
        write_results(reviewed, cast(BinaryIO, file), format, layout=layout)
        # The filters by name alone: in the words to search for may be somebody's number.
        filters = sorted(name for name, value in asdict(wanted).items() if value is not None)
        detail = {"format": format, "filters": filters, "conversations": next(numbers)}
        services.store.note(scope, "export", detail)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    name = f'attachment; filename="emotion-monitor.{format}"'
    return StreamingResponse(
        _blocks(cast(BinaryIO, file)),
        headers={"Content-Disposition": name},
        media_type=_TYPES[format],
    )


def _reviewed(stored: StoredConversation, settings: Settings) -> Reviewed:
    """A conversation with the address of its replay and the corrections that stand."""
    standing = {c.number: c.label for c in stored.corrections if c.revoked_at is None}
    return Reviewed(stored.scored, settings.replay_url(stored.row.id), standing)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block
