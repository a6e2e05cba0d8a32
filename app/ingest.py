"""Files to conversations: transcripts with their recordings and metadata, and recordings alone."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, pairwise
from pathlib import Path

from app.intake.catalogue import Catalogue, file_stem, manifest_in, sidecar_stem
from app.intake.sheets import Sheet
from app.intake.sources import SourceProfile
from multimodal.conversation import WHOLE_PICTURE, Channel, Conversation, Media, Role, Turn
from multimodal.errors import EmotionMonitorError, InputFileError, InvalidInputError
from multimodal.formats.turns import ordered, with_role
from multimodal.formats.workbook import ZIP
from multimodal.masking import Masker
from multimodal.media import DEFAULT_LIMITS, MediaLimits, describe_channels, probe
from multimodal.roles import swapped, with_inferred_roles
from multimodal.transcription.protocol import Transcriber

PIECE_SECONDS = 10.0
"""A video in which nobody speaks is looked at in pieces of this length."""
SNIFF_BYTES = 4096
_TEXT_BYTES = bytes(byte for byte in range(256) if not (byte < 9 or 13 < byte < 27))


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """What the user says about all files of one run.

    Attributes:
        notice: Reference of the notice under which they are analysed, where a conversation names
            none of its own.
        channels: Which role speaks on which audio channel of the recordings.
        role: Who speaks in a recording of one person, with or without a transcript.
        source: Name of the system that the files come from; by default the format's.
        profile: How that system's manifests and file names are read; by default they are guessed.
        media: A recording that belongs to the one transcript of this run.
        limits: What recordings may be like.
        masker: Takes personal data out of everything that is read, errors too.
        tell_voices_apart: Experimental: name the voices of a mono recording (`audio.speakers`).
        transcriber: Writes down recordings that come without a transcript; None for none.
        swap_roles: Whether customer and agent stand for each other in all files.
    """

    notice: str = ""
    channels: Mapping[int, Role] = field(default_factory=dict)
    role: Role | None = None
    source: str = ""
    profile: SourceProfile | None = None
    media: Path | None = None
    limits: MediaLimits = DEFAULT_LIMITS
    masker: Masker = field(default_factory=Masker)
    transcriber: Transcriber | None = None
    tell_voices_apart: bool = False
    swap_roles: bool = False


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

    Manifests and sidecars among them say what is known about the calls. A recording that belongs to
    a transcript of the same run is read with it, not once more alone.

    Args:
        paths: Transcripts, recordings, manifests, and folders of them (with their sub-folders).
        options: What the user says about them.
    """
    files, errors = _files(paths)
    yield from (_masked(item, options) for item in errors)
    sorted_ = sort_files(files, options)
    yield from sorted_.errors
    if options.media is not None and len(sorted_.transcripts) != 1:
        raise InvalidInputError(
            f"a recording was named for {len(sorted_.transcripts)} transcripts, expected one.",
            where=str(options.media),
            remedy="Score each transcript with its recording by itself.",
        )
    joining = Joining(sorted_.catalogue, sorted_.recordings, options)
    for path in sorted_.transcripts:
        yield from joining.transcript(path)
    for group in joining.left():
        yield joining.recording(group)


@dataclass(frozen=True, slots=True)
class Sorted:
    """Files by what they are.

    Attributes:
        transcripts: To be read for what was said.
        recordings: Audio and video.
        manifests: Tables of calls.
        sidecars: Descriptions that lie beside a file of the same name.
        catalogue: What the last two say.
        errors: What was wrong in them.
    """

    transcripts: list[Path]
    recordings: list[Path]
    manifests: list[Path]
    sidecars: list[Path]
    catalogue: Catalogue
    errors: list[Ingested]


