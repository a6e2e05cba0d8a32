"""A folder that is emptied as files arrive: joined, scored, kept, and moved out of the way.

    DIR/            what arrives, in any order, with sub-folders
    DIR/done/       what was taken; manifests in done/manifests, where they stay known
    DIR/failed/     what was not, each with NAME.reason.txt beside it
    DIR/.inbox/     the lock, and the moves that are under way

Whatever happens in between, a rerun ends where an undisturbed run would have: a conversation is
kept before its files are moved, keeping it twice changes nothing, and moves are written down before
they are made.
"""

from __future__ import annotations

import fcntl
import filecmp
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.ingest import Ingested, IngestOptions, Joining, Sorted, sort_files
from app.intake.catalogue import file_stem, manifest_in
from app.intake.sheets import Sheet
from app.intake.storing import Stored, store_all
from app.store import LOCAL, Store
from multimodal.conversation import Conversation
from multimodal.errors import EmotionMonitorError, InputFileError, OutputError
from multimodal.pipeline import EmotionMonitor

DONE, FAILED, OWN = "done", "failed", ".inbox"
MANIFESTS = "manifests"
MARKER = ".done"
REASON = ".reason.txt"
PARTS = ("transcript", "recording", "manifest")
GROUP = 64
"""Transcripts whose files are moved together."""

_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".download")


@dataclass(frozen=True, slots=True)
class InboxOptions:
    """When files are taken, and what is kept of them.

    Attributes:
        settle: Seconds for which a file's size must not change; one with a marker (`x.wav.done` or
            `x.done`) is finished at once.
        wait: Seconds for which a call waits for parts that are not there; 0 takes what is there.
        parts: Which parts a call is to have, of `PARTS`.
        keep_recordings: False where the store is not to keep recordings, whatever the setting.
    """

    settle: float = 2.0
    wait: float = 0.0
    parts: tuple[str, ...] = PARTS
    keep_recordings: bool = True


@dataclass(slots=True)
class Round:
    """What one look into the folder did.

    Attributes:
        kept: How many conversations were `created`, how many `rescored` with a recording or notice
            that they did not have, or `described` by a manifest that came late, and how many were
            there already (`unchanged`).
        failed: Files that were not taken, with the reason.
        waiting: Files that wait for other parts of their call, or are not finished.
        manifests: Manifests that were taken.
    """

    kept: Counter[str] = field(default_factory=Counter)
    failed: dict[Path, list[EmotionMonitorError]] = field(default_factory=dict)
    waiting: int = 0
    manifests: int = 0


