"""Stored conversations as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.store.excerpt import excerpt
from app.store.media import content_type
from app.store.reading import Listed, StoredConversation
from app.store.search import folded
from app.store.tables import ConversationRow, CorrectionRow
from fusion.course import course
from multimodal.conversation import INFERRED, Media, Role
from multimodal.formats.results import scored_to_json
from multimodal.scoring import ScoredTurn
from multimodal.states import BASIS, state_of, view

REASON_CHARACTERS = 200
_SUMMARY = [
    "id",
    "external_id",
    "source",
    "channel",
    "direction",
    "queue",
    "team",
    "customer_display",
    "business_type",
    "language",
    "agent_ids",
    "state",
    "status",
    "error",
    "turn_count",
    "duration",
    "risk",
    "sentiment",
    "level",
    "view_state",
    "reason_turn",
    "labels",
    "media_count",
]


def listed(one: Listed, zone: ZoneInfo, words: Sequence[str] = ()) -> dict[str, Any]:
    """A row of the list (`schemas.ListedOut`)."""
    return _summary(one.row, one.reason_text, zone) | {
        "found_turn": one.found_turn,
        "found_text": excerpt(one.found_text, _place(one.found_text, words), REASON_CHARACTERS),
    }


def _place(text: str, words: Sequence[str]) -> int:
    """About where in a text the first of the words is; folding may move it a little."""
    said = folded(text)
    return max(0, min((at for word in words if (at := said.find(word)) >= 0), default=0))


def whole(stored: StoredConversation, zone: ZoneInfo, *, turns: bool = True) -> dict[str, Any]:
    """Everything about a conversation (`schemas.ConversationOut`), its turns on request."""
    row, scored = stored.row, stored.scored
    reason = scored.turns[row.reason_turn - 1].turn.text if row.reason_turn else ""
    data, seen = scored_to_json(scored, turns=turns), view(scored)
    return _summary(row, reason, zone) | {
        "timezone": row.timezone,
        "customer_ref": row.customer_ref,
        "notice": row.notice,
        "attributes": data["attributes"],
        "turns": [
            turn(number, one, found)
            for number, (one, found) in enumerate(
                zip(data["turns"], scored.turns, strict=False), start=1
            )
        ],
        "roles_inferred": any(INFERRED in one.turn.attributes for one in scored.turns),
        "trajectory": data["trajectory"],
        "talk": data["talk"],
        "media": media(stored),
        "course": course(scored).to_json(),
        "tags": {tag.value: [i + 1 for i in found] for tag, found in seen.tags.items()},
        "escalation_signal": seen.escalation_signal,
        "basis": {name: basis.value for name, basis in BASIS.items()},
        "corrections": [correction(one, zone) for one in stored.corrections],
        "notes": data["notes"],
    }


def media(stored: StoredConversation) -> list[dict[str, Any]]:
    """A conversation's recordings (`schemas.MediaOut`)."""
    found = stored.scored.conversation.media
    return [_media(stored.row.id, number, one) for number, one in enumerate(found)]


def turn(number: int, data: dict[str, Any], scored: ScoredTurn) -> dict[str, Any]:
    """One turn (`schemas.TurnOut`) from its JSON among the results."""
    staff = scored.turn.role in (Role.AGENT, Role.BOT)
    state = "" if staff else state_of(scored.answer, scored.scores).value
    return data | {"number": number, "view_state": state}


def correction(row: CorrectionRow, zone: ZoneInfo) -> dict[str, Any]:
    """One correction (`schemas.CorrectionOut`)."""
    return {
        "id": row.id,
        "turn": row.number,
        "label": row.label,
        "comment": row.comment,
        "author": row.author,
        "made_at": row.made_at.astimezone(zone),
        "revoked_at": _local(row.revoked_at, zone),
        "revoked_by": row.revoked_by,
    }


def _summary(row: ConversationRow, reason: str, zone: ZoneInfo) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _SUMMARY} | {
        "started_at": _local(row.started_at, zone),
        "received_at": row.received_at.astimezone(zone),
        "scored_at": _local(row.scored_at, zone),
        "reason_text": reason[:REASON_CHARACTERS],
    }


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    if moment is None:
        return None
    try:
        return moment.astimezone(zone)
    except OverflowError:  # The first or the last hours of the calendar.
        return moment


def _media(conversation_id: int, number: int, media: Media) -> dict[str, Any]:
    try:
        kind, size = content_type(media.path), media.path.stat().st_size
    except OSError:
        kind, size = "", 0
    return {
        "number": number,
        "url": f"/api/v1/conversations/{conversation_id}/media/{number}",
        "kind": kind.partition("/")[0] if kind.startswith(("audio/", "video/")) else "",
        "content_type": kind,
        "bytes": size,
        "channels": {str(index): role.value for index, role in media.channels.items()},
        "customer_region": media.customer_region,
        "offset": media.offset,
    }
