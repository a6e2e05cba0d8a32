"""Reports from the store: gathered, drawn, and looked after once more before they go out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from app.reports import render
from app.reports.conversation import conversation_context, local
from app.reports.queue import queue_context
from app.reports.texts import Language, Words
from app.settings import Settings
from app.store import Filter, Scope, Store
from multimodal.errors import NotFoundError

Form = Literal["html", "pdf"]


@dataclass(frozen=True, slots=True)
class Report:
    """A finished report.

    Attributes:
        name: What its file is called.
        content: The file.
    """

    name: str
    content: bytes


def conversation_report(
    store: Store,
    settings: Settings,
    scope: Scope,
    conversation_id: int,
    *,
    form: Form,
    language: Language,
) -> Report:
    """The report of one conversation.

    Args:
        store: Where it is.
        settings: The site's.
        scope: Who asks.
        conversation_id: The conversation.
        form: `html`, which needs nothing else, or `pdf`.
        language: Of everything but what was said.

    Raises:
        NotFoundError: If it is not there, or was erased while its report was made.
        LibraryMissingError: If a PDF cannot be made on this machine.
    """
    words = Words(language)
    stored = store.get(conversation_id, scope)
    history = store.verdicts.of_conversation(conversation_id, scope)
    values = conversation_context(stored, history, words, settings.zone)
    about = stored.row.customer_display or stored.row.external_id
    title = words("conversation_report")
    content = _drawn("conversation", words, title, about, values, settings, scope, form)
    require_there(store, scope, [conversation_id])
    return Report(f"report-{conversation_id}.{form}", content)


def queue_report(
    store: Store,
    settings: Settings,
    scope: Scope,
    wanted: Filter,
    *,
    form: Form,
    language: Language,
) -> Report:
    """The report of a queue, or of all of them, over some time.

    Args:
        store: Where its conversations are.
        settings: The site's.
        scope: Who asks.
        wanted: Which conversations; its queue and times stand in the report.
        form: `html`, which needs nothing else, or `pdf`.
        language: Of everything but what was said.

    Raises:
        NotFoundError: If a conversation that it quotes was erased while it was made.
        LibraryMissingError: If a PDF cannot be made on this machine.
    """
    words = Words(language)
    values, quoted = queue_context(store, scope, wanted, words, settings.zone)
    title, about = words("queue_report"), wanted.queue or words("all_queues")
    content = _drawn("queue", words, title, about, values, settings, scope, form)
    require_there(store, scope, quoted)
    return Report(f"report-queue.{form}", content)


def require_there(store: Store, scope: Scope, ids: list[int]) -> None:
    """Checks that what a report quotes is still there: what was erased must not go out in it.

    Raises:
        NotFoundError: If one of them was erased meanwhile.
    """
    for number in ids:
        try:
            store.row(number, scope)
        except NotFoundError as error:
            raise NotFoundError(
                "a conversation was erased while its report was made; the report was thrown away.",
                where=f"conversation {number}",
            ) from error


def _drawn(
    template: str,
    words: Words,
    title: str,
    about: str,
    values: dict[str, Any],
    settings: Settings,
    scope: Scope,
    form: Form,
) -> bytes:
    document = render.html(
        template,
        words,
        title=title,
        about=about,
        when=local(datetime.now(UTC), settings.zone),
        who=scope.who,
        **values,
    )
    return render.pdf(document) if form == "pdf" else document.encode()
