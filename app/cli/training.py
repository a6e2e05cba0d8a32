"""`emotion-monitor train`: models from a user's own labelled data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.output import Json, listed, say

train = typer.Typer(
    help="Train a model on your own labelled data; needs pip install 'emotion-monitor[train]'.",
    no_args_is_help=True,
)


@train.command("text")
def train_text(
    data: Annotated[
        list[Path],
        typer.Option(
            help="Labelled CSV or JSON lines: columns text and emotion, and if there are any "
            "polarity, turn_satisfaction, conversation_satisfaction, conversation, role."
        ),
    ],
    encoder: Annotated[
        str,
        typer.Option(
            help="Folder or hub id of a BERT-family encoder, such as bert-base-chinese; by default "
            "the compact one that is installed. HF_HUB_OFFLINE=1 turns downloads off."
        ),
    ] = "",
    name: Annotated[str, typer.Option(help="Name of the new checkpoint.")] = "own",
    epochs: Annotated[float, typer.Option(min=0.01, help="Passes over the turns.")] = 3.0,
    terms: Annotated[
        str, typer.Option(help="What the licences of encoder and data allow: open or research.")
    ] = "research",
    as_json: Json = False,
) -> None:
    """Fine-tune the text model on your own labelled turns; the product uses it by its name."""
    from app.settings import Settings
    from app.training import train_text as run

    result = run(Settings(), data, encoder, name, epochs=epochs, terms=terms)
    columns = ["head", "n", "accuracy", "macro_f1", "ece"]
    _tell(result, columns, "TEXT", "evaluate", as_json=as_json)


def adapt(
    queue: Annotated[
        str, typer.Option(help="Skill group it is fitted to and used for; by default all.")
    ] = "",
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Labelled CSV or JSON lines besides: columns text and emotion."),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the fit back.")] = False,
    as_json: Json = False,
) -> None:
    """Fit fusion and thresholds to corrections and verdicts, from five of each kind up.

    Each is cross-validated and left as it was where it does not help. Used from the next start on.
    """
    from app import adaptation
    from app.monitor import build_monitor
    from app.settings import Settings

    settings = Settings()
    if undo:
        gone = " and ".join(adaptation.undo(settings, queue))
        say(f"taken back: {gone}. Restart the service.")
        return
    result = adaptation.adapt_site(settings, build_monitor(settings), queue, data or [])
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    parts = ("fusion", "thresholds")
    adopted = [name for name in parts if "written" in result[name]]
    rows = [
        {
            "fitted": f"{name}, {which}",
            **{key: round(value, 3) for key, value in result[name][which].items()},
        }
        for name in adopted
        for which in ("shipped", "adapted")
    ]
    listed(rows, ["fitted", "accuracy", "log_loss"], as_json=False)
    for name in parts:
        fit = result[name]
        if name in adopted:
            say(f"{name}: written to {fit['written']}, from {fit['n']} examples.")
        else:
            say(f"{name}: left as it was. {fit['refused']}")
    say("Restart the service to use it; emotion-monitor adapt --undo takes it back.")


@train.command("audio")
def train_audio(
    data: Annotated[
        Path,
        typer.Option(
            help="Labelled calls: a folder SPEAKER/EMOTION/clip.wav, or a CSV file with the "
            "columns file, start, end (seconds), speaker, emotion."
        ),
    ],
    name: Annotated[str, typer.Option(help="Name of the new checkpoint.")] = "own",
    terms: Annotated[
        str, typer.Option(help="What the licences of the calls allow: open or research.")
    ] = "research",
    as_json: Json = False,
) -> None:
    """Train the voice model on your own labelled calls; the product uses it by its name."""
    from app.settings import Settings
    from app.training import train_audio as run

    result = run(Settings(), data, name, terms=terms)
    columns = ["model", "uar", "uar_k5", "uar_k20", "uar_all"]
    _tell(result, columns, "AUDIO", "evaluate speech --data DATA", as_json=as_json)


@train.command("vision")
def train_vision(
    data: Annotated[
        list[Path],
        typer.Option(
            help="Labelled faces: a folder EXPRESSION/picture.png or "
            "PERSON/EXPRESSION/picture.png, or a parquet file with the columns name, emotion and "
            "image (FER+: votes). May be given several times."
        ),
    ],
    name: Annotated[str, typer.Option(help="Name of the new checkpoint.")] = "own",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the faces.")] = 40,
    terms: Annotated[
        str, typer.Option(help="What the licences of the faces allow: open or research.")
    ] = "research",
    as_json: Json = False,
) -> None:
    """Train the face model on your own labelled faces; the product uses it by its name."""
    from app.settings import Settings
    from app.training import train_vision as run

    result = run(Settings(), data, name, epochs=epochs, terms=terms)
    columns = ["model", "n", "accuracy", "macro_recall", "ece"]
    _tell(result, columns, "VISION", "evaluate face --data DATA", as_json=as_json)


def _tell(
    result: dict[str, Any], columns: list[str], package: str, evaluate: str, *, as_json: bool
) -> None:
    """What a training gave, and how its checkpoint is used and measured."""
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    listed(result["measured"], columns, as_json=False)
    name = result["name"]
    say(
        f"written: {result['folder']}. Use it with EMOTION_MONITOR_{package}_CHECKPOINT={name}, "
        f"measure it with {evaluate} --checkpoint {name}."
    )