class Inbox:
    """The folder.

    Any number of processes may look into it: they take turns.

    Args:
        folder: Where files arrive.
        store: Where conversations are kept.
        monitor: Scores.
        options: What is known about all files.
        when: When they are taken.

    Raises:
        InputFileError: If there is no such folder.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        monitor: EmotionMonitor,
        options: IngestOptions,
        when: InboxOptions | None = None,
    ) -> None:
        if not folder.is_dir():
            raise InputFileError(
                "there is no such folder.", where=str(folder), remedy="Make it, or check the path."
            )
        self._folder = folder.absolute()
        self._store = store
        self._monitor = monitor
        self._options = options
        self._when = when or InboxOptions()
        self._journal = self._folder / OWN / "moves.json"

    def round(self) -> Round:
        """Takes every call that is complete, and moves its files.

        Raises:
            DatabaseUnavailableError: If the database does not answer; files stay where they are.
            OutputError: If the disk is full or the folder may not be written to.
        """
        before = self._sizes()
        if any(not self._marked(path) for path in before):
            time.sleep(self._when.settle)
        with self._locked():
            self._finish_moves()
            now = self._sizes()
            finished = [p for p, size in now.items() if self._marked(p) or before.get(p) == size]
            done = Round(waiting=len(now) - len(finished))
            self._take(finished, done)
        return done

    def _take(self, finished: Sequence[Path], done: Round) -> None:
        found = sort_files(finished, self._options)
        late = self._late(found)
        known = [sheet for path in self._known_manifests() if (sheet := manifest_in(path))]
        if late:
            self._describe(late, known, found, done)
        for sheet in known:
            found.catalogue.add_manifest(sheet)
        joining = Joining(found.catalogue, found.recordings, self._options)
        for item in found.errors:
            assert item.error is not None
            done.failed.setdefault(item.path, []).append(item.error)
        sidecars = {file_stem(path.name): path for path in found.sidecars}
        ready = [path for path in found.transcripts if self._ready(path, found, joining)]
        for start in range(0, len(ready), GROUP):
            self._take_transcripts(ready[start : start + GROUP], joining, sidecars, done)
        held = {
            recording
            for path in found.transcripts
            if path not in ready
            for recording in joining.candidates(path)
        }
        groups = [group for group in joining.left() if not held.intersection(group)]
        for group in groups:
            if (taken := self._transcript_of(group[0])) is not None:
                self._take_transcripts([taken], joining, sidecars, done)
            elif "transcript" not in self._when.parts or self._waited(group):
                stored = list(self._stored([joining.recording(group)]))
                self._settle(group[0], stored, group, sidecars, done)
        moves = [
            (path, self._folder / DONE / MANIFESTS / path.name, done.failed.get(path, []))
            for path in found.manifests
        ]
        moves += [
            (path, self._within(FAILED, path), done.failed[path])
            for path in found.sidecars
            if path in done.failed
        ]
        self._move(moves)
        done.manifests += len(found.manifests)
        done.waiting += sum(path.exists() for path in finished)

    def _late(self, found: Sorted) -> list[Path]:
        """Files that were taken before a manifest came that lists them."""
        if not found.manifests:
            return []
        inside = (self._folder / DONE).rglob("*")
        own = self._folder / DONE / MANIFESTS
        return sorted(
            path
            for path in inside
            if path.is_file() and own not in path.parents and found.catalogue.records(path)[0]
        )

    def _describe(
        self, late: Sequence[Path], known: Sequence[Sheet], found: Sorted, done: Round
    ) -> None:
        """Writes what a late manifest says to the conversations that it lists."""
        there = sort_files(late, self._options)
        for sheet in known:
            there.catalogue.add_manifest(sheet)
        before = Joining(there.catalogue, there.recordings, self._options)
        both = sort_files([*late, *found.manifests], self._options)
        for sheet in known:
            both.catalogue.add_manifest(sheet)
        after = Joining(both.catalogue, both.recordings, self._options)

        def conversations(joining: Joining) -> Iterator[Conversation | None]:
            for path in there.transcripts:
                yield from (item.conversation for item in joining.transcript(path))
            for path in there.recordings:
                if path.resolve() not in joining.used:
                    yield joining.recording([path]).conversation

        for old, new in zip(conversations(before), conversations(after), strict=False):
            if old is not None and new is not None and old != new:
                done.kept["described"] += self._store.redescribe(old, new, LOCAL)

    def _ready(self, path: Path, found: Sorted, joining: Joining) -> bool:
        """Whether a transcript has all parts, or has waited long enough for them."""
        recordings = joining.candidates(path)
        parts = {
            "transcript": True,
            "recording": bool(recordings),
            "manifest": bool(found.catalogue.records(path)[0]),
        }
        return all(parts[part] for part in self._when.parts) or self._waited([path, *recordings])

    def _waited(self, paths: Iterable[Path]) -> bool:
        latest = max(path.stat().st_ctime for path in paths)
        return time.time() - latest >= self._when.wait

    def _take_transcripts(
        self, paths: Sequence[Path], joining: Joining, sidecars: dict[str, Path], done: Round
    ) -> None:
        results: dict[Path, list[Stored]] = {path: [] for path in paths}
        items = (item for path in paths for item in joining.transcript(path))
        for stored in self._stored(items):
            results.setdefault(stored.path, []).append(stored)
        damaged = {path for path in results if path not in paths}
        for path in damaged:
            self._settle(path, results[path], [path], {}, done)
        for path in paths:
            files = [] if path.is_relative_to(self._folder / DONE) else [path]
            files += [one for one in joining.candidates(path) if one not in damaged]
            joining.used |= {one.resolve() for one in files}
            self._settle(path, results[path], files, sidecars, done)

    def _stored(self, items: Iterable[Ingested]) -> Iterator[Stored]:
        keep = self._when.keep_recordings
        return store_all(items, self._store, self._monitor, keep_recordings=keep)

    def _settle(
        self,
        path: Path,
        stored: Sequence[Stored],
        files: Sequence[Path],
        sidecars: dict[str, Path],
        done: Round,
    ) -> None:
        """Counts what became of a call, and moves its files accordingly."""
        for one in stored:
            if one.error is None:
                done.kept[one.outcome] += 1
        errors = [one.error for one in stored if one.error is not None]
        if errors:
            done.failed.setdefault(path, []).extend(errors)
        extra = sidecars.get(file_stem(path.name))
        both = [*files, *([extra] if extra is not None else [])]
        place = FAILED if errors else DONE
        self._move(
            [
                (one, self._within(place, one), errors if one == path else [])
                for one in both
                if one.exists()
            ]
        )

    def _transcript_of(self, recording: Path) -> Path | None:
        """A transcript that was taken before its recording came."""
        folder = self._folder / DONE / recording.parent.relative_to(self._folder)
        stem = file_stem(recording.name)
        for path in sorted(folder.glob("*")) if folder.is_dir() else ():
            if file_stem(path.name) == stem and path.is_file():
                found = sort_files([path], self._options)
                if found.transcripts:
                    return path
        return None

    # Files

    def _sizes(self) -> dict[Path, tuple[int, int]]:
        """Size and time of change of every file that is here to be taken."""
        found: dict[Path, tuple[int, int]] = {}
        own = {self._folder / name for name in (DONE, FAILED, OWN)}
        for root, folders, names in os.walk(self._folder):
            place = Path(root)
            folders[:] = [f for f in folders if place / f not in own and not f.startswith(".")]
            for name in names:
                if name.startswith((".", "~$")) or name.lower().endswith((*_UNFINISHED, MARKER)):
                    continue
                try:
                    status = (place / name).stat()
                except OSError:
                    continue  # Gone again, or a link to nothing.
                found[place / name] = (status.st_size, status.st_mtime_ns)
        return dict(sorted(found.items()))

    def _marked(self, path: Path) -> bool:
        return any(marker.exists() for marker in _markers(path))

    def _known_manifests(self) -> list[Path]:
        folder = self._folder / DONE / MANIFESTS
        return sorted(p for p in folder.glob("*") if not p.name.endswith(REASON))

    def _within(self, place: str, path: Path) -> Path:
        return self._folder / place / path.relative_to(self._folder)

    def _move(self, moves: Sequence[tuple[Path, Path, Sequence[EmotionMonitorError]]]) -> None:
        """Moves files; reasons are there before the files are."""
        written: list[tuple[str, str]] = []
        taken: set[Path] = set()
        with _writable(self._folder):
            for path, wanted, errors in moves:
                target = _free(wanted, path, taken)
                taken.add(target)
                target.parent.mkdir(parents=True, exist_ok=True)
                if errors:
                    reason = "\n".join(f"{path.name}: {error}" for error in errors)
                    _write(target.with_name(target.name + REASON), reason + "\n")
                written.append((str(path), str(target)))
                written += [(str(marker), "") for marker in _markers(path) if marker.exists()]
            if written:
                _write(self._journal, json.dumps(written))
                self._finish_moves()

    def _finish_moves(self) -> None:
        """Makes the moves that are written down, from wherever they stopped."""
        with _writable(self._folder):
            try:
                moves = json.loads(self._journal.read_text("utf-8"))
            except FileNotFoundError:
                return
            for source, target in moves:
                path = Path(source)
                if not path.exists():
                    continue
                if target:
                    path.replace(target)
                else:
                    path.unlink()
            self._journal.unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with _writable(self._folder):
            self._journal.parent.mkdir(exist_ok=True)
            lock = (self._folder / OWN / "lock").open("w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _markers(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + MARKER), path.with_suffix(MARKER)


def _free(wanted: Path, path: Path, taken: set[Path]) -> Path:
    """The wanted name, or one with a number where another file has it; the same content may."""
    target, number = wanted, 1
    while target in taken or (target.exists() and not filecmp.cmp(path, target, shallow=False)):
        number += 1
        target = wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
    return target


def _write(path: Path, text: str) -> None:
    """Writes a file wholly or not at all."""
    beside = path.with_name(path.name + ".tmp")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, EmotionMonitorError):
            raise
        raise OutputError(
            f"files in the inbox cannot be moved or written: {error.strerror}.",
            where=str(folder),
            remedy="Check the folder's permissions and its free space.",
        ) from error
