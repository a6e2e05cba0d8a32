"""Transcripts in: one file per format family, and this one registry of them.

A new format is one file with a `Format`, one line here, and one test. Formats are told apart by
what is in the file, never by its name. Results go out through `multimodal.formats.results`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from stat import S_ISREG
from types import MappingProxyType
from typing import BinaryIO

from multimodal.conversation import Conversation
from multimodal.errors import InputFileError, TranscriptError, UnknownFormatError
from multimodal.formats.aliyun import ALIYUN_FILETRANS, ALIYUN_SCA
from multimodal.formats.amazon import AWS_TRANSCRIBE, CONTACT_LENS_CHAT, CONTACT_LENS_VOICE
from multimodal.formats.amazon_bedrock import AWS_BEDROCK
from multimodal.formats.amazon_pca import AWS_PCA
from multimodal.formats.azure import AZURE_BATCH, AZURE_CONVERSATION, AZURE_REALTIME
from multimodal.formats.baidu import BAIDU_QUALITY
from multimodal.formats.canonical import (
    JSON,
    JSONL,
    conversation_from_json,
    conversation_to_json,
    is_jsonl,
    read_lines,
)
from multimodal.formats.deepgram import DEEPGRAM
from multimodal.formats.funasr import FUNASR
from multimodal.formats.genesys import GENESYS
from multimodal.formats.google import GOOGLE_CONVERSATION, GOOGLE_INSIGHTS
from multimodal.formats.huawei import HUAWEI_QUALITY, HUAWEI_SIS
from multimodal.formats.iflytek import IFLYTEK, IFLYTEK_LEGACY
from multimodal.formats.lines import LINES
from multimodal.formats.nice import NICE_CXONE
from multimodal.formats.rttm import RTTM
from multimodal.formats.source import Format, Item, Source, decode
from multimodal.formats.subtitles import SRT, VTT
from multimodal.formats.table import CSV
from multimodal.formats.tencent import TENCENT_ASR
from multimodal.formats.twilio import TWILIO
from multimodal.formats.whisper import WHISPER
from multimodal.formats.workbook import XLSX

__all__ = [
    "FORMATS",
    "Format",
    "Item",
    "conversation_from_json",
    "conversation_to_json",
    "detect_format",
    "parse_transcript",
    "read_transcript",
]

_ORDER = (
    XLSX,
    JSONL,
    JSON,
    AWS_TRANSCRIBE,
    CONTACT_LENS_VOICE,
    CONTACT_LENS_CHAT,
    AWS_PCA,
    AWS_BEDROCK,
    AZURE_BATCH,
    AZURE_REALTIME,
    AZURE_CONVERSATION,
    GENESYS,
    GOOGLE_INSIGHTS,
    GOOGLE_CONVERSATION,
    TWILIO,
    DEEPGRAM,
    ALIYUN_SCA,
    ALIYUN_FILETRANS,
    TENCENT_ASR,
    IFLYTEK,
    IFLYTEK_LEGACY,
    BAIDU_QUALITY,
    HUAWEI_SIS,
    HUAWEI_QUALITY,
    NICE_CXONE,
    FUNASR,
    WHISPER,
    RTTM,
    VTT,
    SRT,
    CSV,
    LINES,
)
FORMATS: Mapping[str, Format] = MappingProxyType({format_.name: format_ for format_ in _ORDER})
"""Every known format by name, in the order in which they are tried."""

HEAD_BYTES = 64 * 2**10
MAX_BYTES = 100 * 2**20
"""Bytes that a transcript may have; JSONL, which is read line by line, has no limit."""


def read_transcript(path: Path) -> Iterator[Item]:
    """The conversations of a file, in its order; JSONL is read in constant memory.

    Where one of several conversations is wrong, its error is yielded in its place and the others
    follow.

    Args:
        path: A file of any known format. Media paths in it are relative to its folder.

    Raises:
        InputFileError: At the call, if it is not there, is no file, or may not be read.
        UnknownFormatError: At the call, if it is not a transcript that is known.
        TranscriptError: At the call, if nothing in it can be read.
    """
    name = str(path)
    base = path.absolute().parent
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            if S_ISREG(path.stat().st_mode) and _is_jsonl_bytes(head):
                return _stream(path, name, base)
            data = head + file.read(MAX_BYTES + 1 - len(head))
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from error
    return iter(_parse(data, name, base))


def parse_transcript(data: bytes, name: str) -> list[Item]:
    """The same from bytes, for uploads and standard input.

    A stranger's upload must not name files of this machine: recordings are named by bare file name,
    and the caller says where they are.

    Args:
        data: The file's content.
        name: What to call it in messages.

    Raises:
        UnknownFormatError: If it is not a transcript that is known.
        TranscriptError: If nothing in it can be read.
    """
    return [_bare_media(item, name) for item in _parse(data, name, None)]


def detect_format(head: bytes) -> str:
    """The name of the format of a file that begins like this.

    Args:
        head: The whole file, or its beginning (64 KB do for all but unusual files).

    Raises:
        UnknownFormatError: If it is not a transcript that is known.
    """
    return _detect(Source("transcript", decode(head), data=head)).name


def _parse(data: bytes, name: str, base: Path | None) -> list[Item]:
    if _is_jsonl_bytes(data[:HEAD_BYTES]):
        return list(read_lines(BytesIO(data), name, base))
    if len(data) > MAX_BYTES:
        raise TranscriptError(
            f"it has more than {MAX_BYTES // 2**20} MB.",
            where=name,
            remedy="Split it, or write it as JSONL, which is read line by line.",
        )
    source = Source(name, decode(data), base, data)
    return list(_detect(source).read(source))


def _detect(source: Source) -> Format:
    for format_ in _ORDER:
        if format_.detect(source):
            return format_
    what = "not a transcript I know" if source.text.strip() else "the file is empty"
    if source.text.lstrip().startswith(("{", "[")):
        try:
            _ = source.document
        except TranscriptError as error:
            what += f" ({error.what.rstrip('.')})"
    raise UnknownFormatError(
        f"{what}. Known are: {'; '.join(format_.en for format_ in _ORDER)}.",
        where=source.name,
        remedy="Export it as one of these, for instance CSV with a header speaker,start,end,text.",
    )


def _is_jsonl_bytes(head: bytes) -> bool:
    """Whether it is JSONL that may be cut at newlines before it is decoded: any but UTF-16."""
    return not head.startswith((b"\xff\xfe", b"\xfe\xff")) and is_jsonl(decode(head))


def _stream(path: Path, name: str, base: Path) -> Iterator[Item]:
    try:
        file: BinaryIO
        with path.open("rb") as file:
            yield from read_lines(file, name, base)
    except OSError as error:
        raise _unreadable(name, error) from error


def _bare_media(item: Item, name: str) -> Item:
    if isinstance(item, Conversation):
        for media in item.media:
            if media.path.name != str(media.path) or "\\" in media.path.name:
                return TranscriptError(
                    f"the recording {str(media.path)[:80]!r} is named with its folder.",
                    where=f"{name}, conversation {item.external_id[:80]!r}",
                    remedy="Name it by its file name alone, and send it along.",
                )
    return item


def _unreadable(name: str, error: OSError | ValueError) -> InputFileError:
    match error:
        case FileNotFoundError():
            what, remedy = "there is no such file.", "Check the path."
        case IsADirectoryError():
            what, remedy = "it is a folder, expected a file.", "Name the files in it."
        case PermissionError():
            what, remedy = "it may not be read.", "Give this user permission to read it."
        case OSError():
            what, remedy = f"it cannot be read: {error.strerror}.", "Check the disk."
        case _:
            what, remedy = f"no file can have this name: {error}.", "Check the path."
    return InputFileError(what, where=name, remedy=remedy)
