"""The text model's speed and size, beside the Hugging Face pipeline on a bert-base-sized encoder.

    python -m benchmarks.text --data ../shared/data/text/uss_jddc

Both read the labelled customer turns of JDDC, tokenising included, on the same two threads in one
run. bert-base-chinese's weights are not needed for its speed: the same network with random weights
takes as long. The pipeline is run on the first turns only, and one turn at a time as well.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from multimodal.conversation import Role, Turn
from multimodal.scoring import TurnInput
from text.corpora import read_corpus
from text.scorer import TextScorer

_PIPELINE_TURNS = 300
_BATCH = 512
_COLD = """
import time; start = time.perf_counter()
from multimodal.conversation import Role, Turn
from multimodal.scoring import TurnInput
from text.scorer import TextScorer
TextScorer().score([TurnInput(Turn(Role.CUSTOMER, "气死我了"))])
print(time.perf_counter() - start)
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description="Speed and size of the text model.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of JDDC")
    parser.add_argument("--vocabulary", type=Path, help="vocab.txt of bert-base-chinese")
    options = parser.parse_args(arguments)
    items = read_corpus(options.data).items
    inputs = [TurnInput(Turn(Role.CUSTOMER, item.text), item.previous[-16:]) for item in items]
    scorer = TextScorer()
    scorer.score(inputs[:_BATCH])

    def batched() -> None:
        for start in range(0, len(inputs), _BATCH):
            scorer.score(inputs[start : start + _BATCH])

    singles = [_seconds(partial(scorer.score, [one])) for one in inputs[:1000]]
    files = [file for file in scorer.checkpoint.path.iterdir() if file.is_file()]
    found = {
        "checkpoint": scorer.info.release,
        "turns": len(inputs),
        "turns_per_second": round(len(inputs) / min(_seconds(batched) for _ in range(3)), 1),
        "single_ms": {f"p{q}": round(1000 * float(np.percentile(singles, q)), 2) for q in (50, 95)},
        "cold_start_s": round(min(_cold() for _ in range(3)), 3),
        "megabytes": round(sum(file.stat().st_size for file in files) / 1e6, 2),
    }
    if options.vocabulary:
        texts = [item.text for item in items[:_PIPELINE_TURNS]]
        found["pipeline"] = _pipeline(texts, options.vocabulary)
    print(json.dumps(found, indent=1))


def _pipeline(texts: Sequence[str], vocabulary: Path) -> dict[str, float]:
    """Turns a second of transformers' text-classification pipeline on a bert-base network."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer, pipeline

    with tempfile.TemporaryDirectory() as folder:
        tokenizer = BertTokenizer(vocab=str(vocabulary))
        tokenizer.save_pretrained(folder)
        config = BertConfig(vocab_size=len(tokenizer))
        BertForSequenceClassification(config).save_pretrained(folder)
        classify = pipeline("text-classification", model=folder, tokenizer=folder, device="cpu")
    classify(list(texts[:8]), batch_size=8)
    seconds = {
        "one_by_one": _seconds(lambda: [classify(text) for text in texts]),
        "batches_of_32": _seconds(lambda: classify(list(texts), batch_size=32)),
    }
    return {name: round(len(texts) / value, 1) for name, value in seconds.items()}


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _cold() -> float:
    done = subprocess.run([sys.executable, "-c", _COLD], capture_output=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
