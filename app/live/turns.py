"""Turns of open conversations: each is masked, scored and kept in a moment, however long it is.

What was scored before stays in memory, so that a turn costs one turn. A conversation that another
process has written to meanwhile, or that is not remembered, is read again.

What comes more than once or late is decided here:

    the same Idempotency-Key     nothing is done, the answer is the same
    the same say once more       start, role, channel, speaker and words: the turn that is there
    a start before others'       takes its place by its start; turns behind it count one more
    no start                     comes last
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakValueDictionary

from app.store import Saved, Scope, Store, WriteKey
from app.store.tables import ConversationRow
from app.store.writing import require_open
from multimodal.conversation import Media, Turn
from multimodal.emotions import EmotionScores
from multimodal.errors import ConflictError
from multimodal.masking import NEAR_TURNS, Masker
from multimodal.pipeline import EmotionMonitor, LiveConversation, place_of
from multimodal.scoring import ScoredConversation

MASKED_TOGETHER = 4 * NEAR_TURNS
"""Turns before the new one in which a number may have begun."""
REMEMBERED_TURNS = 20_000
"""Turns in memory, of all conversations together; some 5 kB each."""
TRIES = 3
"""How often a turn is scored anew because another process appended one at the same time."""


@dataclass(frozen=True, slots=True, eq=False)
class Added:
    """What became of a turn.

    Attributes:
        scored: The conversation with it.
        number: Its number, from 1.
        new: False where it was there already.
    """

    scored: ScoredConversation
    number: int
    new: bool


class LiveTurns:
    """Adds turns to open conversations, those of one conversation one after the other.

    Args:
        store: Where they are kept.
        monitor: Scores.
        masker: Takes personal data out.
    """

    def __init__(self, store: Store, monitor: EmotionMonitor, masker: Masker) -> None:
        self._store = store
        self._monitor = monitor
        self._masker = masker
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._remembered: OrderedDict[int, tuple[object, ScoredConversation]] = OrderedDict()

    def add(
        self,
        conversation_id: int,
        turn: Turn,
        scope: Scope,
        *,
        key: WriteKey | None = None,
        heard: Sequence[Media] = (),
        clip: Media | None = None,
    ) -> Added:
        """Scores a turn and keeps it.

        Args:
            conversation_id: An open conversation.
            turn: The turn as it came.
            scope: Who writes.
            key: Idempotency key, where the caller gave one.
            heard: Recordings in which it is heard or seen.
            clip: The one of them that is kept, in the folder of recordings; None for none.

        Raises:
            NotFoundError: If there is no such conversation.
            ConflictError: If it is closed, or the key stands for another request.
        """
        with self._lock(conversation_id):
            for attempt in range(1, TRIES + 1):
                replayed = self._store.replayed(scope, key)
                scored = self._so_far(conversation_id, scope, replayed)
                if replayed is not None:
                    return Added(scored, replayed.number or 1, new=False)
                before, masked, changed = masked_with(scored, turn, self._masker)
                known = same_say(before, masked)
                if known is not None:
                    return Added(scored, known + 1, new=False)
                live = LiveConversation.resume(self._monitor, before)
                number = live.add(masked, heard) + 1
                changed = [one + (one >= number) for one in changed]
                try:
                    saved = self._store.append(
                        conversation_id,
                        live.scored,
                        scope,
                        number=number,
                        clip=clip,
                        key=key,
                        changed=changed,
                    )
                except ConflictError:
                    if attempt == TRIES:
                        raise
                    continue
                self._remember(live.scored, saved)
                return Added(live.scored, number, new=True)
        raise AssertionError("unreachable")

    def _so_far(
        self, conversation_id: int, scope: Scope, replayed: Saved | None
    ) -> ScoredConversation:
        row = self._store.row(conversation_id, scope)
        if replayed is None:
            require_open(row)
        with self._guard:
            version, scored = self._remembered.get(conversation_id, (None, None))
        if scored is not None and version == _version(row):
            return scored
        return self._store.get(conversation_id, scope).scored

    def _remember(self, scored: ScoredConversation, saved: Saved) -> None:
        if saved.row is None:
            return
        with self._guard:
            self._remembered.pop(saved.id, None)
            self._remembered[saved.id] = (_version(saved.row), scored)
            total = sum(len(one.turns) for _, one in self._remembered.values())
            while total > REMEMBERED_TURNS:
                _, (_, oldest) = self._remembered.popitem(last=False)
                total -= len(oldest.turns)

    def forget(self, conversation_id: int) -> None:
        """Forgets a conversation, because it is closed or erased."""
        with self._guard:
            self._remembered.pop(conversation_id, None)

    def _lock(self, conversation_id: int) -> threading.Lock:
        with self._guard:
            lock: threading.Lock = self._locks.setdefault(conversation_id, threading.Lock())
            return lock


def _version(row: ConversationRow) -> object:
    """Changes with whatever is written to a conversation."""
    return row.turn_count, row.scoring, row.scored_at, row.content_hash, row.notice


def same_say(scored: ScoredConversation, turn: Turn) -> int | None:
    """The index of the turn that says the same at the same time, None where none does.

    Recognisers and queues give what they were not sure to have given once more. Without a start it
    may as well have been said twice.
    """
    if turn.start is None:
        return None
    for index in range(place_of(scored.conversation, turn) - 1, -1, -1):
        other = scored.turns[index].turn
        if other.start is not None and other.start < turn.start:
            return None
        if (other.start, other.role, other.channel, other.speaker, other.text) == (
            turn.start,
            turn.role,
            turn.channel,
            turn.speaker,
            turn.text,
        ):
            return index
    return None


def masked_with(
    scored: ScoredConversation, turn: Turn, masker: Masker
) -> tuple[ScoredConversation, Turn, list[int]]:
    """The next turn without personal data, and the turns around it where a number goes on in it.

    Args:
        scored: The conversation so far.
        turn: The turn as it came.
        masker: Masks.

    Returns:
        The conversation so far, with the parts of the number in it masked; the next turn, masked;
        and the numbers of the turns that changed, from 1. Their evidence from words is left out
        from the change on, because it points into the text that was.
    """
    conversation = scored.conversation
    at = place_of(conversation, turn)
    first, last = max(0, at - MASKED_TOGETHER), at + MASKED_TOGETHER
    masked = list(
        masker.turns(
            (*conversation.turns[first:at], turn, *conversation.turns[at:last]),
            english=conversation.language.lower().startswith("en"),
        )
    )
    alone = masked.pop(at - first)
    turns, changed = list(scored.turns), []
    for index, new in enumerate(masked, start=first):
        old = turns[index]
        if new.text != old.turn.text:
            pairs = enumerate(zip(new.text, old.turn.text, strict=False))
            same = next((at for at, (one, other) in pairs if one != other), 0)
            scores = {name: _evidence_until(one, same) for name, one in old.scores.items()}
            turns[index] = replace(old, turn=new, scores=scores)
            changed.append(index + 1)
    if changed:
        conversation = replace(conversation, turns=tuple(one.turn for one in turns))
        scored = replace(scored, conversation=conversation, turns=tuple(turns))
    return scored, alone, changed


def _evidence_until(scores: EmotionScores, end: int) -> EmotionScores:
    kept = tuple(
        one
        for one in scores.evidence
        if one.kind != "word" or (one.end is not None and one.end <= end)
    )
    return replace(scores, evidence=kept)
