"""A customer's number in a table of calls becomes a reference and a masked form."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from app.intake.records import Customer, customer_of
from app.privacy import KEY_FILE, build_masker
from app.settings import Settings
from multimodal.masking import Masker

MASKER = Masker(key=partial(bytes, b"a key of this test"))


@pytest.mark.parametrize(
    "written",
    ["13812341234", "+8613812341234", "+86 138-1234-1234", "008613812341234", "8613812341234",
     "013812341234", " 138 1234 1234 ", "１３８１２３４１２３４"],
)  # fmt: skip
def test_one_customer_however_the_number_is_written(written: str) -> None:
    assert customer_of(written, MASKER) == customer_of("13812341234", MASKER)
    assert customer_of(written, MASKER).display == "138****1234"
    assert customer_of(written, MASKER).ref == MASKER.reference("13812341234")


def test_another_key_or_number_is_another_reference() -> None:
    maskers = [Masker(key=partial(bytes, key)) for key in (b"a", b"b")]
    refs = {customer_of(n, m).ref for n in ("13812341234", "13812341235") for m in maskers}
    assert len(refs) == 4
    assert all(len(ref) == 32 for ref in refs)


def test_other_numbers_and_ids_and_masked_ones() -> None:
    shown = {n: customer_of(n, MASKER).display for n in ("010-65551234", "65551234", "U20931")}
    assert all("*" in display and "6555123" not in display for display in shown.values()), shown
    assert shown["U20931"] == "U***"
    assert customer_of("王小明", MASKER).display == "王***"
    # What came masked may be many people's.
    assert customer_of("138****1234", MASKER) == Customer("", "138****1234")
    assert customer_of("  ", MASKER) == Customer("", "")


def test_the_key_is_made_once_and_for_this_user_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: build_masker(settings).key(), range(16)))
    assert len(keys) == 1
    assert stat.S_IMODE((tmp_path / "data" / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == [KEY_FILE]
