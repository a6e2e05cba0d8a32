"""The folder of uploaded recordings: each file under the hash of its content, whatever its name."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Set
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from multimodal.conversation import Media
from multimodal.errors import OutputError
from multimodal.masking import Masker

_BLOCK = 1 << 20
LIVE = "live"
"""How the names of files begin that are still written: no hash does."""
PEAKS = ".peaks"
"""What is added to a recording's name for its outline, which lies beside it and goes with it."""


class MediaFolder:
    """Keeps recordings by content: the same file twice is kept once.

    Args:
        root: The folder; made when the first file comes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def keep(self, file: BinaryIO) -> Path:
        """Copies a file in; after a crash it is there wholly or not at all.

        Args:
            file: Open for reading, at the start of what is to be kept.

        Returns:
            Where it lies now.

        Raises:
            OutputError: If it cannot be written, for instance because the disk is full.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=self.root, delete=False) as copy:
                try:
                    digest = hashlib.sha256()
                    while block := file.read(_BLOCK):
                        digest.update(block)
                        copy.write(block)
                    copy.flush()
                    os.fsync(copy.fileno())
                    target = self._path(digest.hexdigest())
                    target.parent.mkdir(exist_ok=True, mode=0o700)
                    Path(copy.name).replace(target)
                except BaseException:
                    Path(copy.name).unlink(missing_ok=True)
                    raise
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            raise OutputError(
                f"the recording could not be kept: {error.strerror}.",
                where=str(self.root),
                remedy="Make room on the disk." if full else "Check the folder's permissions.",
            ) from error
        return target

    def live(self, name: str) -> Path:
        """Where a file is written whose content is not known yet; its name begins with `LIVE`."""
        return self._path(name)

    def settle(self, path: Path) -> Path | None:
        """Gives a file that was written here its hash as its name; None if it is not there."""
        try:
            with path.open("rb") as file:
                target = self._path(hashlib.file_digest(file, "sha256").hexdigest())
            target.parent.mkdir(exist_ok=True, mode=0o700)
            path.replace(target)
        except FileNotFoundError:
            return None
        return target

    def digest_of(self, path: Path) -> str:
        """The hash under which a file is kept here, or an empty string if it lies elsewhere."""
        return path.name if path == self._path(path.name) else ""

    def identity_of(self, path: Path) -> str:
        """By what a recording is recognised: its hash if it is kept here, else its path.

        A path that holds a telephone or identity number is not written down: then the hash of the
        file's content, under which `housed` keeps it.
        """
        if digest := self.digest_of(path):
            return digest
        place = str(path.absolute())
        if Masker().name(place) == place:
            return place
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return forgotten(place)

    def housed(self, media: Media) -> Media:
        """The same recording; copied in where its path holds a telephone or identity number.

        Raises:
            OutputError: If it cannot be copied.
        """
        place = str(media.path.absolute())
        if self.digest_of(media.path) or Masker().name(place) == place:
            return media
        try:
            with media.path.open("rb") as file:
                return replace(media, path=self.keep(file))
        except FileNotFoundError:
            return replace(media, path=Path(Masker().name(place)))

    def outline(self, path: Path) -> bytes | None:
        """The outline that is kept beside a recording, None where there is none."""
        try:
            return path.with_name(path.name + PEAKS).read_bytes()
        except OSError:
            return None

    def keep_outline(self, path: Path, outline: bytes) -> None:
        """Keeps a recording's outline beside it, where the recording itself is kept here.

        A full disk is no reason not to show it: then it is made again the next time.
        """
        if not self.digest_of(path):
            return
        beside = path.with_name(path.name + PEAKS)
        with suppress(OSError), tempfile.NamedTemporaryFile(dir=self.root, delete=False) as copy:
            copy.write(outline)
            Path(copy.name).replace(beside)
            if not path.exists():  # Erased meanwhile.
                beside.unlink(missing_ok=True)

    def orphans(self, used: Set[str], before: float) -> list[Path]:
        """Files here that no conversation refers to, older than a moment (seconds of the epoch)."""
        if not self.root.is_dir():
            return []
        return [
            path
            for path in self.root.rglob("*")
            if path.is_file()
            and path.name.removesuffix(PEAKS) not in used
            and path.stat().st_mtime < before
        ]

    def relative(self, path: Path) -> str:
        """A kept file's path within the folder."""
        return str(path.relative_to(self.root))

    def remove(self, digest: str) -> None:
        """Deletes a file that nothing refers to any more."""
        path = self._path(digest)
        path.unlink(missing_ok=True)
        path.with_name(path.name + PEAKS).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self.root / digest[:2] / digest


def forgotten(identity: str) -> str:
    """What is left of a recording that is not kept: a hash, to know it again if it comes again."""
    if _DIGEST.fullmatch(identity):
        return identity
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()


_DIGEST = re.compile("[0-9a-f]{64}")
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    # Offset, bytes there, media type.
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
)
_EBML = b"\x1a\x45\xdf\xa3"


def content_type(path: Path) -> str:
    """The media type of a recording, by what is in the file; never by its name.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(_EBML):
        return "video/webm" if b"webm" in head else "video/x-matroska"
    for offset, signature, name in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return name
    return "application/octet-stream"
