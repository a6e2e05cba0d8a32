"""Files to conversations: transcripts of any known format, and recordings without one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from multimodal.conversation import WHOLE_PICTURE, Channel, Conversation, Media, Role, Turn
from multimodal.errors import EmotionMonitorError, InputFileError, InvalidInputError
from multimodal.formats.turns import with_role
from multimodal.masking import Masker
from multimodal.media import DEFAULT_LIMITS, MediaLimits, describe_channels, probe
from multimodal.roles import with_inferred_roles
from multimodal.transcription.protocol import Transcriber

PIECE_SECONDS = 10.0
"""A video in which nobody speaks is looked at in pieces of this length."""
SNIFF_BYTES = 4096


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """What the user says about all files of one run.

    Attributes:
        notice: Reference of the notice under which they are analysed, where a conversation names
            none of its own.
        channels: Which role speaks on which audio channel of the recordings.
        role: Who speaks in a recording of one person, with or without a transcript.
        source: Name of the system that the files come from; by default the format's.
        media: A recording that belongs to the one transcript of this run.
        limits: What recordings may be like.
        masker: Takes personal data out of everything that is read, errors too.
        transcriber: Writes down recordings that come without a transcript; None for none.
    """

    notice: str = ""
    channels: Mapping[int, Role] = field(default_factory=dict)
    role: Role | None = None
    source: str = ""
    media: Path | None = None
    limits: MediaLimits = DEFAULT_LIMITS
    masker: Masker = field(default_factory=Masker)
    transcriber: Transcriber | None = None


@dataclass(frozen=True, slots=True)
class Ingested:
    """One conversation of one file, or what was wrong with it.

    Attributes:
        path: The file.
        conversation: The conversation, None where there is an error.
        error: What was wrong, None where there is a conversation.
    """

    path: Path
    conversation: Conversation | None = None
    error: EmotionMonitorError | None = None


def read_files(paths: Sequence[Path], options: IngestOptions) -> Iterator[Ingested]:
    """Every conversation in the files and folders, lazily; errors come as items, never as raises.

    Recordings that a transcript of the same run names are read with it, not once more alone.

    Args:
        paths: Transcripts, recordings and folders of them (read with their sub-folders).
        options: What the user says about them.
    """
    files, errors = _files(paths)
    yield from (_masked(item, options) for item in errors)
    transcripts = [path for path in files if _looks_like_text(path)]
    if options.media is not None and len(transcripts) != 1:
        raise InvalidInputError(
            f"a recording was named for {len(transcripts)} transcripts, expected one.",
            where=str(options.media),
            remedy="Score each transcript with its recording by itself.",
        )
    named: set[Path] = set()
    for path in transcripts:
        for item in _transcript(path, options):
            if item.conversation is not None:
                named |= {media.path.resolve() for media in item.conversation.media}
            yield item
    for path in files:
        if path not in transcripts and path.resolve() not in named:
            yield _guarded(path, options)


def read_bytes(data: bytes, name: str, options: IngestOptions) -> Iterator[Ingested]:
    """Every conversation of a transcript that came as bytes, from stdin or an upload.

    Args:
        data: The transcript.
        name: What to call it in errors.
        options: What the user says about it.
    """
    from multimodal.formats import parse_transcript

    return _read(lambda: parse_transcript(data, name), Path(name), options)


def recording_conversation(path: Path, options: IngestOptions) -> Conversation:
    """A conversation from a recording that has no transcript.

    Turns have the words of the transcriber; without one, or where it hears none, they are made by
    voice activity and have no words.

    Args:
        path: Audio or video in any container that FFmpeg reads.
        options: `channels` tells the parties apart; `role` declares a recording of one person.

    Raises:
        MediaError: If it is neither audio nor video, or over the limits.
        TranscriptionError: If the transcriber fails.
    """
    from audio.turns import turns_from_audio
    from multimodal.transcription import transcribed_turns

    info = probe(path, options.limits)
    channels = dict(options.channels)
    turns: list[Turn] = []
    if info.audio is not None:
        if not channels and options.role is not None:
            # One person is heard on every channel: one that carries sound is enough.
            silent = describe_channels(path, options.limits).silent
            heard = [c for c in range(info.audio.channels) if c not in silent]
            channels = {heard[0] if heard else 0: options.role}
            turns = [
                replace(turn, role=options.role)
                for turn in turns_from_audio(path, channels, options.limits)
                if turn.channel in channels
            ]
        else:
            turns = turns_from_audio(path, channels, options.limits)
        if options.transcriber is not None:
            said = transcribed_turns(path, options.transcriber, channels, options.limits)
            if options.role is not None and not options.channels:
                said = tuple(with_role(turn, options.role) for turn in said)
            turns = list(said) or turns
    if not turns and info.video is not None:
        turns = _pieces(info.seconds, options.role or Role.UNKNOWN)
    # One person's recording shows one person; of any other it is not known whom it shows.
    region = WHOLE_PICTURE if options.role is Role.CUSTOMER else None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Conversation(
        external_id=f"{path.stem[:150]}-{digest[:12]}",
        turns=tuple(turns),
        source=options.source or "recording",
        channel=Channel.VIDEO if info.video is not None else Channel.PHONE,
        notice=options.notice,
        media=(Media(path, channels, region if info.video is not None else None),),
    )


def _pieces(seconds: float, role: Role) -> list[Turn]:
    count = max(1, round(seconds / PIECE_SECONDS))
    edges = [seconds * i / count for i in range(count + 1)]
    return [Turn(role, start=start, end=end) for start, end in pairwise(edges)]


def _files(paths: Sequence[Path]) -> tuple[list[Path], list[Ingested]]:
    files: dict[Path, None] = {}
    errors = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and p.name[0] != ".")
            files |= dict.fromkeys(inside)
        elif path.exists():
            files[path] = None
        else:
            missing = InputFileError(
                "there is no such file or folder.",
                where=str(path),
                remedy="Check the path.",
            )
            errors.append(Ingested(path, error=missing))
    return list(files), errors


def _looks_like_text(path: Path) -> bool:
    """Whether a file is to be read as a transcript: no media format is free of control bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(SNIFF_BYTES)
    except OSError:
        return True  # The reader of transcripts says what is wrong with it.
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04")):
        return True  # UTF-16, or a workbook: no recording is a ZIP
    return not any(byte < 9 or 13 < byte < 27 for byte in head)


