"""The filters of the list, which are those of the export too."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import Depends, Query

from app.api.schemas import Channel, Label, Level, State, Status
from app.api.services import LARGEST_ID, ServicesDep
from app.store import Filter
from app.store.review_states import ReviewState
from multimodal.errors import InvalidInputError
from multimodal.tags import Tag

Text = Annotated[str | None, Query(max_length=200)]
Share = Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float | None, Query(ge=0, allow_inf_nan=False, description="Seconds.")]
Shift = Annotated[
    float | None,
    Query(ge=-10, le=10, description="Sentiment of the last known quarter minus the first's."),
]
Id = Annotated[int, Query(ge=1, le=LARGEST_ID)]


def _filter(
    services: ServicesDep,
    id: Annotated[list[Id] | None, Query(max_length=1000, description="These only.")] = None,
    batch: Annotated[Id | None, Query(description="Those that came of this batch's files.")] = None,
    source: Text = None,
    external_id: Text = None,
    channel: Channel | None = None,
    queue: Text = None,
    team: Text = None,
    agent: Annotated[
        str | None, Query(max_length=200, description="Id of an agent who took part.")
    ] = None,
    language: Text = None,
    state: State | None = None,
    status: Status | None = None,
    level: Level | None = None,
    label: Annotated[Label | None, Query(description="A fused label that a turn has.")] = None,
    tag: Annotated[Tag | None, Query(description="An event tag that a turn has.")] = None,
    q: Annotated[
        str | None,
        Query(
            max_length=200,
            description="Words, each of which a turn or the external id has; “…” for a phrase.",
        ),
    ] = None,
    started_from: Annotated[
        datetime | None, Query(description="Earliest start; without offset in the site's zone.")
    ] = None,
    started_to: Annotated[
        datetime | None, Query(description="First start that is too late.")
    ] = None,
    day: Annotated[
        date | None, Query(description="The day on which it started, in the site's zone.")
    ] = None,
    min_risk: Share = None,
    max_risk: Share = None,
    min_duration: Seconds = None,
    max_duration: Seconds = None,
    min_shift: Shift = None,
    max_shift: Shift = None,
    corrected: Annotated[
        bool | None, Query(description="Whether a person's correction of a turn stands.")
    ] = None,
    review: Annotated[
        ReviewState | None,
        Query(
            description="How far its review is: `waiting` for a reviewer, `reviewed`, with this "
            "verdict, or `appealed` and not decided yet."
        ),
    ] = None,
) -> Filter:
    zone = services.settings.zone

    def moment(value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=zone) if value is not None and value.tzinfo is None else value

    started_from, started_to = moment(started_from), moment(started_to)
    if day is not None:
        try:
            begins, ends = (datetime.combine(d, time(), zone) for d in (day, day + timedelta(1)))
        except OverflowError as error:
            raise InvalidInputError("day is the last that there is.", where="query.day") from error
        started_from = max(begins, started_from or begins)
        started_to = min(ends, started_to or ends)
    return Filter(
        ids=None if id is None else tuple(id),
        batch=batch,
        source=source,
        external_id=external_id,
        channel=channel,
        queue=queue,
        team=team,
        agent=agent,
        language=language,
        state=state,
        status=status,
        level=level,
        label=label,
        tag=tag,
        text=q,
        started_from=started_from,
        started_to=started_to,
        min_risk=min_risk,
        max_risk=max_risk,
        min_duration=min_duration,
        max_duration=max_duration,
        min_shift=min_shift,
        max_shift=max_shift,
        corrected=corrected,
        review=review,
    )


FilterDep = Annotated[Filter, Depends(_filter)]
