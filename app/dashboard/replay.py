"""One conversation: player, timeline, transcript with every answer; a click on a turn seeks."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any

import streamlit as st

from app.dashboard import client
from app.dashboard.charts import quarters, timeline
from app.dashboard.places import conversation_number, moment
from app.dashboard.review.turn_keys import turn_keys
from app.dashboard.roles import roles_card
from app.dashboard.session import may
from app.dashboard.tags import signs, tag_chip
from app.dashboard.talk import talk_card
from app.dashboard.texts import language, t
from app.dashboard.theme import EMOTION_COLOURS, chip, clock, facts, highlighted, level_badge
from app.dashboard.trends.reports import conversation_report
from multimodal.emotions import Evidence
from multimodal.evidence import Language, quality_in_words
from multimodal.formats.turns import loudness
from multimodal.scoring import DISAGREES

LOOK_SECONDS = 2.0
"""How often it is looked whether an open conversation went on."""
ROWS = 40
"""Turns on one page of the transcript."""
EMOTIONS = ("neutral", "happy", "sad", "angry", "surprise", "disgust", "fear")
MODALITIES = ("text", "voice", "face")


def page() -> None:
    """Draws the page."""
    link = st.query_params.to_dict()
    try:
        number = conversation_number(link) or st.session_state.get("conversation")
        if number is None:
            _nothing_chosen()
            return
        conversation = client.conversation(number)
    except client.ApiError as error:
        client.show_error(error)
        return
    st.session_state.conversation = number
    if "external_id" not in link:
        st.query_params["id"] = str(number)
    _arrive(conversation, link)
    _heading(conversation)
    _here(conversation)
    if conversation["state"] == "open":
        _follow(conversation)
    main, side = st.columns([2.3, 1], gap="large")
    # Each in a place of its own: where one draws more than before, none below stands twice.
    with side.container():
        _summary(conversation)
    with side.container():
        conversation_report(number)
    with side.container():
        talk_card(conversation)
    with side.container():
        roles_card(conversation)
    with main:
        _player(conversation)
        _timeline(conversation)
        _transcript(conversation)


def _arrive(conversation: dict[str, Any], link: dict[str, str]) -> None:
    """Goes to the moment that the link names, once: then the person goes where they like."""
    place = moment(link, conversation["turns"])
    arrived = (conversation["id"], link.get("t"), link.get("turn"))
    if place is None or st.session_state.get("arrived") == arrived:
        return
    st.session_state.arrived = arrived
    turn = conversation["turns"][place.turn]
    _seek(conversation["id"], turn)
    if place.seconds is not None:
        st.session_state.seek = {conversation["id"]: place.seconds}
    st.session_state.here = (conversation["id"], turn["number"])


def _here(conversation: dict[str, Any]) -> None:
    """The words that the link leads to, before anything else."""
    number, index = st.session_state.get("here", (None, 0))
    if number != conversation["id"] or index > len(conversation["turns"]):
        return
    turn = conversation["turns"][index - 1]
    when = clock(turn["start"]) if turn["start"] is not None else t("turn_number", number=index)
    st.html(
        f'<div class="em-turn em-here"><span class="em-quiet">{escape(when)} '
        f"{escape(t('role_' + turn['role']))}</span><br>{escape(turn['text'])}</div>"
    )
    if turn["role"] not in ("agent", "bot") and may("reviewer"):
        turn_keys(number, index)


@st.fragment(run_every=LOOK_SECONDS)
def _follow(conversation: dict[str, Any]) -> None:
    """Looks whether an open conversation has gone on, has ended, or is gone; says it is live."""
    st.caption(t("goes_on"))
    try:
        now = client.conversations(id=conversation["id"])["data"]
    except client.ApiError:
        return  # It looks again; the page shows what it has.
    seen = ("turn_count", "state", "status")
    if not now or any(now[0][name] != conversation[name] for name in seen):
        st.rerun()


def _nothing_chosen() -> None:
    st.title(t("replay"))
    with st.container(border=True, horizontal_alignment="center"):
        st.subheader(t("no_conversation"))
        st.write(t("no_conversation_hint"))
        st.page_link(
            st.session_state.pages["conversations"],
            label=t("to_conversations"),
            icon=":material/forum:",
        )


def _heading(conversation: dict[str, Any]) -> None:
    badge = level_badge(conversation["level"], t(conversation["level"] or conversation["status"]))
    who = conversation["customer_display"] or conversation["external_id"]
    about = " · ".join(
        part for part in (t(conversation["channel"]), conversation["business_type"]) if part
    )
    st.html(
        f'<h1 style="font-size:1.7rem;margin:0;padding:0">{badge} {escape(who)} '
        f'<span class="em-quiet">{escape(about)}</span></h1>'
    )


def _player(conversation: dict[str, Any]) -> None:
    if not conversation["media"]:
        st.caption(t("no_media"))
        return
    media = conversation["media"][0]
    at = st.session_state.get("seek", {}).get(conversation["id"])
    start = 0 if at is None else max(0, int(at - media["offset"]))
    try:
        content = client.recording(conversation["id"], media["number"])
    except client.ApiError as error:
        st.warning(f"{t('media_gone')}{error.what}")
        return
    play = st.video if media["kind"] == "video" else st.audio
    options: dict[str, Any] = {"width": 420} if media["kind"] == "video" else {}
    play(
        content,
        format=media["content_type"],
        start_time=start,
        autoplay=at is not None,
        **options,
    )


def _timeline(conversation: dict[str, Any]) -> None:
    turns = conversation["turns"]
    if not any(turn["answer"]["label"] != "unknown" for turn in turns):
        return
    timed = all(turn["start"] is not None for turn in turns)
    picked = st.plotly_chart(
        timeline(turns, timed=timed),
        key=f"timeline-{conversation['id']}",
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
        alt=t("timeline_alt"),
    )
    st.caption(t("timeline_help"))
    points = picked.selection.points
    if points and points[0].get("customdata") is not None:
        chosen = points[0]["customdata"]
        index = int(chosen[0] if isinstance(chosen, list) else chosen)
        # The selection stays when the page is drawn again: it counts once.
        if st.session_state.get("picked") != (conversation["id"], index):
            st.session_state.picked = (conversation["id"], index)
            _seek(conversation["id"], turns[index - 1])
            st.rerun()


def _seek(number: int, turn: dict[str, Any]) -> None:
    if turn["start"] is not None:
        st.session_state.seek = {number: turn["start"]}
    st.session_state.transcript_page = (turn["number"] - 1) // ROWS + 1


def _summary(conversation: dict[str, Any]) -> None:
    trajectory = conversation["trajectory"]
    risk, state = st.columns(2)
    basis = {name: t(f"basis_{value}") for name, value in conversation["basis"].items()}
    risk.metric(
        f"{t('risk')} · {basis['risk']}", f"{conversation['risk']:.2f}", help=t("risk_help")
    )
    view = conversation["view_state"]
    state.metric(
        f"{t('state')} · {basis['view_state']}",
        t(f"state_{view}") if view else "–",
        help=t("basis_help"),
    )
    signs(conversation)
    st.caption(t("quarters"))
    st.plotly_chart(
        quarters(trajectory["sentiment"]),
        key=f"quarters-{conversation['id']}",
        config={"displayModeBar": False},
        alt=t("quarters_alt"),
    )
    shift = trajectory["shift"]
    agents = dict.fromkeys(turn["agent_id"] for turn in conversation["turns"] if turn["agent_id"])
    started = conversation["started_at"]
    st.html(
        facts(
            [
                (t("shift"), f"{round(shift, 1) + 0.0:+.1f}" if shift is not None else ""),
                (t("started"), _moment(started) if started else ""),
                (t("duration"), clock(conversation["duration"])),
                (t("queue"), conversation["queue"]),
                (t("team"), conversation["team"]),
                (t("agent"), ", ".join(agents)),
                (t("external_id"), conversation["external_id"]),
                (t("source"), conversation["source"]),
                (t("notice"), conversation["notice"] or t("no_notice")),
            ]
        )
    )
    if conversation["notes"]:
        st.info("\n\n".join(conversation["notes"]), icon=":material/info:")


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")


def _transcript(conversation: dict[str, Any]) -> None:
    title, only = st.columns([3, 1], vertical_alignment="bottom")
    title.subheader(t("transcript"))
    customer_only = only.toggle(t("customer_only"))
    turns = conversation["turns"]
    pages = -(-len(turns) // ROWS)
    page_number = min(int(st.session_state.get("transcript_page", 1)), max(pages, 1))
    if pages > 1:
        page_number = st.number_input(t("page"), 1, pages, page_number)
        st.session_state.transcript_page = page_number
    corrections = {c["turn"]: c for c in conversation["corrections"] if not c["revoked_at"]}
    for turn in turns[(page_number - 1) * ROWS : page_number * ROWS]:
        if customer_only and turn["role"] in ("agent", "bot"):
            continue
        _turn(conversation["id"], turn, corrections.get(turn["number"]))


def _turn(number: int, turn: dict[str, Any], correction: dict[str, Any] | None) -> None:
    when, what, answer, person = st.columns([1, 4.4, 3, 1.3], vertical_alignment="top")
    if when.button(
        clock(turn["start"]) if turn["start"] is not None else str(turn["number"]),
        key=f"seek-{number}-{turn['number']}",
        icon=":material/play_arrow:" if turn["start"] is not None else None,
        help=t("play_from"),
        type="tertiary",
    ):
        _seek(number, turn)
        st.rerun()
    agent = turn["role"] in ("agent", "bot")
    text = turn["scores"].get("text", {})
    words = [
        (int(e["start"]), int(e["end"]))
        for e in text.get("evidence", [])
        if e["kind"] == "word" and e["weight"] > 0 and e.get("start") is not None
    ]
    # The words speak for what the text model says, which need not be the fused answer.
    marks = highlighted(turn["text"], words, EMOTION_COLOURS[text.get("label", "unknown")])
    here = st.session_state.get("here") == (number, turn["number"])
    kinds = " ".join(["em-turn", *["em-agent"] * agent, *["em-here"] * here])
    what.html(
        f'<div class="{kinds}">'
        f"<b>{escape(t('role_' + turn['role']))}</b> "
        f'<span class="em-quiet">{escape(turn["agent_id"])}</span><br>'
        f"{marks}</div>"
    )
    if agent:
        answer.html(f'<span class="em-quiet">{escape(t("not_scored_agent"))}</span>')
        return
    with answer:
        _answer(turn)
    with person:
        _correction(number, turn, correction)


def _answer(turn: dict[str, Any]) -> None:
    fused = turn["answer"]
    colour = EMOTION_COLOURS[fused["label"]]
    label = t(fused["label"])
    head = f"{label} {fused['confidence']:.0%}" if fused["label"] != "unknown" else label
    parts = [chip(head, colour, title=fused["reason"]) + "<br>"]
    for modality in (*MODALITIES, *sorted(set(turn["scores"]) - set(MODALITIES))):
        scores = turn["scores"].get(modality)
        if scores is None:
            continue
        name = t(modality) if modality in MODALITIES else modality
        if scores["reliability"] == 0:
            text = f"{name} –"
            hint = scores["reason"]
        else:
            top = max(scores["probabilities"])
            text = f"{name} {t(scores['label'])} {top:.0%}"
            hint = f"{t('reliability')} {scores['reliability']:.2f}. {scores['reason']}"
        parts.append(
            f'<span class="em-quiet em-modality" title="{escape(hint, quote=True)}">'
            f"{escape(text)}</span>"
        )
    if turn["tags"]:
        parts.append("<br>" + " ".join(map(tag_chip, turn["tags"])))
    why = turn["explanation"]["zh" if language() == "zh" else "en"]
    parts.append(f'<br><span class="em-quiet">{escape(why)}</span>')
    sound = _sound_in_words(turn["scores"].get("voice"))
    if sound:
        parts.append(f'<br><span class="em-quiet">{escape(sound)}</span>')
    vendor = _vendor(turn["attributes"])
    if vendor:
        parts.append(
            f'<br><span class="em-quiet" title="{escape(t("vendor_help"), quote=True)}">'
            f"{escape(t('vendor'))} {escape(vendor)}</span>"
        )
    if fused["disagreement"] >= DISAGREES:
        parts.append(f'<br><span class="em-quiet">⚠ {escape(t("disagreement"))}</span>')
    st.html("".join(parts))


def _sound_in_words(scores: dict[str, Any] | None) -> str:
    """What is wrong with the sound; how the voice is stands in the explanation."""
    if scores is None:
        return ""
    evidence = [
        Evidence(**{k: v for k, v in e.items() if v is not None}) for e in scores["evidence"]
    ]
    spoken: Language = "zh" if language() == "zh" else "en"
    words = quality_in_words(evidence, spoken)
    return f"{t('sound')}{t('colon')}{words}" if words else ""


def _vendor(attributes: dict[str, Any]) -> str:
    """What the source platform says of the turn: sentiment, emotion, loudness, rate."""
    said = [
        str(attributes[key])
        for key in ("vendor_sentiment", "vendor_emotion")
        if attributes.get(key) is not None
    ]
    score, rate = (attributes.get(f"vendor_{name}") for name in ("sentiment_score", "rate"))
    if isinstance(score, (int, float)):
        said.append(f"{score:+.1f}")
    loud = loudness(attributes)
    if loud is not None:
        said.append(f"{loud:.0f} dB")
    if isinstance(rate, (int, float)):
        said.append(f"{rate:.0f} {t('rate_unit')}")
    return " · ".join(said)


def _correction(number: int, turn: dict[str, Any], correction: dict[str, Any] | None) -> None:
    try:
        if correction is not None:
            label = t(correction["label"])
            mark = chip(f"{t('correction')}: {label}", EMOTION_COLOURS[correction["label"]])
            st.html(mark)
            if may("reviewer") and st.button(
                t("undo"), key=f"undo-{correction['id']}", type="tertiary"
            ):
                client.undo_correction(number, turn["number"], correction["id"])
                st.rerun()
            return
        if not may("reviewer"):
            return
        with st.popover(t("correct"), type="tertiary", help=t("correct_help")):
            for emotion in EMOTIONS:
                if st.button(t(emotion), key=f"correct-{number}-{turn['number']}-{emotion}"):
                    client.correct(number, turn["number"], emotion)
                    st.rerun()
    except client.ApiError as error:
        client.show_error(error)