def _transcript(path: Path, options: IngestOptions) -> Iterator[Ingested]:
    from multimodal.formats import read_transcript

    return _read(lambda: read_transcript(path), path, options)


def _read(
    reading: Callable[[], Iterable[Conversation | EmotionMonitorError]],
    path: Path,
    options: IngestOptions,
) -> Iterator[Ingested]:
    try:
        for item in reading():
            if isinstance(item, EmotionMonitorError):
                yield _masked(Ingested(path, error=item), options)
            else:
                yield _masked(Ingested(path, _with_options(item, options)), options)
    except EmotionMonitorError as error:
        yield _masked(Ingested(path, error=error), options)


def _masked(item: Ingested, options: IngestOptions) -> Ingested:
    """What was read without the personal data in it: here, once, for every way in by file.

    Roles that are not known are inferred where the phrases say them clearly.
    """
    if item.error is not None:
        return replace(item, error=options.masker.error(item.error))
    assert item.conversation is not None
    masked = options.masker.conversation(item.conversation)
    return replace(item, conversation=with_inferred_roles(masked))


def _with_options(conversation: Conversation, options: IngestOptions) -> Conversation:
    media = conversation.media
    channel = conversation.channel
    if options.media is not None:
        region = WHOLE_PICTURE if options.role is Role.CUSTOMER else None
        media = (*media, Media(options.media, options.channels, region))
        channel = Channel.PHONE if channel is Channel.CHAT else channel
    turns = conversation.turns
    if options.role is not None and len({turn.speaker for turn in turns}) == 1:
        turns = tuple(
            with_role(turn, options.role) if turn.role is Role.UNKNOWN else turn for turn in turns
        )
    if options.channels:
        turns = tuple(_with_channel(turn, options.channels) for turn in turns)
    return replace(
        conversation,
        turns=turns,
        notice=conversation.notice or options.notice,
        source=options.source or conversation.source,
        media=media,
        channel=channel,
    )


def _with_channel(turn: Turn, channels: Mapping[int, Role]) -> Turn:
    """The turn with the role of its channel, where its transcript names none."""
    if turn.role is not Role.UNKNOWN or turn.channel is None:
        return turn
    return with_role(turn, channels.get(turn.channel, Role.UNKNOWN))


def _guarded(path: Path, options: IngestOptions) -> Ingested:
    try:
        return _masked(Ingested(path, recording_conversation(path, options)), options)
    except EmotionMonitorError as error:
        return _masked(Ingested(path, error=error), options)