def sort_files(files: Sequence[Path], options: IngestOptions) -> Sorted:
    """Tells transcripts, recordings, manifests and sidecars apart by what is in them."""
    profile = options.profile or SourceProfile(options.source)
    catalogue = Catalogue(profile, options.masker)
    found = Sorted([], [], [], [], catalogue, [])
    stems = Counter(file_stem(path.name) for path in files)
    for path in files:
        if not looks_like_text(path):
            found.recordings.append(path)
            continue
        try:
            sheet = _manifest(path)
            if sheet is not None:
                found.manifests.append(path)
                found.errors.extend(
                    _masked(Ingested(path, error=error), options)
                    for error in catalogue.add_manifest(sheet)
                )
            elif _has_sibling(path, stems) and catalogue.add_sidecar(path):
                found.sidecars.append(path)
            else:
                found.transcripts.append(path)
        except EmotionMonitorError as error:
            found.sidecars.append(path)
            found.errors.append(_masked(Ingested(path, error=error), options))
    return found


class Joining:
    """Transcripts with their recordings, and both with what is known about the call.

    Args:
        catalogue: What is known.
        recordings: Those that may belong to transcripts.
        options: What the user says.
    """

    def __init__(
        self, catalogue: Catalogue, recordings: Sequence[Path], options: IngestOptions
    ) -> None:
        self.catalogue = catalogue
        self._options = options
        self.recordings = recordings
        self._by_stem: dict[str, list[Path]] = {}
        for path in recordings:
            self._by_stem.setdefault(file_stem(path.name), []).append(path)
        self.used: set[Path] = set()
        """Recordings that a transcript has taken, resolved."""
        self._taken: dict[Path, list[Path]] = {}
        self._by_place = {path.resolve(): path for path in recordings}

    def transcript(self, path: Path) -> Iterator[Ingested]:
        """The conversations of a transcript, each with its recordings and metadata; masked."""
        return (_masked(item, self._options) for item in self._joined(path))

    def candidates(self, path: Path) -> list[Path]:
        """Recordings that belong to a transcript by its name, by manifests, or that it took."""
        names = [file_stem(path.name), *self.catalogue.recordings(path, path.stem)]
        found = [one for name in names if (one := self._find(name, path))]
        return list(dict.fromkeys([*self._taken.get(path, ()), *found]))

    def taken(self, path: Path) -> list[Path]:
        """Recordings that a transcript took when it was read."""
        return list(self._taken.get(path, ()))

    def left(self) -> list[list[Path]]:
        """Recordings that no transcript took; parts of one transferred call stand together."""
        groups: dict[object, list[Path]] = {}
        for path in self.recordings:
            if path.resolve() not in self.used:
                parts, _ = self.catalogue.records(path)
                call_id = parts[0].call_id if parts else ""
                groups.setdefault(call_id or path, []).append(path)
        return list(groups.values())

    def recording(self, paths: Sequence[Path]) -> Ingested:
        """The conversation of a recording without transcript, or of a transferred call's parts."""
        first = paths[0]
        try:
            parts = [recording_conversation(path, self._options) for path in paths]
            whole = parts[0]
            if len(parts) > 1:
                media = tuple(one for part in parts for one in part.media)
                whole = self.catalogue.describe(replace(whole, media=media), first)
                offsets = [media.offset for media in whole.media]
                turns = [
                    _shifted(turn, offset)
                    for part, offset in zip(parts, offsets, strict=True)
                    for turn in part.turns
                ]
                whole = replace(whole, turns=ordered(turns))
            item = self._described(whole, first)
        except EmotionMonitorError as error:
            item = Ingested(first, error=error)
        return _masked(item, self._options)

    def _joined(self, path: Path) -> Iterator[Ingested]:
        items = iter(_transcript(path, self._options))
        head = list(islice(items, 2))
        alone = sum(item.conversation is not None for item in head) == len(head) == 1
        for item in chain(head, items):
            if item.conversation is None:
                yield item
                continue
            conversation = item.conversation
            self._take(path, [media.path for media in conversation.media])
            if not conversation.media:
                media = []
                for recording in self._recordings_of(conversation, path, alone=alone):
                    try:
                        media.append((recording, probe(recording, self._options.limits)))
                    except EmotionMonitorError as error:
                        yield Ingested(recording, error=error)
                    self._take(path, [recording])
                if media:
                    video = any(info.video is not None for _, info in media)
                    conversation = replace(
                        conversation,
                        channel=Channel.VIDEO if video else Channel.PHONE,
                        media=tuple(Media(one, self._options.channels) for one, _ in media),
                    )
            yield self._described(conversation, path)

    def _take(self, path: Path, recordings: Sequence[Path]) -> None:
        wanted = {recording.resolve() for recording in recordings}
        self.used |= wanted
        mine = self._taken.setdefault(path, [])
        mine += [self._by_place[one] for one in wanted if one in self._by_place]

    def _described(self, conversation: Conversation, path: Path) -> Ingested:
        try:
            conversation = with_inferred_roles(conversation)  # The agent's turns get their id.
            return Ingested(path, self.catalogue.describe(conversation, path))
        except EmotionMonitorError as error:
            return Ingested(path, error=error.at(str(path)))

    def _recordings_of(self, conversation: Conversation, path: Path, *, alone: bool) -> list[Path]:
        names = self.catalogue.recordings(path, conversation.external_id)
        found = [one for name in names if (one := self._find(name, path))]
        if not found:
            stems = [file_stem(path.name)] if alone else []
            stems.append(conversation.external_id.casefold())
            found = [one for name in stems if (one := self._find(name, path))][:1]
        return found

    def _find(self, stem: str, beside: Path) -> Path | None:
        """The recording of that name: the one in the same folder, or the only one there is."""
        named = self._by_stem.get(stem, [])
        near = [path for path in named if path.parent == beside.parent]
        return near[0] if near else named[0] if len(named) == 1 else None


