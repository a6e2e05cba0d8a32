"""How soon and how lightly it starts: `python -m benchmarks.startup [--shared ../shared]`.

Measured from outside, in fresh processes: `import multimodal`, `emotion-monitor score` of one chat
from process start, scoring a 4K clip (peak memory), 330 real dialogues in one batch, and the size
of the installed packages that the default install brings.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import distribution, requires
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
COMMAND = Path(sys.executable).with_name("emotion-monitor")
RUNS = 5


def timed(*command: str | Path) -> tuple[float, float]:
    """Wall seconds and peak resident megabytes of one command, which must succeed."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ}
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{command}: {errors.decode()}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def repeated(*command: str | Path) -> tuple[float, float]:
    """Medians of wall seconds and peak megabytes over some runs, after one that warms caches."""
    timed(*command)
    runs = [timed(*command) for _ in range(RUNS)]
    return statistics.median(r[0] for r in runs), statistics.median(r[1] for r in runs)


def default_install() -> tuple[float, int]:
    """Megabytes and number of the distributions that the default install brings."""
    seen: set[str] = set()
    todo = ["emotion-monitor"]
    total = 0
    while todo:
        name = todo.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        files = distribution(name).files or []
        total += sum(p.stat().st_size for f in files if (p := Path(str(f.locate()))).is_file())
        for line in requires(name) or []:
            requirement = Requirement(line)
            extras = [{"extra": extra} for extra in ("", *_extras(name))]
            if requirement.marker is None or any(requirement.marker.evaluate(e) for e in extras):
                todo.append(requirement.name)
    return total / 1e6, len(seen)


def _extras(name: str) -> tuple[str, ...]:
    return {"uvicorn": ("standard",), "psycopg": ("binary",)}.get(name, ())


def jddc_as_jsonl(source: Path, target: Path) -> int:
    """Writes JDDC's dialogues as this product's JSONL; returns how many."""
    count = 0
    with gzip.open(source, "rt", encoding="utf-8") as file, target.open("w") as out:
        for line in file:
            dialogue = json.loads(line)
            turns = []
            for turn in dialogue["turns"]:
                turns.append({"role": "customer", "text": turn["user"]})
                turns.append({"role": "agent", "text": turn["system"]})
            row = {
                "schema_version": 1,
                "external_id": dialogue["id"],
                "turns": [turn for turn in turns if turn["text"]],
            }
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def main() -> None:
    """Prints one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    shared = parser.parse_args().shared
    chat = sorted((ROOT / "data" / "samples").glob("chat-*.jsonl"))[0]
    blank, _ = repeated(sys.executable, "-c", "pass")
    imported, _ = repeated(sys.executable, "-c", "import multimodal")
    print(f"import multimodal: {imported - blank:.3f} s over an empty process")
    seconds, memory = repeated(COMMAND, "score", chat)
    print(f"score one chat, from process start: {seconds:.2f} s, {memory:.0f} MB peak")
    size, count = default_install()
    print(f"default install: {size:.0f} MB in {count} packages")
    for clip in sorted((shared / "samples" / "video").glob("*.mp4")):
        seconds, memory = timed(COMMAND, "score", clip, "--role", "customer", "--notice", "N-1")
        print(f"{clip.name}: {seconds:.2f} s, {memory:.0f} MB peak")
    corpus = shared / "data" / "text" / "uss_jddc" / "train.jsonl.gz"
    if corpus.is_file():
        with tempfile.TemporaryDirectory() as folder:
            dialogues = Path(folder) / "jddc.jsonl"
            count = jddc_as_jsonl(corpus, dialogues)
            results = Path(folder) / "results.jsonl"
            seconds, memory = timed(COMMAND, "score", dialogues, "--out", results)
            lines = sum(1 for _ in results.open())
            print(
                f"{count} JDDC dialogues in one batch: {seconds:.2f} s, {memory:.0f} MB peak, "
                f"{lines} results"
            )
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"(all of it took {usage.ru_utime + usage.ru_stime:.0f} s of processor time)")


if __name__ == "__main__":
    main()
