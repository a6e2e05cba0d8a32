"""The one way through the house: a conversation's turns, gated, scored, fused and tracked.

Batch and live run the same code: a batch scores all turns of many conversations, a live
conversation scores one turn more. What a scorer carries from one turn of a speaker to the next is
kept here, so that scorers hold no state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any

from multimodal import policy
from multimodal.conversation import Conversation, Media, Role, Turn
from multimodal.emotions import EmotionScores, ModelInfo
from multimodal.errors import EmotionMonitorError
from multimodal.masking import Masker
from multimodal.media import DEFAULT_LIMITS, MediaLimits
from multimodal.plugins import load_fuser, load_scorers
from multimodal.recording import FACE_RATE, Recordings
from multimodal.scoring import (
    VOICE,
    FusedAnswer,
    Fuser,
    ScoredConversation,
    ScoredTurn,
    Scorer,
    Trajectory,
    TurnInput,
)
from multimodal.tags import TagWords, tags_of

CONTEXT_TURNS = 16
"""How many preceding turns a scorer is shown."""
BATCH_CONVERSATIONS = 64
"""How many conversations are in memory at a time; their words are scored in one batch."""
_MASKER = Masker()
BATCH_TURNS = 512
"""How many turns go to a scorer of words in one call."""
EarlierStates = Callable[[Conversation, Scorer], Sequence[Mapping[str, Any]]]
"""A scorer's last states in the earlier conversations of a conversation's customer, the latest
first."""


@dataclass(eq=False)
class _Job:
    """A conversation while it is scored; where a turn has scores or an answer, they stand."""

    conversation: Conversation
    scores: list[dict[str, EmotionScores]]
    answers: list[FusedAnswer | None]
    states: dict[str, dict[str, Mapping[str, Any]]]
    recordings: Recordings
    notes: list[str] = field(default_factory=list)

    def permission(self, turn: Turn, standing_notice: str) -> policy.Permission:
        return policy.permission(self.conversation, turn, standing_notice=standing_notice)


class EmotionMonitor:
    """Scores conversations with all installed modalities and fuses them into one answer.

    Args:
        scorers: The scorers to use; by default all installed ones (entry points).
        fuser: The fuser to use; by default the installed late fusion.
        standing_notice: Reference of the notice that the site gives to all its customers; with it,
            conversations without a notice of their own have voice and face analysed too.
        limits: What recordings may be like; others are refused before they are decoded.
        face_rate: Pictures of a second of video that the face is read from; the cost of faces
            grows with it.
        earlier: What scorers learnt of a customer in earlier conversations; by default nothing is
            carried from one conversation to another.
        tag_words: The words of the event tags; by default those that the product ships.
        fuser_by_queue: Fusers for the conversations of some queues, instead of `fuser`.

    Raises:
        ModelMissingError: At first use, if a scorer's or the fuser's checkpoint is not installed.
    """

    def __init__(
        self,
        scorers: Sequence[Scorer] | None = None,
        fuser: Fuser | None = None,
        *,
        standing_notice: str = "",
        limits: MediaLimits = DEFAULT_LIMITS,
        face_rate: float = FACE_RATE,
        earlier: EarlierStates | None = None,
        tag_words: TagWords | None = None,
        fuser_by_queue: Mapping[str, Fuser] | None = None,
    ) -> None:
        self._given_scorers = scorers
        self._given_fuser = fuser
        self.limits = limits
        self.face_rate = face_rate
        self.standing_notice = standing_notice
        self.earlier = earlier
        self.tag_words = tag_words
        self.fuser_by_queue = dict(fuser_by_queue or {})

    def remembering(self, earlier: EarlierStates) -> EmotionMonitor:
        """The same monitor, with what scorers learnt of customers in earlier conversations."""
        return self._like(self.scorers, earlier)

    def scoring_with(self, scorers: Sequence[Scorer]) -> EmotionMonitor:
        """The same monitor with other scorers."""
        return self._like(scorers, self.earlier)

    def _like(self, scorers: Sequence[Scorer], earlier: EarlierStates | None) -> EmotionMonitor:
        return EmotionMonitor(
            scorers,
            self.fuser,
            standing_notice=self.standing_notice,
            limits=self.limits,
            face_rate=self.face_rate,
            earlier=earlier,
            tag_words=self.tag_words,
            fuser_by_queue=self.fuser_by_queue,
        )

    @cached_property
    def scorers(self) -> list[Scorer]:
        """The scorers in use, loaded at first use."""
        return load_scorers() if self._given_scorers is None else list(self._given_scorers)

    @cached_property
    def fuser(self) -> Fuser:
        """The fuser in use, loaded at first use."""
        return load_fuser() if self._given_fuser is None else self._given_fuser

    def models(self) -> dict[str, ModelInfo]:
        """Which model answers, by modality, and `fusion`."""
        return {scorer.modality: scorer.info for scorer in self.scorers} | {
            "fusion": self.fuser.info
        }

    def score(self, conversation: Conversation) -> ScoredConversation:
        """Scores one conversation."""
        return next(self.score_many([conversation]))

    def score_many(self, conversations: Iterable[Conversation]) -> Iterator[ScoredConversation]:
        """Scores conversations in their order, many at a time, in constant memory.

        Each result is yielded as soon as its batch is done; conversations are read from the
        iterable only as far as they are needed.
        """
        source = iter(conversations)
        while batch := list(islice(source, BATCH_CONVERSATIONS)):
            jobs = [self._job(conversation) for conversation in batch]
            self._score(jobs)
            yield from map(self._finish, jobs)

    def _job(self, conversation: Conversation) -> _Job:
        count = len(conversation.turns)
        recordings = Recordings(conversation, self.limits, self.face_rate)
        return _Job(conversation, [{} for _ in range(count)], [None] * count, {}, recordings)

    def _score(self, jobs: Sequence[_Job]) -> None:
        """Scores every turn of the jobs that has no scores yet."""
        todo = [(job, [i for i, known in enumerate(job.scores) if not known]) for job in jobs]
        for scorer in self.scorers:
            if scorer.needs == {"text"} and not scorer.stateful:
                self._score_words(scorer, [(job, i) for job, indices in todo for i in indices])
            else:
                for job, indices in todo:
                    self._score_in_order(scorer, job, indices)

    def _score_words(self, scorer: Scorer, todo: Sequence[tuple[_Job, int]]) -> None:
        """One batch over many conversations, for a scorer that needs nothing but words."""
        allowed = []
        for job, index in todo:
            turn = job.conversation.turns[index]
            refusal = job.permission(turn, self.standing_notice).words
            if refusal:
                job.scores[index][scorer.modality] = EmotionScores.missing(refusal)
            else:
                allowed.append((job, index))
        # Turns of like length together: a batch is padded to its longest.
        allowed.sort(key=lambda item: len(item[0].conversation.turns[item[1]].text))
        for start in range(0, len(allowed), BATCH_TURNS):
            batch = allowed[start : start + BATCH_TURNS]
            inputs = [
                TurnInput(
                    turn=job.conversation.turns[index],
                    previous=_context(job.conversation, index),
                    language=job.conversation.language,
                )
                for job, index in batch
            ]
            for (job, index), scores in zip(batch, _ask(scorer, inputs), strict=True):
                job.scores[index][scorer.modality] = scores

    def _score_in_order(self, scorer: Scorer, job: _Job, indices: Sequence[int]) -> None:
        """Turn by turn, for a scorer that carries state or needs a recording."""
        states = job.states.setdefault(scorer.modality, {})
        allowed = []
        for index in indices:
            granted = job.permission(job.conversation.turns[index], self.standing_notice)
            refusal = granted.words
            if "audio" in scorer.needs:
                refusal = refusal or granted.voice
            if "frames" in scorer.needs:
                refusal = refusal or granted.face
            # A scorer of a signal that this product knows nothing of reads the body, not words.
            if "text" not in scorer.needs:
                refusal = refusal or granted.voice
            if refusal:
                job.scores[index][scorer.modality] = EmotionScores.missing(refusal)
            else:
                allowed.append(index)
        if not allowed:
            return
        usual = self._usual(scorer, job.conversation)
        for index, given in job.recordings.inputs(scorer.needs, allowed):
            turn = job.conversation.turns[index]
            speaker = turn.speaker or turn.role.value
            words = "text" in scorer.needs
            given = replace(
                given,
                turn=turn if words else replace(turn, text=""),
                previous=_context(job.conversation, index) if words else (),
                language=job.conversation.language,
                state=states.get(speaker),
                usual=usual,
            )
            try:
                scores = _ask(scorer, [given])[0]
            except EmotionMonitorError as error:
                # Pictures are decoded while the scorer reads them: a damaged video ends up here.
                why = str(_MASKER.error(error))
                scores = EmotionScores.missing(why, model=scorer.info)
            if scores.state is not None:
                states[speaker] = scores.state
            job.scores[index][scorer.modality] = scores
        job.notes += [note for note in job.recordings.notes if note not in job.notes]

    def _usual(self, scorer: Scorer, conversation: Conversation) -> tuple[Mapping[str, Any], ...]:
        """A customer's earlier states; none where several people speak as the customer."""
        if self.earlier is None or not scorer.stateful or len(customer_voices(conversation)) != 1:
            return ()
        return tuple(self.earlier(conversation, scorer))

    def _finish(self, job: _Job) -> ScoredConversation:
        fuser = self.fuser_by_queue.get(job.conversation.queue, self.fuser)
        todo = [index for index, known in enumerate(job.answers) if known is None]
        for index, answer in zip(
            todo, fuser.fuse([job.scores[index] for index in todo]), strict=True
        ):
            staff = job.conversation.turns[index].role in (Role.AGENT, Role.BOT)
            job.answers[index] = FusedAnswer.unknown(policy.AGENT) if staff else answer
        answers = [answer for answer in job.answers if answer is not None]
        trajectory: Trajectory = fuser.track(job.conversation, job.scores, answers)
        turns = tuple(
            ScoredTurn(turn, scores, answer, risk, tags_of(turn, scores.get(VOICE), self.tag_words))
            for turn, scores, answer, risk in zip(
                job.conversation.turns, job.scores, answers, trajectory.risk, strict=True
            )
        )
        return ScoredConversation(
            job.conversation, turns, trajectory, tuple(job.notes), dict(job.states)
        )


