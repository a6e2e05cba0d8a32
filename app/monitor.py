"""The monitor and the transcriber that a site's settings ask for."""

from __future__ import annotations

from app.checkpoints import adapted_fusers, located
from app.settings import Settings
from multimodal.emotions import ModelInfo
from multimodal.errors import InvalidInputError, ModelMissingError
from multimodal.pipeline import EmotionMonitor
from multimodal.plugins import load_fuser, load_scorers, load_transcriber
from multimodal.scoring import FACE, TEXT, VOICE
from multimodal.tags import TagWords
from multimodal.transcription.protocol import Transcriber

_OPEN_ONLY = "the setting EMOTION_MONITOR_OPEN_MODELS_ONLY leaves out models for research only"


def build_transcriber(settings: Settings) -> Transcriber | None:
    """The transcriber that the settings ask for, None where they ask for none.

    Raises:
        InvalidInputError: If the command is not one, or both a command and a transcriber are named.
        ModelMissingError: If there is no such transcriber or model.
    """
    if settings.transcriber_command and settings.transcriber:
        raise InvalidInputError(
            f"both the transcriber {settings.transcriber!r} and a transcriber command are set.",
            remedy="Set one of them.",
        )
    if settings.transcriber_command:
        from multimodal.transcription.command import CommandTranscriber

        return CommandTranscriber(settings.transcriber_command, settings.transcriber_timeout)
    if settings.transcriber:
        return load_transcriber(settings.transcriber, settings.transcriber_model)
    return None


def build_monitor(settings: Settings) -> EmotionMonitor:
    """A monitor with the settings' notice and limits, and only the models that they allow.

    Args:
        settings: The site's settings.

    Raises:
        ModelMissingError: If only open models are allowed, and there is no open fuser or scorer.
        InvalidInputError: If the file of tag words is unusable.
    """
    scorers = load_scorers(
        {
            TEXT: {"checkpoint": located(settings, "text", settings.text_checkpoint)},
            VOICE: {"checkpoint": located(settings, "audio", settings.audio_checkpoint)},
            FACE: {
                "checkpoint": located(settings, "vision", settings.vision_checkpoint),
                "detector": settings.face_detector,
            },
        }
    )
    fusers = adapted_fusers(settings)
    fuser = fusers.pop("", None)
    if settings.open_models_only:
        scorers = [scorer for scorer in scorers if scorer.info.terms == "open"]
        fuser = fuser or load_fuser()
        if not scorers or fuser.info.terms != "open":
            raise ModelMissingError(
                f"{_OPEN_ONLY}, and no {'fuser' if scorers else 'scorer'} is left.",
                remedy="Train one on data that allow it, or take the setting back.",
            )
    return EmotionMonitor(
        scorers,
        fuser,
        standing_notice=settings.standing_notice,
        limits=settings.media_limits,
        face_rate=settings.face_rate,
        tag_words=TagWords.load(settings.tag_words),
        fuser_by_queue=fusers,
    )


def check_terms(settings: Settings, model: ModelInfo) -> None:
    """Raises where the settings leave out a model.

    Raises:
        ModelMissingError: If only open models are allowed, and it is for research only.
    """
    if settings.open_models_only and model.terms != "open":
        raise ModelMissingError(
            f"{_OPEN_ONLY}, and {model.release} is one.",
            remedy="Train one on data that allow it, or take the setting back.",
        )
