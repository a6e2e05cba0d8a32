"""`evaluate speech`: emotion from the voice, with and without the speaker's normal."""

from __future__ import annotations

from pathlib import Path

from app.evaluate import Measured
from audio.corpora import LANGUAGES, read_clips
from audio.evaluation import evaluate_speech
from audio.scorer import DEFAULT_CHECKPOINT, VoiceScorer
from audio.speech_table import CLEAN, TELEPHONE, measure_clips
from multimodal.errors import InvalidInputError


def evaluate(task: str, data: Path, checkpoint: str | None) -> Measured:
    """Measures a voice checkpoint on a folder of labelled clips.

    Args:
        task: `speech`.
        data: A folder in one of the layouts of `audio.corpora`.
        checkpoint: Name of a shipped checkpoint or path of a folder; None for the shipped default.

    Returns:
        The figures of `audio.evaluation.evaluate_speech`, with `seen_speakers` (those of the
        evaluated speakers from whom the checkpoint has learnt: figures about them prove nothing),
        `left_out` (clips whose sentence is bound to one emotion) and `hardly_voiced` (clips judged
        with next to nothing to measure).

    Raises:
        InvalidInputError: If there is no clip to judge.
        MediaError: If a clip cannot be read.
        ModelMissingError: If there is no such checkpoint.
    """
    scorer = VoiceScorer(checkpoint or DEFAULT_CHECKPOINT)
    info = scorer.info
    found = read_clips(data)
    clips = [clip for clip in found if not clip.bound]
    if not clips:
        raise InvalidInputError(
            f"every sentence of {task} here is bound to one emotion; nothing can be judged.",
            where=str(data),
        )
    table = measure_clips(clips, [data.name] * len(clips))
    clean, telephone = table.features[:, CLEAN], table.features[:, TELEPHONE]
    metrics = evaluate_speech(
        lambda _: scorer.judge,
        clean,
        telephone,
        table.truth,
        table.speaker.tolist(),
        LANGUAGES.get(data.name, ""),
    )
    learnt_from = {
        name for names in scorer.checkpoint.config["speakers"].values() for name in names
    }
    metrics["seen_speakers"] = sorted({clip.speaker for clip in clips} & learnt_from)
    metrics["left_out"] = len(found) - len(clips)
    metrics["hardly_voiced"] = int((~table.measured).sum())
    return Measured(len(clips), metrics, info.release)
