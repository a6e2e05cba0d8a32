"""What a site can set: environment variables `EMOTION_MONITOR_...`, or arguments of `Settings`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url

from app.links import check_template
from multimodal.masking import TYPES, Style
from multimodal.media import MediaLimits
from multimodal.tags import SHIPPED


class Settings(BaseSettings):
    """The settings of one installation. Make one and hand it on; there is no global.

    Attributes:
        data_dir: Folder of the embedded database and of recordings.
        database_url: SQLAlchemy URL. Empty: an SQLite file in `data_dir`. A `postgresql://` URL
            takes the psycopg driver.
        standing_notice: Reference of the notice that the site gives to all its customers. Without
            it, and without a conversation's own, voice and face are not analysed.
        timezone: IANA name of the site's zone, in which times are shown.
        host: Address that the servers bind.
        port: Port of the API.
        dashboard_port: Port of the dashboard.
        dashboard_url: Address under which people open the dashboard, for links in exports; by
            default that of this machine.
        listen_url: Where a supervisor listens in on a call, as a template with `{external_id}`,
            `{source}`, `{agent_id}` and `{id}`; empty for no such link on the wall.
        barge_url: Where a supervisor joins a call, in the same way.
        ticket_url: Where a ticket of a conversation is opened, in the same way.
        allowed_hosts: Names under which the API may be called, comma-separated in the environment;
            others are refused, so that no web page can reach a local server through DNS rebinding.
        public_api_url: Address under which browsers reach the API, where people sign in; by default
            the host by which they opened the dashboard, with the API's port.
        session_idle_minutes: Minutes after which somebody who does nothing is signed out.
        session_hours: Hours after which anybody is signed out.
        idle_minutes: Minutes after which an open conversation to which nothing came is closed, so
            that it leaves the wall: platforms forget to close. Longer than any pause of a call.
        max_media_hours: Longest recording, in hours.
        max_upload_mb: Largest request with files, in MiB.
        transcriber: Name of an installed transcriber (`funasr`, `sherpa-onnx`, `faster-whisper`)
            for recordings that come without a transcript. Empty: none, and turns have no words.
        transcriber_model: The folder of its model.
        transcriber_command: A program that prints one of the known transcript formats, with
            `{audio}` in place of the recording; instead of `transcriber`.
        transcriber_timeout: Seconds that the program may take for one recording.
        open_models_only: Use only checkpoints whose training data allow open use.
        mask_types: What personal data are masked in transcripts, comma-separated in the
            environment; by default all types of `multimodal.masking.TYPES`.
        mask_style: `placeholder` for [手机号], `partial` for 138****1234.
        customer_key: Secret under which customers' numbers become references; by default one that
            is made once and lies in `data_dir` as `customer.key`. Whoever changes it no longer
            recognises customers whom the site knew before; machines that share a database share it.
        keep_recordings: Whether recordings are kept after they are scored. Masking does not reach
            what is said in them.
        remember_customers: Whether a customer's usual voice is carried from one conversation to
            their next, under their reference; off by default. What was learnt is kept as long as
            the words of the conversation, and erased with the customer.
        retention_media_days: Days after which recordings are deleted; 0 keeps them.
        retention_transcript_days: Days after which words and metadata are deleted; 0 keeps them.
        retention_scores_days: Days after which the scores are deleted too, and with them all that
            is left of a conversation; 0 keeps them.
        retention_audit_days: Days after which entries of the audit are deleted; 0 keeps them.
        alert_budget: Alerts that are pushed to one supervisor or webhook in an hour; more are kept
            and shown, and not pushed.
        appeal_days: Days within which a team leader may appeal against a verdict, 1 to 30.
        webhook_internal: Whether webhooks may go to addresses of the machine and of the local
            network; else they are refused, so that nobody reaches internal systems through them.
        text_checkpoint: Name of the text checkpoint, or path of its folder; empty for the shipped
            one.
        audio_checkpoint: Name of the voice checkpoint, or path of its folder; empty for the shipped
            one.
        vision_checkpoint: Name of the face checkpoint, or path of its folder; empty for the shipped
            one.
        face_detector: `mtcnn`, or the path of YuNet's ONNX file, which is quicker.
        face_rate: Pictures of a second of video that the face is read from; the cost of faces grows
            with it.
        tag_words: File with the words of the event tags (感谢, 催促, 辱骂, 投诉倾向, 要求升级); by
            default the shipped one, of which a site's own starts as a copy.
        relative_thresholds: Whether a returning customer who is usually calm is noticed at a lower
            risk; nobody is ever noticed later for having complained before.
    """

    model_config = SettingsConfigDict(env_prefix="EMOTION_MONITOR_", extra="forbid", frozen=True)

    data_dir: Path = Field(default_factory=lambda: user_data_path("emotion-monitor"))
    database_url: str = Field(default="", repr=False)
    standing_notice: str = ""
    timezone: str = "Asia/Shanghai"
    host: str = "127.0.0.1"
    port: int = Field(default=8600, ge=0, le=65535)
    dashboard_port: int = Field(default=8601, ge=0, le=65535)
    dashboard_url: str = ""
    listen_url: str = ""
    barge_url: str = ""
    ticket_url: str = ""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ("localhost", "127.0.0.1", "[::1]")
    public_api_url: str = ""
    session_idle_minutes: float = Field(default=30.0, gt=0)
    session_hours: float = Field(default=12.0, gt=0)
    idle_minutes: float = Field(default=120.0, gt=0)
    max_media_hours: float = Field(default=4.0, gt=0)
    max_upload_mb: int = Field(default=500, gt=0)
    transcriber: str = ""
    transcriber_model: Path = Path()
    transcriber_command: str = ""
    transcriber_timeout: float = Field(default=3600.0, gt=0)
    open_models_only: bool = False
    mask_types: Annotated[tuple[str, ...], NoDecode] = tuple(TYPES)
    mask_style: Style = "placeholder"
    customer_key: SecretStr = SecretStr("")
    keep_recordings: bool = True
    remember_customers: bool = False
    retention_media_days: int = Field(default=30, ge=0)
    retention_transcript_days: int = Field(default=180, ge=0)
    retention_scores_days: int = Field(default=365, ge=0)
    retention_audit_days: int = Field(default=1095, ge=0)
    alert_budget: int = Field(default=6, ge=0, le=1000)
    appeal_days: int = Field(default=7, ge=1, le=30)
    webhook_internal: bool = False
    text_checkpoint: str = ""
    audio_checkpoint: str = ""
    vision_checkpoint: str = ""
    face_detector: str = "mtcnn"
    face_rate: float = Field(default=5.0, gt=0, le=60)
    tag_words: Path = SHIPPED
    relative_thresholds: bool = False

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip().lower() for name in value.split(",") if name.strip())
        return value

    @field_validator("mask_types", mode="before")
    @classmethod
    def _split_types(cls, value: object) -> object:
        if isinstance(value, str):
            value = tuple(name.strip() for name in value.split(",") if name.strip())
        unknown = set(value if isinstance(value, tuple) else ()) - set(TYPES)
        if unknown:
            raise ValueError(f"{sorted(unknown)} are none of {', '.join(TYPES)}")
        return value

    @field_validator("listen_url", "barge_url", "ticket_url")
    @classmethod
    def _link_template(cls, value: str) -> str:
        return check_template(value)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, LookupError, OSError) as error:
            raise ValueError(f"{value!r} is not an IANA time zone such as Asia/Shanghai") from error
        return value

    @property
    def url(self) -> str:
        """The database's SQLAlchemy URL, with its default and its driver filled in."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / 'emotion-monitor.db'}"
        for scheme in ("postgresql://", "postgres://"):
            if self.database_url.startswith(scheme):
                return "postgresql+psycopg://" + self.database_url.removeprefix(scheme)
        return self.database_url

    @property
    def safe_database_url(self) -> str:
        """The database's URL as it may be shown: without its password."""
        return make_url(self.url).render_as_string(hide_password=True)

    @property
    def media_dir(self) -> Path:
        """Where uploaded recordings are kept, by the hash of their content."""
        return self.data_dir / "media"

    @property
    def checkpoint_dir(self) -> Path:
        """Where checkpoints that were trained here are kept: `<package>/<name>/`."""
        return self.data_dir / "checkpoints"

    @property
    def media_limits(self) -> MediaLimits:
        """What recordings may be like."""
        return MediaLimits(max_seconds=self.max_media_hours * 3600)

    def replay_url(self, number: int) -> str:
        """Where a kept conversation is replayed."""
        base = self.dashboard_url or f"http://127.0.0.1:{self.dashboard_port}"
        return f"{base.rstrip('/')}/replay?id={number}"

    @property
    def dashboard_origins(self) -> tuple[str, ...]:
        """Origins of the dashboard, whose pages may call the API from a browser."""
        if self.dashboard_url:
            parts = urlsplit(self.dashboard_url)
            return (f"{parts.scheme}://{parts.netloc}",)
        hosts = (host for host in self.allowed_hosts if host != "*")
        return tuple(f"http://{host}:{self.dashboard_port}" for host in hosts)

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.timezone)
