"""The dashboard: `streamlit run app/dashboard/main.py`, started by `emotion-monitor serve`."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from app.dashboard import (
    accounts,
    batch,
    client,
    conversations,
    models,
    replay,
    review,
    session,
    trends,
    wall,
)
from app.dashboard.alerts import page as alerts
from app.dashboard.alerts import rules
from app.dashboard.texts import LANGUAGES, language, t
from app.dashboard.theme import STYLE, menu_style


def main() -> None:
    """Draws the frame that every page stands in, then the page."""
    if "language" not in st.session_state:
        wanted = st.query_params.get("lang", "zh")
        st.session_state.language = wanted if wanted in LANGUAGES else "zh"
    st.set_page_config(page_title=t("title"), page_icon=":material/monitor_heart:", layout="wide")
    st.html(STYLE + menu_style(t("more_pages")))
    session.me()
    pages = [
        st.Page(
            wall.page,
            title=t("wall"),
            icon=":material/monitor_heart:",
            url_path="wall",
            default=True,
        ),
        st.Page(
            conversations.page,
            title=t("conversations"),
            icon=":material/forum:",
            url_path="conversations",
        ),
        st.Page(replay.page, title=t("replay"), icon=":material/play_circle:", url_path="replay"),
        *(_for("viewer", alerts.page, "alerts", ":material/notifications:")),
        *(_for("reviewer", review.page, "review", ":material/fact_check:")),
        *(_for("viewer", trends.page, "trends", ":material/trending_up:")),
        *(_for("reviewer", batch.page, "batch", ":material/upload_file:")),
        *(_for("supervisor", rules.page, "rules", ":material/rule:")),
        *(_for("admin", models.page, "models", ":material/model_training:")),
        *(_for("admin", accounts.page, "accounts", ":material/manage_accounts:")),
    ]
    st.session_state.pages = {page.url_path or "wall": page for page in pages}
    current = st.navigation(pages, position="top")
    with st.container(key="corner", horizontal=True, vertical_alignment="center"):
        session.corner()
        st.segmented_control(
            t("language"),
            options=list(LANGUAGES),
            format_func=lambda code: LANGUAGES[code],
            key="language",
            required=True,
            label_visibility="collapsed",
        )
    st.query_params["lang"] = language()
    current.run()
    with st.container(key="footer"):
        _footer()


def _for(role: str, draw: Callable[[], None], name: str, icon: str) -> list[StreamlitPage]:
    """A page that takes a role: none at all for whoever has it not."""
    if not session.may(role):
        return []
    return [st.Page(draw, title=t(name), icon=icon, url_path=name)]


def _footer() -> None:
    """What everybody must know, on every page, and under which terms the models stand."""
    st.divider()
    st.caption(t("estimate"))
    try:
        in_use = client.models()
    except client.ApiError:
        return
    kind = "research" if any(model["terms"] == "research" for model in in_use) else "open"
    names = " · ".join(
        f"{model['modality']}: {model['name']} {model['version']}" for model in in_use
    )
    st.caption(f"{t('terms')}: **{t(kind)}** (`{kind}`) — {names}")


main()
