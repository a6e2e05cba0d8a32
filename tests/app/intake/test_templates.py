"""What file names and folders say."""

from __future__ import annotations

from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intake.templates import NameTemplate
from multimodal.errors import InvalidInputError


@pytest.mark.parametrize(
    ("template", "path", "fields"),
    [
        (
            "{date}_{agent}_{caller}_{call_id}.wav",
            "20260630_1007_13812341234_77-1.wav",
            {"date": "20260630", "agent_id": "1007", "caller": "13812341234", "call_id": "77-1"},
        ),
        (
            "{queue}/{agent}/{date}{time}_{call_id}",
            "x/宽带/1007/20260630235000_9.mp3",
            {"queue": "宽带", "agent_id": "1007", "date": "20260630", "time": "235000",
             "call_id": "9"},
        ),
        (
            "{datetime}-{_}-{customer}.wav",
            "2026-06-30 23.50.00-abc-139.wav",
            {"started_at": "20260630235000", "customer": "139"},
        ),
        ("{date}_{agent}.wav", "notes_1007.wav", None),
        ("{queue}/{date}_{agent}", "20260630_1007.wav", None),
    ],
)  # fmt: skip
def test_names(template: str, path: str, fields: dict[str, str] | None) -> None:
    found = NameTemplate(template).match(PurePath(path))
    assert found == fields


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{agent}{queue}.wav", "stands between"),
        ("{boss}.wav", "no field {boss}"),
        ("call.wav", "names no field"),
        ("{agent}_{agent}", "twice"),
        ("{agent}" + "x" * 400, "300"),
    ],
)
def test_what_is_no_template(template: str, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        NameTemplate(template)


def test_a_name_made_to_take_long_does_not() -> None:
    template = NameTemplate("_".join(f"{{{n}}}" for n in ("agent", "caller", "queue", "team")))
    assert template.match(PurePath("_" * 255)) is None
    assert template.match(PurePath("_a" * 120)) is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_name_breaks_it(template: str, name: str) -> None:
    try:
        pattern = NameTemplate(template)
    except InvalidInputError:
        return
    pattern.match(PurePath(name))
