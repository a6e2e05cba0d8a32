"""Conversation emotion monitor: words, voice and face of every customer turn, in one answer.

>>> from multimodal import Conversation, EmotionMonitor, Role, Turn
>>> chat = Conversation("c1", [Turn(Role.CUSTOMER, "都三天了还没发货，太让人失望了！")])
>>> EmotionMonitor().score(chat).turns[0].answer.label  # doctest: +SKIP

The public names load lazily: `import multimodal` brings in no model and no media library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multimodal.conversation import Channel, Conversation, Direction, Media, Role, Turn
    from multimodal.emotions import CHINESE_NAMES, EMOTIONS, Emotion, EmotionScores, ModelInfo
    from multimodal.errors import EmotionMonitorError
    from multimodal.pipeline import EmotionMonitor, LiveConversation
    from multimodal.scoring import (
        FusedAnswer,
        Fuser,
        ScoredConversation,
        ScoredTurn,
        Scorer,
        Trajectory,
        TurnInput,
    )

_HOME = {
    "conversation": "Channel Conversation Direction Media Role Turn",
    "emotions": "CHINESE_NAMES EMOTIONS Emotion EmotionScores ModelInfo",
    "errors": "EmotionMonitorError",
    "pipeline": "EmotionMonitor LiveConversation",
    "scoring": "FusedAnswer Fuser ScoredConversation ScoredTurn Scorer Trajectory TurnInput",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [
    "CHINESE_NAMES",
    "EMOTIONS",
    "Channel",
    "Conversation",
    "Direction",
    "Emotion",
    "EmotionMonitor",
    "EmotionMonitorError",
    "EmotionScores",
    "FusedAnswer",
    "Fuser",
    "LiveConversation",
    "Media",
    "ModelInfo",
    "Role",
    "ScoredConversation",
    "ScoredTurn",
    "Scorer",
    "Trajectory",
    "Turn",
    "TurnInput",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"multimodal.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
