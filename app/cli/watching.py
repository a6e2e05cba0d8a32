"""`emotion-monitor watch`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import Json, say, table
from multimodal.errors import InvalidInputError, MediaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.settings import Settings
    from app.watching.overlay import Overlay
    from app.watching.summary import Summary
    from vision.watch import Seen, Source, Watch

    Output = Callable[[float, NDArray[np.uint8]], None]


def watch(
    file: Annotated[Path | None, typer.Argument(help="A video file; or --camera.")] = None,
    camera: Annotated[
        int | None, typer.Option(min=0, help="Number of a camera, from 0, instead of a file.")
    ] = None,
    annotate: Annotated[
        Path | None,
        typer.Option(help="Write the video with what was seen to a .mp4, .mkv or .mov file."),
    ] = None,
    role: Annotated[
        str, typer.Option(help="Whom the picture shows, and nobody else: customer.")
    ] = "",
    notice: Annotated[
        str, typer.Option(help="Reference of the notice or consent under which the face is read.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Watch a customer's face live, or write an annotated copy of a video.

    Live pictures are shown on a page of this machine, and late ones are left out; a file that is
    annotated is looked at picture by picture. Ctrl-C ends it. Only customers who were told may be
    watched, never agents.
    """
    from app.settings import Settings

    if (file is None) == (camera is None):
        raise InvalidInputError(
            "a file or a camera is to be watched.", remedy="Name one FILE, or one --camera."
        )
    settings = Settings()
    _permitted(role, notice, settings)
    lossless = file is not None and annotate is not None
    name = f"camera {camera}" if file is None else file.name
    source = _source(file, camera, annotate, settings)
    watched = _watch(source, settings, lossless=lossless)
    began = time.perf_counter()
    summary = _show(watched, annotate, name, page=not lossless)
    seconds = time.perf_counter() - began
    row = summary.row() | {
        "pictures_per_second": round(summary.pictures / seconds, 1),
        "dropped": watched.dropped,
    }
    if annotate is not None:
        say(f"written: {annotate}")
    if as_json:
        typer.echo(json.dumps(row))
    else:
        table([row], list(row))


def _permitted(role: str, notice: str, settings: Settings) -> None:
    """Raises unless the one gate in front of all scorers lets this face through."""
    from multimodal.conversation import Conversation, Role, Turn
    from multimodal.policy import permission

    if role and role not in set(Role):
        raise InvalidInputError(f"--role is {role!r}, expected customer.")
    turn = Turn(Role(role or Role.UNKNOWN), start=0.0, end=1.0)
    conversation = Conversation("watch", (turn,), notice=notice)
    refusal = permission(conversation, turn, standing_notice=settings.standing_notice).face
    if refusal:
        raise InvalidInputError(
            f"{refusal}.",
            remedy="If the picture shows a customer who was told, and nobody else, say so: "
            "--role customer --notice REFERENCE.",
        )


def _source(
    file: Path | None, camera: int | None, annotate: Path | None, settings: Settings
) -> Source:
    from app.watching.sources import as_it_runs, of_camera, of_file
    from multimodal.media import probe

    if file is None:
        assert camera is not None
        return partial(of_camera, camera)
    if probe(file, settings.media_limits).video is None:
        raise MediaError(
            "it has no moving picture.", where=file.name, remedy="Give the recording that has."
        )
    whole = partial(of_file, file, settings.media_limits)
    if annotate is None:
        return lambda: as_it_runs(whole())
    if annotate.exists() and annotate.samefile(file):
        raise InvalidInputError(
            "the annotated video would replace the video itself.",
            where=str(annotate),
            remedy="Give it another name.",
        )
    return whole


def _watch(source: Source, settings: Settings, *, lossless: bool) -> Watch:
    from app.checkpoints import located
    from app.monitor import check_terms
    from vision.detection import open_detector
    from vision.expression import DEFAULT_CHECKPOINT, ExpressionModel
    from vision.watch import Watch

    name = located(settings, "vision", settings.vision_checkpoint) or DEFAULT_CHECKPOINT
    model = ExpressionModel(name)
    check_terms(settings, model.checkpoint.info)
    return Watch(source, open_detector(settings.face_detector), model, lossless=lossless)


def _show(watched: Watch, annotate: Path | None, name: str, *, page: bool) -> Summary:
    """Draws what is seen, to the file and the page."""
    from app.watching.summary import Summary

    summary = Summary()
    with ExitStack() as stack:
        pictures = stack.enter_context(closing(watched.run()))
        first = next(pictures, None)
        if first is None:
            raise MediaError("it has no pictures.", where=name, remedy="Check that it plays.")
        overlay, outputs = _outputs(first, annotate, stack, page=page)
        show = stack.enter_context(_progress())
        try:
            for seen in chain([first], pictures):
                drawn = overlay.draw(seen)
                for output in outputs:
                    output(seen.time, drawn)
                summary.add(seen)
                show(f"{seen.time:.1f} s  {overlay.words()}")
        except KeyboardInterrupt:
            if not page:  # a camera, or a file that is shown, is ended like this
                raise
    return summary


def _outputs(
    first: Seen, annotate: Path | None, stack: ExitStack, *, page: bool
) -> tuple[Overlay, list[Output]]:
    from app.watching.overlay import Overlay
    from app.watching.page import Page
    from app.watching.writer import VideoWriter

    height, width = first.image.shape[:2]
    overlay = Overlay((width, height))
    if not overlay.chinese:
        say("There is no font with Chinese letters, so labels are in English alone.")
    outputs: list[Output] = []
    if annotate is not None:
        outputs.append(stack.enter_context(VideoWriter(annotate, overlay.size)).add)
    if page:
        shown = stack.enter_context(Page())
        outputs.append(lambda _, image: shown.show(image))
        say(f"Open {shown.address} to look; Ctrl-C ends it.")
    return overlay, outputs


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A line on stderr that is written anew."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda text: progress.update(task, description=text)