class LiveConversation:
    """A conversation that goes on: turns are added and scored one by one.

    Args:
        monitor: Scores the turns.
        conversation: The conversation so far; turns that it has already are scored first.
    """

    def __init__(self, monitor: EmotionMonitor, conversation: Conversation) -> None:
        self._monitor = monitor
        self._scored = monitor.score(conversation)

    @classmethod
    def resume(cls, monitor: EmotionMonitor, scored: ScoredConversation) -> LiveConversation:
        """Goes on from what was scored and kept before; its `states` are needed."""
        live = cls.__new__(cls)
        live._monitor = monitor
        live._scored = scored
        return live

    @property
    def scored(self) -> ScoredConversation:
        """The conversation so far."""
        return self._scored

    def add(self, turn: Turn, media: Sequence[Media] | None = None) -> int:
        """Scores one more turn. One that comes late takes its place by its start.

        Words of several parties are finished in another order than they were begun in. Turns that
        are there already keep their scores; the risk is that of the turns in their order.

        Args:
            turn: The turn.
            media: Recordings in which it is heard and seen, instead of the conversation's.

        Returns:
            Its index.
        """
        before = self._scored
        at = place_of(before.conversation, turn)
        turns = before.conversation.turns
        conversation = replace(before.conversation, turns=(*turns[:at], turn, *turns[at:]))
        heard = conversation if media is None else replace(conversation, media=tuple(media))
        job = self._monitor._job(heard)
        for index, scored in enumerate(before.turns):
            moved = index + (index >= at)
            job.scores[moved], job.answers[moved] = dict(scored.scores), scored.answer
        job.states = {modality: dict(states) for modality, states in before.states.items()}
        job.notes = list(before.notes)
        self._monitor._score([job])
        if media is not None:
            # What is to be said of one turn's clip is said with its score.
            job.notes = list(before.notes)
        self._scored = replace(
            self._monitor._finish(job), conversation=conversation, thresholds=before.thresholds
        )
        return at


def customer_voices(conversation: Conversation) -> set[str]:
    """Under which names the customer speaks; several may be several people."""
    return {
        turn.speaker or turn.role.value for turn in conversation.turns if turn.role is Role.CUSTOMER
    }


def place_of(conversation: Conversation, turn: Turn) -> int:
    """Before which turn of a conversation one more takes its place, by its start.

    That is the end, but for one that starts before turns that are there.
    """
    place = len(conversation.turns)
    if turn.start is not None:
        for index in range(place - 1, -1, -1):
            start = conversation.turns[index].start
            if start is not None:
                if start <= turn.start:
                    break
                place = index
    return place


def _context(conversation: Conversation, index: int) -> tuple[Turn, ...]:
    return conversation.turns[max(0, index - CONTEXT_TURNS) : index]


def _ask(scorer: Scorer, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
    answers = scorer.score(inputs)
    if len(answers) != len(inputs):
        raise EmotionMonitorError(
            f"the {scorer.modality} scorer {scorer.info.key} gave {len(answers)} answers to "
            f"{len(inputs)} turns.",
            remedy="Report it to whoever wrote the scorer.",
        )
    return answers