def read_bytes(data: bytes, name: str, options: IngestOptions) -> Iterator[Ingested]:
    """Every conversation of a transcript that came as bytes, from stdin or an upload.

    Args:
        data: The transcript.
        name: What to call it in errors.
        options: What the user says about it.
    """
    from multimodal.formats import parse_transcript

    for item in _read(lambda: parse_transcript(data, name), Path(name), options):
        if item.conversation is not None:
            item = replace(item, conversation=with_inferred_roles(item.conversation))
        yield _masked(item, options)


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
        if options.tell_voices_apart and len({turn.channel for turn in turns}) == 1:
            turns = _voices(path, turns, options)
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


def _voices(path: Path, turns: list[Turn], options: IngestOptions) -> list[Turn]:
    """The turns with the voice of each, where nobody is named yet."""
    from audio.speakers import tell_voices_apart

    timed = all(turn.start is not None and turn.end is not None for turn in turns)
    unnamed = not any(turn.speaker or turn.role is not Role.UNKNOWN for turn in turns)
    return tell_voices_apart(path, turns, options.limits) if timed and unnamed else turns


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


def _manifest(path: Path) -> Sheet | None:
    try:
        return manifest_in(path)
    except OSError:
        return None  # The reader of transcripts says what is wrong with it.


def _has_sibling(path: Path, stems: Mapping[str, int]) -> bool:
    """Whether a `.json` lies beside another file of its name, so that it may describe that."""
    if path.suffix.lower() != ".json":
        return False
    stem = sidecar_stem(path)
    return stems[stem] > (stem == file_stem(path.name))


def _shifted(turn: Turn, offset: float) -> Turn:
    start = None if turn.start is None else turn.start + offset
    return replace(turn, start=start, end=None if turn.end is None else turn.end + offset)


def looks_like_text(path: Path) -> bool:
    """Whether a file is to be read as a transcript: no media format is free of control bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(SNIFF_BYTES)
    except OSError:
        return True  # The reader of transcripts says what is wrong with it.
    if head.startswith((b"\xff\xfe", b"\xfe\xff", ZIP)):
        return True  # UTF-16, or a workbook
    return not head.translate(None, _TEXT_BYTES)


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
                yield Ingested(path, error=item)
            else:
                yield Ingested(path, _with_options(item, options))
    except EmotionMonitorError as error:
        yield Ingested(path, error=error)


def _masked(item: Ingested, options: IngestOptions) -> Ingested:
    """What was read without the personal data in it: here, once, for every way in by file.

    Roles that are not known were inferred before, where the phrases say them clearly.
    """
    if item.error is not None:
        return replace(item, error=options.masker.error(item.error))
    assert item.conversation is not None
    conversation = options.masker.conversation(item.conversation)
    return replace(item, conversation=swapped(conversation) if options.swap_roles else conversation)


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
