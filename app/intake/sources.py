"""What is kept about a source of files, so that it is said once: zone, columns, file names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

from app.intake.columns import check_columns
from app.intake.templates import NameTemplate
from multimodal.errors import InvalidInputError

DEFAULT_ZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class SourceProfile:
    """How the files of one source are to be read.

    Attributes:
        name: Of the source; conversations carry it. Empty for one that is not kept.
        timezone: IANA name of the zone of times that name none.
        columns: Field by header of its manifests, as a person checked them; empty to guess.
        template: Pattern of its file names, empty for none.

    Raises:
        InvalidInputError: If one of them is none.
    """

    name: str = ""
    timezone: str = DEFAULT_ZONE
    columns: Mapping[str, str] = field(default_factory=dict)
    template: str = ""

    def __post_init__(self) -> None:
        if len(self.name) > 100:
            raise InvalidInputError(
                f"the source's name has {len(self.name)} characters, expected at most 100."
            )
        try:
            ZoneInfo(self.timezone)
        except (ValueError, LookupError, OSError) as error:
            raise InvalidInputError(
                f"timezone {self.timezone[:40]!r} is not an IANA time zone.",
                remedy="Use a name such as Asia/Shanghai.",
            ) from error
        if self.columns:
            check_columns(self.columns)
        if self.template:
            _ = self.names

    @cached_property
    def names(self) -> NameTemplate | None:
        """The pattern of file names, None where there is none."""
        return NameTemplate(self.template) if self.template else None

    @property
    def zone(self) -> ZoneInfo:
        """The source's zone."""
        return ZoneInfo(self.timezone)
