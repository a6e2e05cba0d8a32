"""How rows may move: properties of the browser's own function, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from app.dashboard import wall
from tests.app.test_dashboard import browser

__all__ = ["browser"]  # A fixture.

ARRANGE = Path(wall.__file__).with_name("arrange.js")
ids = st.lists(st.integers(1, 30), unique=True, max_size=20)


@pytest.fixture(scope="module")
def empty_page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=ARRANGE.read_text("utf-8"))
    yield page
    page.close()


@settings(max_examples=150, deadline=None)
@given(shown=ids, wanted=ids, data=st.data())
def test_a_pinned_row_keeps_its_index(
    empty_page: Page, shown: list[int], wanted: list[int], data: st.DataObject
) -> None:
    pinned = data.draw(st.lists(st.sampled_from(shown or [0]), unique=True, max_size=2))
    order: list[int] = empty_page.evaluate(
        "([shown, wanted, pinned]) => arrange(shown, wanted, new Set(pinned))",
        [shown, wanted, pinned],
    )
    held = [one for one in pinned if one in shown]
    assert len(set(order)) == len(order)
    assert set(wanted) <= set(order) <= set(wanted) | set(shown)
    for one in held:
        assert order.index(one) == shown.index(one)
    if not held:
        assert order == wanted
    # The others stand as they should; those that are gone fill up only what is missing above.
    assert [one for one in order if one in wanted and one not in held] == [
        one for one in wanted if one not in held
    ]
    ghosts = [one for one in order if one not in wanted and one not in held]
    last = max((shown.index(one) for one in held), default=-1)
    others = len([one for one in wanted if one not in held])
    assert len(ghosts) == max(0, last + 1 - len(held) - others)
