"""A number becomes a keyed hash and a masked form, through one function."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from app.intake.customers import Customer, customer_key, customer_of
from app.settings import Settings

K = partial(bytes, b"k")


@pytest.mark.parametrize(
    "written",
    ["13812341234", "+8613812341234", "+86 138-1234-1234", "008613812341234", "8613812341234",
     "013812341234", " 138 1234 1234 "],
)  # fmt: skip
def test_one_customer_however_the_number_is_written(written: str) -> None:
    assert customer_of(written, K) == customer_of("13812341234", K)
    assert customer_of(written, K).display == "138****1234"


def test_another_key_or_number_is_another_reference() -> None:
    keys = [partial(bytes, b"a"), partial(bytes, b"b")]
    refs = {customer_of(n, k).ref for n in ("13812341234", "13812341235") for k in keys}
    assert len(refs) == 4
    assert all(len(ref) == 32 for ref in refs)


def test_other_numbers_and_ids_and_masked_ones() -> None:
    assert customer_of("010-65551234", K).display == "010****1234"
    assert customer_of("65551234", K).display == "****1234"
    assert customer_of("U20931", K).display == "U***"
    assert customer_of("138****1234", K) == Customer("", "138****1234")
    assert customer_of("  ", K) == Customer("", "")


def test_the_key_is_made_once_and_for_this_user_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: customer_key(settings)(), range(16)))
    assert len(keys) == 1
    (path,) = (tmp_path / "data").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert customer_key(Settings(data_dir=tmp_path, customer_key="ours"))() == b"ours"
