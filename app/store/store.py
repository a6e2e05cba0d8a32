"""The store: conversations with everything that was found out about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.settings import Settings
from app.store import customers, events, media_rows, turns, writing
from app.store.accounts import Accounts
from app.store.alerts import Alerts
from app.store.appeals import Appeals
from app.store.audit import entry
from app.store.batches import Batches
from app.store.engine import WRITE, open_engine
from app.store.errors import translated
from app.store.governance import Governance
from app.store.history import History
from app.store.keys import Keys
from app.store.listing import Reading
from app.store.measured import Measured
from app.store.media import MediaFolder
from app.store.migrate import require_head
from app.store.queueing import WritesInTurn
from app.store.review import Review
from app.store.review_queues import ReviewQueues
from app.store.roles import require_same_roles, same_roles
from app.store.rows import Values
from app.store.rules import Rules
from app.store.scope import LOCAL, Scope
from app.store.searches import Searches
from app.store.sources import Sources
from app.store.streams import Streams
from app.store.tables import (
    ConversationRow,
    MediaRow,
)
from app.store.verdicts import Verdicts
from app.store.wall import Wall, end
from app.store.webhooks import Webhooks
from app.store.writing import Outcome, Saved, State, WriteKey
from app.thresholds import fitted_thresholds
from multimodal.conversation import Conversation, Media
from multimodal.errors import (
    ConflictError,
    EmotionMonitorError,
    NotFoundError,
)
from multimodal.scoring import ScoredConversation, Scorer
from multimodal.tags import TagWords
from multimodal.thresholds import FIXED, MOST_EARLIER, Thresholds, thresholds_for


class Store(Governance, Review, Streams, Reading):
    """Conversations in SQLite or PostgreSQL. Every write is one transaction.

    A conversation is unique by its source and external id. The same conversation twice is kept
    once; another one under the same id is refused. Re-scoring replaces nothing: it adds what other
    models said, and only the same model's answer to the same turn takes the place of its earlier
    one. What is outside the `Scope` is not found.

    Args:
        settings: Names the database and the folder of recordings.

    Attributes:
        media: The folder of recordings.
        tag_words: The words of the event tags, which are found anew whenever a turn is read.
        happened: Called after each transaction that wrote events, by the thread that wrote it.
        appended: Called after turns of an open conversation were stored, with its id and all of it.
        rules: What is alerted to.
        alerts: What came of that.
        webhooks: Who outside is told of alerts.
        queues: Conversations that wait for a reviewer.
        verdicts: What reviewers said.
        appeals: What is said against it.
        measured: The same beside what the models said.
        history: How conversations went, for trends.
        searches: Searches that people keep.

    Raises:
        InvalidInputError: If the file of tag words is unusable.
        DatabaseUnavailableError: From every method, if the database does not answer.
        OutputError: From every method that writes, if the disk is full.
    """

    def __init__(self, settings: Settings) -> None:
        self._engine = open_engine(settings.url)
        self._write_engine = self._engine.execution_options(**{WRITE: True})
        self._in_turn = WritesInTurn(self._engine)
        self._where = settings.safe_database_url
        self._keep_recordings = settings.keep_recordings
        self._relative_thresholds = settings.relative_thresholds
        self._fitted_thresholds = fitted_thresholds(settings)
        self._standing_notice = settings.standing_notice
        self._remembers = settings.remember_customers
        self.media = MediaFolder(settings.media_dir)
        self.tag_words = TagWords.load(settings.tag_words)
        self.happened: Callable[[], None] = lambda: None
        self.appended: Callable[[int, ScoredConversation], None] = lambda *_: None
        self.rules = Rules(self._reading, self._writing)
        self.alerts = Alerts(self._reading, self._writing, settings.alert_budget)
        self.webhooks = Webhooks(self._reading, self._writing)
        self.sources = Sources(self._reading, self._writing)
        self.searches = Searches(self._reading, self._writing)
        self.accounts = Accounts(self._reading, self._writing)
        self.keys = Keys(self._reading, self._writing)
        self.queues = ReviewQueues(self._reading, self._writing, settings.zone)
        self.appeals = Appeals(self._writing, settings.zone, settings.appeal_days)
        self.verdicts = Verdicts(self._reading, self._writing, settings.zone, settings.appeal_days)
        self.measured = Measured(self._reading)
        self.history = History(self._reading)
        self.wall = Wall(self._reading, self._writing)
        self.batches = Batches(self._reading, self._writing, settings.data_dir / "batches")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()

    def require_ready(self) -> None:
        """Checks that the database answers and has this version's tables.

        Raises:
            ConflictError: If its tables are another version's.
        """
        with translated(self._where):
            require_head(self._engine)

    # Writing

    def save(
        self,
        scored: ScoredConversation,
        scope: Scope = LOCAL,
        *,
        key: WriteKey | None = None,
        state: State = "closed",
        keep_recordings: bool = True,
    ) -> Saved:
        """Keeps a scored conversation.

        Where the same conversation is there already, the scoring is added if it brings another
        model, a notice or a recording that was not there before; else nothing is written.

        Args:
            scored: The conversation with its scores.
            scope: Who writes.
            key: Idempotency key, where the caller gave one.
            state: `open` if turns will be appended.
            keep_recordings: False where its recordings are not to be kept, whatever the setting.

        Raises:
            ConflictError: If its source and external id, or the key, stand for something else.
        """
        keep = keep_recordings and self._keep_recordings
        saved = self._once(scored.conversation, scope, key, state, scored, keep=keep)
        if not keep:
            self._discard(*scored.conversation.media)
        if state == "open" and saved.outcome == "created" and scored.turns:
            self.appended(saved.id, scored)
        return saved

    def save_many(
        self,
        scored: Sequence[ScoredConversation],
        scope: Scope = LOCAL,
        *,
        keep_recordings: bool = True,
    ) -> list[Saved | EmotionMonitorError]:
        """Keeps scored conversations in one transaction; each fares as with `save`.

        Returns:
            For each what was done, or why it was not kept; the others are.
        """
        keep = keep_recordings and self._keep_recordings
        try:
            done = self._insert_new(scored, scope, keep=keep)
        except IntegrityError:
            done = {}  # One of them came at the same time and was first.
        for index, one in enumerate(scored):
            if index not in done:
                try:
                    done[index] = self.save(one, scope, keep_recordings=keep)
                except EmotionMonitorError as error:
                    done[index] = error
            elif not keep:
                self._discard(*one.conversation.media)
        return [done[index] for index in range(len(scored))]

    def enqueue(
        self,
        conversation: Conversation,
        scope: Scope,
        *,
        key: WriteKey | None = None,
        state: State = "closed",
    ) -> Saved:
        """Keeps a conversation that is to be scored later; see `save`."""
        return self._once(conversation, scope, key, state, None)

    def lookup(
        self, conversation: Conversation, scope: Scope, key: WriteKey | None = None
    ) -> Saved | None:
        """Whether saving this conversation would be a repeat: asked before scoring it.

        Returns:
            What the earlier write did, or None if there is something to score and to save.

        Raises:
            ConflictError: As from `save`.
        """
        with self._reading() as session:
            if replay := writing.replay(session, scope, key):
                return replay
            row = writing.find(session, conversation)
            if row is None or row.status != "scored":
                return None
            writing.require_same(row, conversation, scope)
            brings = same_roles(session, row, conversation) and writing.brings(
                session, row, conversation, self.media
            )
            return None if brings else Saved(row.id, "unchanged")

    def lookup_many(
        self, conversations: Sequence[Conversation], scope: Scope
    ) -> list[Saved | EmotionMonitorError | None]:
        """`lookup` for many conversations, with few queries; an error stands for itself."""
        found: list[Saved | EmotionMonitorError | None] = []
        with self._reading() as session:
            known = writing.find_many(session, conversations)
            for conversation in conversations:
                row = known.get((conversation.source, conversation.external_id))
                if row is None or row.status != "scored":
                    found.append(None)
                    continue
                try:
                    writing.require_same(row, conversation, scope)
                except EmotionMonitorError as error:
                    found.append(error)
                    continue
                bare = not conversation.media and conversation.notice in ("", row.notice)
                brings = (
                    not bare
                    and same_roles(session, row, conversation)
                    and writing.brings(session, row, conversation, self.media)
                )
                found.append(None if brings else Saved(row.id, "unchanged"))
        return found

    def record(self, conversation_id: int, scored: ScoredConversation, scope: Scope) -> None:
        """Adds a scoring to a conversation that is there, with the notice and recordings it had.

        Raises:
            NotFoundError: If it is not there.
            ConflictError: If turns were appended since it was read.
        """
        with self._writing() as session:
            row = self._row(session, conversation_id, scope, lock=True)
            writing.require_words(row)
            require_same_roles(session, row, scored)
            self._write(session, row, scored, keep=self._keep_recordings)
        if not self._keep_recordings:
            self._discard(*scored.conversation.media)

    def earlier(self, conversation: Conversation, scorer: Scorer) -> Sequence[Mapping[str, Any]]:
        """What a scorer learnt of the customer in conversations before this one, the latest first.

        Nothing where the setting `remember_customers` is off; see `app.store.customers`.
        """
        if not self._remembers:
            return ()
        with self._reading() as session:
            return customers.earlier(session, conversation, scorer.modality, scorer.info.key)

    def fail(self, conversation_id: int, error: str) -> None:
        """Marks a conversation as one that could not be scored, with the reason."""
        with self._writing() as session:
            session.execute(
                update(ConversationRow)
                .where(ConversationRow.id == conversation_id)
                .values(status="failed", error=error)
            )

    def claim(self) -> int | None:
        """Takes the oldest queued conversation to be scored, or None if there is none."""
        oldest = (
            select(ConversationRow.id)
            .where(ConversationRow.status == "queued")
            .order_by(ConversationRow.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self._writing() as session:
            return session.scalar(
                update(ConversationRow)
                .where(ConversationRow.id == oldest.scalar_subquery())
                .values(status="scoring")
                .returning(ConversationRow.id)
            )

    def requeue(self) -> None:
        """Puts back what a process that is gone had claimed.

        If that process lives after all, both score the same conversation to the same result.
        """
        with self._writing() as session:
            session.execute(
                update(ConversationRow)
                .where(ConversationRow.status == "scoring")
                .values(status="queued")
            )

    def redescribe(self, before: Conversation, after: Conversation, scope: Scope) -> bool:
        """Keeps what has become known about a call whose conversation is there already.

        Words and scores stay as they are; metadata and the agents of turns take the place of those
        that there were.

        Args:
            before: The conversation as it was kept.
            after: The same one with what is known now.
            scope: Who writes.

        Returns:
            Whether it was there as it was before, and is described anew.
        """
        scope.require(after)
        moves = (before.source, before.external_id) != (after.source, after.external_id)
        with self._writing() as session:
            row = writing.find(session, before, lock=True)
            if (
                row is None
                or not scope.covers(row.team, row.queue)
                or (moves and writing.find(session, after) is not None)
            ):
                return False
            return writing.redescribe(session, row, before, after)

    def append(
        self,
        conversation_id: int,
        scored: ScoredConversation,
        scope: Scope,
        *,
        number: int | None = None,
        clip: Media | None = None,
        key: WriteKey | None = None,
        changed: Sequence[int] = (),
    ) -> Saved:
        """Adds one turn of a scored conversation to the open one of that id.

        Args:
            conversation_id: The conversation.
            scored: It, with one turn more than is kept.
            scope: Who writes.
            number: Which one, from 1; by default the last. Those from it on count one more.
            clip: A recording of the turn alone, in the folder of recordings.
            key: Idempotency key, where the caller gave one.
            changed: Numbers of earlier turns whose words were masked once more.

        Raises:
            NotFoundError: If it is not there.
            ConflictError: If it is closed, or another turn was appended meanwhile.
        """
        count = len(scored.turns)
        number = number or count
        with self._writing() as session:
            row = self._row(session, conversation_id, scope, lock=True)
            if replay := writing.replay(session, scope, key):
                return replay
            writing.require_open(row)
            if row.turn_count != count - 1:
                raise ConflictError(
                    f"the conversation has {row.turn_count} turns, expected {count - 1}.",
                    where=f"conversation {conversation_id}",
                    remedy="Another turn came at the same time; send this one again.",
                )
            if number < count:
                turns.make_room(session, row.id, number)
            turns.insert_turns(session, row.id, {number: scored.turns[number - 1].turn})
            turns.rewrite_turns(session, row.id, scored, changed)
            if clip is not None:
                media_rows.add_media(session, row, clip, self.media, keep=self._keep_recordings)
            thresholds = self._thresholds(session, row.queue, row.customer_ref, row.id)
            scored = replace(scored, thresholds=thresholds)
            writing.write_scoring(session, row, scored, appended=number)
            if self._remembers:
                customers.remember(session, row.id, scored)
            writing.keep_key(session, scope, key, row.id, number)
        if clip is not None and not self._keep_recordings:
            self._discard(clip)
        self.appended(conversation_id, scored)
        return Saved(conversation_id, "created", number, row)

    def replayed(self, scope: Scope, key: WriteKey | None) -> Saved | None:
        """What this idempotency key did before, or None if it is new.

        Raises:
            ConflictError: If it was used for another request.
            NotFoundError: If what it wrote has been deleted.
        """
        if key is None:
            return None
        with self._reading() as session:
            return writing.replay(session, scope, key)

    def close_conversation(self, conversation_id: int, scope: Scope) -> None:
        """Marks a conversation as one to which no turn will be appended; again does nothing.

        Raises:
            NotFoundError: If it is not there.
        """
        with self._writing() as session:
            row = self._row(session, conversation_id, scope, lock=True)
            if row.state == "closed":
                return
            end(session, row, "closed")

    def delete(self, conversation_id: int, scope: Scope) -> None:
        """Deletes a conversation with everything that belongs to it, uploaded recordings too.

        Raises:
            NotFoundError: If it is not there.
        """
        with self._writing() as session:
            row = self._row(session, conversation_id, scope, lock=True)
            of_this = MediaRow.conversation_id == row.id
            kept = select(MediaRow.sha256).where(of_this, MediaRow.path != "")
            digests = set(session.scalars(kept)) - {""}
            events.forget(session, [row.id])
            events.record(session, "conversation", row, {"change": "erased"})
            session.execute(delete(ConversationRow).where(ConversationRow.id == row.id))
            entry(session, scope.who, "delete", {"conversation": row.id})
        self.discard(digests)

    # How it is done

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with translated(self._where), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with (
            self._in_turn(),
            translated(self._where),
            Session(self._write_engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session
            recorded = events.write_recorded(session)
        if recorded:
            self.happened()

    def _row(
        self, session: Session, conversation_id: int, scope: Scope, *, lock: bool = False
    ) -> ConversationRow:
        wanted = select(ConversationRow).where(
            ConversationRow.id == conversation_id, scope.visible()
        )
        row = session.scalar(wanted.with_for_update() if lock else wanted)
        if row is None:
            raise NotFoundError(
                f"there is no conversation {conversation_id}.",
                remedy="See the list of conversations for those that there are.",
            )
        return row

    def _discard(self, *media: Media) -> None:
        self.discard({self.media.digest_of(one.path) for one in media} - {""})

    def _write(
        self, session: Session, row: ConversationRow, scored: ScoredConversation, *, keep: bool
    ) -> None:
        row.notice = scored.conversation.notice or row.notice
        row.channel = scored.conversation.channel.value
        media_rows.write_media(session, row, scored.conversation.media, self.media, keep=keep)
        thresholds = self._thresholds(session, row.queue, row.customer_ref, row.id)
        writing.write_scoring(session, row, replace(scored, thresholds=thresholds))
        if self._remembers:
            customers.remember(session, row.id, scored)

    def _thresholds(
        self, session: Session, queue: str, customer: str, before: int | None = None
    ) -> Thresholds:
        usual_here = self._fitted_thresholds.get(queue, self._fitted_thresholds.get("", FIXED))
        if not self._relative_thresholds or not customer:
            return usual_here
        earlier = (
            select(ConversationRow.risk)
            .where(ConversationRow.customer_ref == customer, ConversationRow.status == "scored")
            .order_by(ConversationRow.id.desc())
            .limit(MOST_EARLIER)
        )
        if before is not None:
            earlier = earlier.where(ConversationRow.id < before)
        return thresholds_for(session.scalars(earlier).all(), usual_here)

    def _insert_new(
        self, scored: Sequence[ScoredConversation], scope: Scope, *, keep: bool
    ) -> dict[int, Saved | EmotionMonitorError]:
        """Inserts those that are not there yet; what became of them, by index."""
        done: dict[int, Saved | EmotionMonitorError] = {}
        new: dict[tuple[str, str], tuple[int, Values]] = {}
        with self._writing() as session:
            known = writing.find_many(session, [one.conversation for one in scored])
            for index, one in enumerate(scored):
                key = (one.conversation.source, one.conversation.external_id)
                if key in known or key in new:
                    continue
                try:
                    scope.require(one.conversation)
                    said = one.conversation
                    thresholds = self._thresholds(session, said.queue, said.customer_ref)
                    known_as = replace(one, thresholds=thresholds)
                    new[key] = (index, writing.scored_row(known_as, keep=keep))
                except EmotionMonitorError as error:
                    done[index] = error
            if new:
                rows = [(scored[index], values) for index, values in new.values()]
                ids = writing.insert_scored(session, rows)
                for (index, _), number in zip(new.values(), ids, strict=True):
                    media = scored[index].conversation.media
                    housed = [self.media.housed(one) if keep else one for one in media]
                    media_rows.insert_media(session, number, housed, self.media, keep=keep)
                    if self._remembers:
                        customers.remember(session, number, scored[index])
                    done[index] = Saved(number, "created")
        return done

    def _once(
        self,
        conversation: Conversation,
        scope: Scope,
        key: WriteKey | None,
        state: State,
        scored: ScoredConversation | None,
        *,
        keep: bool = True,
    ) -> Saved:
        scope.require(conversation)
        if keep and conversation.media:
            media = tuple(self.media.housed(one) for one in conversation.media)
            conversation = replace(conversation, media=media)
            scored = None if scored is None else replace(scored, conversation=conversation)
        try:
            return self._put(conversation, scope, key, state, scored, keep=keep)
        except IntegrityError:
            # The same conversation or key came at the same time and was first: now it is there.
            return self._put(conversation, scope, key, state, scored, keep=keep)

    def _put(
        self,
        conversation: Conversation,
        scope: Scope,
        key: WriteKey | None,
        state: State,
        scored: ScoredConversation | None,
        *,
        keep: bool,
    ) -> Saved:
        with self._writing() as session:
            if replay := writing.replay(session, scope, key):
                return replay
            row = writing.find(session, conversation, lock=True)
            if row is None:
                outcome: Outcome = "created"
                row = writing.insert_conversation(
                    session, conversation, state, self.media, keep=keep
                )
            else:
                writing.require_same(row, conversation, scope)
                # Roles that a person exchanged stay so, however the source gives them again.
                brings = same_roles(session, row, conversation) and (
                    row.status != "scored"
                    or writing.brings(session, row, conversation, self.media, scored)
                )
                outcome = "rescored" if brings and scored is not None else "unchanged"
            if scored is not None and outcome != "unchanged":
                self._write(session, row, scored, keep=keep)
            writing.keep_key(session, scope, key, row.id, None)
            return Saved(row.id, outcome)
