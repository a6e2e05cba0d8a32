"""`emotion-monitor doctor`: is everything there, and what to do where it is not."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from multimodal.errors import EmotionMonitorError, ModelMissingError

LEAST_FREE_GB = 2.0
"""Free disk below which recordings and results may soon not be kept."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        check: Its name.
        state: `ok`, `warning` (works, but look at it) or `failed`.
        detail: What was found.
        remedy: What to do, empty where it is fine.
        model_missing: Whether it failed because a model is missing.
    """

    check: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    remedy: str = ""
    model_missing: bool = False

    def to_json(self) -> dict[str, Any]:
        """The check as a JSON object."""
        return asdict(self)


def examine() -> list[Check]:
    """Looks at everything, one check at a time; a failing one does not stop the others."""
    checks: list[tuple[str, Callable[[], Check]]] = [
        ("python", _python),
        ("models", _models),
        ("scoring", _scoring),
        ("media", _media),
        ("transcriber", _transcriber),
        ("database", _database),
        ("disk", _disk),
        ("reports", _reports),
        ("notice", _notice),
    ]
    results = []
    for name, run in checks:
        try:
            results.append(run())
        except ModelMissingError as error:
            results.append(Check(name, "failed", error.what, error.remedy, model_missing=True))
        except EmotionMonitorError as error:
            results.append(Check(name, "failed", error.what, error.remedy))
        except Exception as error:  # A doctor reports what is broken, whatever broke.
            results.append(Check(name, "failed", f"{type(error).__name__}: {error}"))
    return results


def _python() -> Check:
    return Check("python", "ok", sys.version.split()[0])


def _models() -> Check:
    from app.monitor import build_monitor
    from app.settings import Settings

    models = build_monitor(Settings()).models()
    detail = ", ".join(
        f"{name}: {info.name} {info.version} ({info.terms})" for name, info in models.items()
    )
    missing = {"text", "voice", "face"} - set(models)
    if missing:
        return Check(
            "models",
            "failed",
            f"no scorer for {', '.join(sorted(missing))}",
            "Install the package again.",
            model_missing=True,
        )
    return Check("models", "ok", detail)


def _scoring() -> Check:
    from app.monitor import build_monitor
    from app.settings import Settings
    from multimodal import Conversation, Role, Turn

    chat = Conversation("doctor", (Turn(Role.CUSTOMER, "等了三天还没发货，我非常生气！"),))
    answer = build_monitor(Settings()).score(chat).turns[0].answer
    return Check("scoring", "ok", f"a complaint reads as {answer.label} ({answer.confidence:.2f})")


def _media() -> Check:
    import av

    wanted = ("h264", "aac", "opus", "mp3", "pcm_mulaw", "pcm_alaw", "vp8", "flac")
    missing = [name for name in wanted if name not in av.codecs_available]
    if missing:
        return Check(
            "media",
            "warning",
            f"no decoder for {', '.join(missing)}",
            "Install the av package's own wheel.",
        )
    return Check("media", "ok", f"PyAV {av.__version__} with all common decoders")


def _transcriber() -> Check:
    from app.monitor import build_transcriber
    from app.settings import Settings

    transcriber = build_transcriber(Settings())
    if transcriber is None:
        return Check("transcriber", "ok", "none: recordings without a transcript have no words")
    return Check("transcriber", "ok", transcriber.name)


def _database() -> Check:
    from app.settings import Settings
    from app.store import Store, upgrade

    settings = Settings()
    upgrade(settings)
    with Store(settings) as store:
        facts = store.facts()
    return Check("database", "ok", ", ".join(f"{name} {value}" for name, value in facts.items()))


def _disk() -> Check:
    from app.settings import Settings

    folder = Settings().data_dir
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free / 1e9
    detail = f"{free:.1f} GB free at {folder}"
    if free < LEAST_FREE_GB:
        return Check("disk", "warning", detail, "Make room, or set EMOTION_MONITOR_DATA_DIR.")
    return Check("disk", "ok", detail)


def _reports() -> Check:
    from app.reports.render import pdf
    from multimodal.errors import LibraryMissingError

    try:
        pdf("<p>评估报告</p>")
    except LibraryMissingError as error:
        return Check("reports", "warning", error.what, error.remedy)
    return Check("reports", "ok", "HTML and PDF")


def _notice() -> Check:
    from app.settings import Settings

    notice = Settings().standing_notice
    if not notice:
        return Check(
            "notice",
            "warning",
            "no standing notice: voice and face are read only where a conversation has its own",
            "If every customer is told, set EMOTION_MONITOR_STANDING_NOTICE to its reference.",
        )
    return Check("notice", "ok", notice)
