"""`emotion-monitor search`: conversations by what was said in them."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.output import Json, listed, say


def search(
    words: Annotated[
        list[str], typer.Argument(help="Each of them must occur; quote a phrase. 每个词都要出现。")
    ],
    queue: Annotated[str, typer.Option(help="Skill group.")] = "",
    agent: Annotated[str, typer.Option(help="Id of an agent who took part.")] = "",
    level: Annotated[str, typer.Option(help="calm, watch, dissatisfied or heated.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help="Most conversations.")] = 20,
    as_json: Json = False,
) -> None:
    """Find stored conversations by words; the most often said first (按原话查找会话)."""
    from app.settings import Settings
    from app.store import LOCAL, Filter, Store
    from app.store.excerpt import excerpt
    from app.store.query import BY_MATCHES

    quoted = " ".join('"' + word.replace('"', " ") + '"' for word in words)
    wanted = Filter(text=quoted, queue=queue, agent=agent, level=level)
    settings = Settings()
    with Store(settings) as store:
        found, count = store.page(wanted, LOCAL, sort=BY_MATCHES, limit=limit)
    rows = [
        {
            "id": one.row.id,
            "external_id": one.row.external_id,
            "started_at": one.row.started_at and one.row.started_at.isoformat(),
            "queue": one.row.queue,
            "level": one.row.level,
            "risk": round(one.row.risk, 2),
            "turn": one.found_turn,
            "words": one.found_text if as_json else excerpt(one.found_text, limit=40),
            "replay": settings.replay_url(one.row.id),
        }
        for one in found
    ]
    columns = ["id", "external_id", "level", "risk", "turn", "words", "replay"]
    listed(rows, columns, as_json=as_json)
    say(f"{len(rows)} / {count}")
