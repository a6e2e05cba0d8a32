"""Emotion of a turn from how it is spoken: prosody against the speaker's own normal voice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, reduce
from typing import Any

import numpy as np

from audio import quality
from audio.baseline import POPULATION, Baseline, Population
from audio.judge import Judge, Judgement
from audio.prosody import NAMES, SILENCE_DB, Prosody, measure
from multimodal.checkpoints import Checkpoint, load_checkpoint
from multimodal.emotions import EmotionScores, Evidence, FloatArray, ModelInfo, valence_of
from multimodal.errors import CheckpointError, InvalidInputError
from multimodal.media import MAX_TURN_SECONDS
from multimodal.scoring import VOICE, Need, TurnInput

DEFAULT_CHECKPOINT = "prosody"
INPUTS = ["features", "mean", "spread", "count", "prior"]
OUTPUTS = ["probabilities", "arousal"]
SHORTEST_SECONDS = 0.3
CROSSTALK = 0.2
"""Share of a turn in which others speak too, above which it says nothing of the usual voice."""
_FEWEST_TURNS = 3  # before which nothing is said about a speaker's normal
_EVIDENCE: Mapping[str, str] = {"pitch": "pitch_mean", "energy": "level_mean", "rate": "rate"}


class VoiceScorer:
    """Scores voices (see `multimodal.scoring.Scorer`).

    The carried state is the speaker's running normal (`audio.baseline.Baseline`) in this
    conversation. A turn is judged by the normal of the turns before it, those of the customer's
    earlier conversations among them where they are given, and then becomes part of it; not if
    others speak in more than `CROSSTALK` of it: who is spoken over speaks up, and on one channel
    what is left may hold the other's voice.

    Args:
        checkpoint: Name of a shipped checkpoint, or path of a folder.

    Raises:
        ModelMissingError: When first used, if there is no such checkpoint.
        CheckpointError: When first used, if it is damaged or made for other features.
    """

    modality: str = VOICE
    needs: frozenset[Need] = frozenset({"audio"})
    stateful: bool = True

    def __init__(self, checkpoint: str = DEFAULT_CHECKPOINT) -> None:
        self._name = checkpoint

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint that answers, verified."""
        checkpoint = load_checkpoint("audio", self._name)
        config = checkpoint.config
        if tuple(config.get("features", ())) != NAMES or "languages" not in config:
            raise CheckpointError(
                "it was trained by another version: for other features, or not by language.",
                where=str(checkpoint.path),
                remedy="Train it again with python -m audio.train.",
            )
        return checkpoint

    @property
    def info(self) -> ModelInfo:
        """The model that answers."""
        return self.checkpoint.info

    @cached_property
    def judge(self) -> Judge:
        """The network with the population that it was trained on."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            str(self.checkpoint.file("model.onnx")), options, providers=["CPUExecutionProvider"]
        )

        def run(*inputs: FloatArray) -> tuple[FloatArray, FloatArray]:
            probabilities, arousal = session.run(OUTPUTS, dict(zip(INPUTS, inputs, strict=True)))
            return probabilities, arousal

        population = Population.load(self.checkpoint.file(POPULATION))
        return Judge(run, population, tuple(self.checkpoint.config["languages"]))

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        """One answer per input, in order."""
        answers: list[EmotionScores | None] = [None] * len(inputs)
        rows, prosodies, baselines = [], [], []
        for row, item in enumerate(inputs):
            heard = self._hear(item)
            if isinstance(heard, EmotionScores):
                answers[row] = heard
                continue
            rows.append(row)
            prosodies.append(heard)
            baselines.append(_known(item))
        if rows:
            features = np.stack([prosody.features for prosody in prosodies])
            languages = [inputs[row].language for row in rows]
            judged = self.judge.judge(features, baselines, languages)
            for i, row in enumerate(rows):
                answers[row] = self._answer(inputs[row], prosodies[i], baselines[i], judged, i)
        return [answer for answer in answers if answer is not None]

    def _hear(self, item: TurnInput) -> Prosody | EmotionScores:
        reason = _unusable(item)
        if not reason and item.audio is not None and item.rate is not None:
            prosody = measure(item.audio[: round(MAX_TURN_SECONDS * item.rate)], item.rate)
            if prosody.level >= SILENCE_DB:
                return prosody
            reason = "silence"
        return EmotionScores.missing(reason, model=self.info, state=item.state)

    def _answer(
        self, item: TurnInput, prosody: Prosody, baseline: Baseline, judged: Judgement, row: int
    ) -> EmotionScores:
        probabilities = judged.probabilities[row]
        reliability, note = quality.reliability(prosody, self._trust(baseline.count))
        after = _baseline(item.state)
        if reliability > quality.UNTRUSTED and item.crosstalk <= CROSSTALK:
            after = after.update(prosody.features)
        return EmotionScores(
            probabilities=probabilities,
            reliability=reliability,
            valence=valence_of(probabilities),
            arousal=float(np.clip(judged.arousal[row], 0, 1)),
            evidence=(
                *self._evidence(item, prosody, baseline),
                *quality.evidence(prosody, item.turn.start, item.turn.end),
            ),
            model=self.info,
            reason=note,
            state=after.to_state(),
        )

    def _trust(self, turns: int) -> float:
        """How much of its later accuracy the model has at this turn of a voice, in (0, 1]."""
        trust = self.checkpoint.config["trust"]
        known = turns / (turns + trust["half"])
        return float(trust["first"] + (1 - trust["first"]) * known)

    def _evidence(
        self, item: TurnInput, prosody: Prosody, baseline: Baseline
    ) -> tuple[Evidence, ...]:
        # Compared with this speaker's own plain mean: what a supervisor can check by ear.
        if np.isnan(prosody.features).any():
            return ()
        start, end = item.turn.start, item.turn.end
        level = round(float(prosody.features[NAMES.index("level_mean")]), 2)
        heard = Evidence("prosody", "level", 0.0, start, end, level)
        if baseline.count < _FEWEST_TURNS:
            return (heard,)
        _, spread = baseline.normal(self.judge.population)
        found = []
        for name, feature in _EVIDENCE.items():
            column = NAMES.index(feature)
            usual, now = float(baseline.mean[column]), float(prosody.features[column])
            value = 100 * (now / max(usual, 1e-3) - 1) if name == "rate" else now - usual
            weight = float(np.tanh((now - usual) / (2 * spread[column])))
            found.append(Evidence("prosody", name, weight, start, end, round(value, 2)))
        return (*sorted(found, key=lambda e: -abs(e.weight)), heard)


def _unusable(item: TurnInput) -> str:
    """Why a turn's audio cannot be measured at all; empty where it can."""
    if item.audio is None or item.rate is None:
        return item.reason or "no audio"
    if item.audio.ndim != 1:
        return f"audio of shape {item.audio.shape}, expected one channel"
    if item.rate <= 0:
        return f"audio at {item.rate} Hz"
    if item.audio.size < SHORTEST_SECONDS * item.rate:
        return f"shorter than {SHORTEST_SECONDS} s"
    if not np.isfinite(item.audio).all():
        return "audio with NaN or infinite samples"
    return ""


def _known(item: TurnInput) -> Baseline:
    """The speaker's normal from this conversation and, where they are given, the earlier ones."""
    return reduce(Baseline.joined, map(_baseline, item.usual), _baseline(item.state))


def _baseline(state: Mapping[str, Any] | None) -> Baseline:
    # A state of another model's features is of no use: the speaker is then learnt anew.
    try:
        return Baseline.from_state(state, len(NAMES))
    except InvalidInputError:
        return Baseline.empty(len(NAMES))
