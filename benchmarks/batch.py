"""From files to the database: `python -m benchmarks.batch [--transcripts 10000] [--turns 30]`.

Writes transcripts of made-up service dialogues into a folder, takes them in as `emotion-monitor
inbox` and the batch page do (read, look up, score words, keep), and does it all again. Says how the
time is shared between reading, scoring and storing, how much memory the process had at a quarter
and at the end, and how long the second time takes, which must add nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app.ingest import Ingested, IngestOptions, read_files
from app.intake.storing import store_all
from app.monitor import build_monitor
from app.settings import Settings
from app.store import Store, upgrade
from multimodal.pipeline import EmotionMonitor

AGENT = (
    "您好，很高兴为您服务，请问有什么可以帮您？",
    "请您稍等，我为您查询一下。",
    "非常抱歉给您带来不便。",
    "已经为您登记，师傅会在明天上午联系您。",
    "请问您的订单是什么时候下的？",
    "感谢您的来电，再见。",
)
CUSTOMER = (
    "我的宽带又断了，这个月第三次了。",
    "都三天了还没发货，你们到底管不管？",
    "好的，谢谢。",
    "你们上次也是这么说的，根本没有人来！",
    "那退款什么时候到账？",
    "行吧，那我再等一天。",
    "我要投诉，把你们经理叫来！",
    "嗯，我知道了。",
    "怎么又要我等？太让人失望了。",
)


def write(folder: Path, transcripts: int, turns: int) -> None:
    """Writes transcripts, no two alike."""
    chance = random.Random(1)
    for number in range(transcripts):
        said = [
            {
                "role": "customer" if k % 2 else "agent",
                "text": f"{chance.choice(CUSTOMER if k % 2 else AGENT)}{chance.randrange(1000)}",
                "start": 4.0 * k,
                "end": 4.0 * k + 3.5,
            }
            for k in range(turns)
        ]
        call = {"schema_version": 1, "external_id": f"call-{number:06}", "turns": said}
        place = folder / f"{number // 1000:03}"
        place.mkdir(exist_ok=True)
        text = json.dumps(call, ensure_ascii=False)
        (place / f"call-{number:06}.json").write_text(text, "utf-8")


class Clock:
    """Seconds spent in parts of one thread's work, a part within another counted once."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._since = time.perf_counter()

    def _turn(self) -> None:
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def enter(self, part: str) -> None:
        """A part begins."""
        self._turn()
        self._open.append(part)

    def leave(self) -> None:
        """The part that began last ends."""
        self._turn()
        self._open.pop()

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time counted for a part."""

        def call(*arguments: Any, **named: Any) -> Any:
            self.enter(part)
            try:
                return function(*arguments, **named)
            finally:
                self.leave()

        return call


def memory() -> float:
    """Megabytes that the process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def take_in(folder: Path, settings: Settings, monitor: EmotionMonitor) -> dict[str, Any]:
    """Takes the folder in once; says how long each part took and what became of the transcripts."""
    clock = Clock()
    outcomes: Counter[str] = Counter()
    memories: list[float] = []
    with Store(settings) as store:
        store.save_many = clock.timed("store", store.save_many)  # type: ignore[method-assign]
        store.lookup_many = clock.timed("store", store.lookup_many)  # type: ignore[method-assign]
        score = monitor.score_many
        scoring = clock.timed("score", lambda conversations: list(score(conversations)))

        def items() -> Iterator[Ingested]:
            found = read_files([folder], IngestOptions())
            while True:
                item = clock.timed("read", next)(found, None)
                if item is None:
                    return
                yield item

        monitor.score_many = scoring  # type: ignore[method-assign]
        began = time.perf_counter()
        for stored in store_all(items(), store, monitor):
            assert stored.error is None, stored.error
            outcomes[stored.outcome] += 1
            if outcomes.total() % 100 == 0:
                memories.append(memory())
        seconds = time.perf_counter() - began
        monitor.score_many = score  # type: ignore[method-assign]
    return {
        "seconds": seconds,
        "parts": dict(clock.seconds),
        "outcomes": dict(outcomes),
        "memory": (memories[len(memories) // 4], memories[-1]) if memories else (memory(),) * 2,
    }


def main() -> None:
    """Prints one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--transcripts", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=30)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "transcripts"
        folder.mkdir()
        write(folder, given.transcripts, given.turns)
        settings = Settings(data_dir=Path(place) / "data")
        upgrade(settings)
        monitor = build_monitor(settings)
        monitor.models()
        first = take_in(folder, settings, monitor)
        again = take_in(folder, settings, monitor)
        with Store(settings) as store:
            facts = store.facts()
    turns = given.transcripts * given.turns
    parts = first["parts"]
    rest = (parts["read"] + parts["store"]) / first["seconds"]
    print(f"text model: {monitor.models()['text'].key}")
    print(
        f"{given.transcripts:,} transcripts, {turns:,} turns: {first['seconds']:.1f} s, "
        f"{turns / first['seconds']:,.0f} turns/s, {first['outcomes']}"
    )
    print("  " + ", ".join(f"{part} {seconds:.1f} s" for part, seconds in sorted(parts.items())))
    print(f"  reading and storing: {rest:.1%} of the time")
    print("  memory: {:.0f} MB at a quarter, {:.0f} MB at the end".format(*first["memory"]))
    print(f"again: {again['seconds']:.1f} s, {again['outcomes']}")
    print(f"in the database: {facts['conversations']:,} conversations, {facts['turns']:,} turns")


if __name__ == "__main__":
    main()
