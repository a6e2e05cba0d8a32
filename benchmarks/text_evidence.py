"""Which tokens an answer rests on: attention against integrated gradients, by deletion.

    python -m benchmarks.text_evidence --plan text/configs/train-research.toml --run RUN \
        --data ../shared/data/text/smp2020_usual/eval.jsonl.gz

The tokens of a turn are taken away, those first that a method calls strongest, and the probability
of the answer is watched: the faster it falls, the better the method (area over the perturbation
curve, Samek et al. 2017). Methods, all on the encoder alone:

| method | a token's part |
| --- | --- |
| attention | its attention weight in the head `emotion` |
| contribution | that weight times its state times the class' row |
| gradients | integrated gradients (Sundararajan et al. 2017) of the score, 20 steps from [MASK] |
| occlusion | how much the answer's log-probability falls without it (Zeiler and Fergus 2014) |
| random | chance |

The product shows occlusion: the fastest fall but for integrated gradients' (within chance of each
other), and it asks nothing of the served model but its scores.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from text.corpora import EMOTION, read_corpus
from text.encode import PADDING, TurnEncoder
from text.model import HEADS, TextNetwork, load_encoder
from text.tokens import MASK, load_tokenizer, special_ids
from text.train import Plan

SHARES = (0.1, 0.2, 0.3, 0.5)
_STEPS = 20


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints one JSON object: method to mean fall of the probability at each share taken away."""
    parser = argparse.ArgumentParser(description="Deletion test of the evidence.")
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="folder with final.pt")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--n", type=int, default=500, help="turns")
    options = parser.parse_args(arguments)
    plan = Plan.read(options.plan)
    tokenizer = load_tokenizer(Path(plan.encoder))
    network = TextNetwork(load_encoder(plan.encoder), recurrent=plan.recurrent).eval()
    network.load_state_dict(torch.load(options.run / "final.pt", weights_only=True))
    items = [item for item in read_corpus(options.data).items if len(item.text) >= 10]
    tokens = TurnEncoder(tokenizer, 0).encode([(item.text, ()) for item in items[: options.n]])
    falls: dict[str, list[list[float]]] = {}
    random = np.random.default_rng(0)
    for one in tokens:
        ids = torch.tensor([one.ids])
        for name, parts in _methods(network, ids, special_ids(tokenizer)[MASK], random).items():
            falls.setdefault(name, []).append(_falls(network, ids, parts))
    table = {
        name: {
            **{f"{s:.0%}": round(float(np.mean(rows, axis=0)[i]), 4) for i, s in enumerate(SHARES)},
            "area": round(float(np.mean(rows)), 4),
        }
        for name, rows in falls.items()
    }
    print(json.dumps({"n": len(tokens), "fall": table}, indent=1))


def _methods(
    network: TextNetwork, ids: torch.Tensor, mask: int, random: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    """Each method's parts of the turn's own tokens, float32 (length - 2,)."""
    segments = torch.zeros_like(ids)
    with torch.no_grad():
        states = network.states(ids, segments)
        output = network.pooled(states, segments)
        weights = output.weights[0, HEADS.index(EMOTION)]
        parts = weights[:, None] * (states[0] @ network.heads.get_parameter(f"{EMOTION}.weight").T)
    chosen = int(output.scores[EMOTION].argmax())
    found = {
        "attention": weights,
        "contribution": parts[:, chosen] - parts.mean(dim=1),
        "gradients": _integrated(network, ids, segments, chosen, mask),
        "occlusion": _occluded(network, ids, segments, chosen),
        "random": torch.from_numpy(random.random(ids.shape[1])),
    }
    return {name: np.asarray(values[1:-1].numpy(), np.float32) for name, values in found.items()}


def _occluded(
    network: TextNetwork, ids: torch.Tensor, segments: torch.Tensor, chosen: int
) -> torch.Tensor:
    length = ids.shape[1]
    kept = ~torch.eye(length, dtype=torch.bool)
    without = ids.expand(length, -1)[kept].reshape(length, length - 1)
    with torch.no_grad():
        whole = network(ids, segments).scores[EMOTION].log_softmax(dim=1)[0, chosen]
        found = network(without, segments.expand(length, -1)[:, 1:]).scores[EMOTION]
    parts: torch.Tensor = whole - found.log_softmax(dim=1)[:, chosen]
    return parts


def _integrated(
    network: TextNetwork, ids: torch.Tensor, segments: torch.Tensor, chosen: int, mask: int
) -> torch.Tensor:
    table = network.encoder.get_input_embeddings()
    here = table(ids).detach()
    base = here.clone()
    base[:, 1:-1] = table(torch.tensor(mask)).detach()
    shares = (torch.arange(_STEPS) + 0.5) / _STEPS
    path = (base + shares[:, None, None] * (here - base)).requires_grad_()
    many = segments.expand(_STEPS, -1)
    states = network.states(ids.expand(_STEPS, -1), many, path)
    score = network.pooled(states, many).scores[EMOTION][:, chosen].sum()
    (gradient,) = torch.autograd.grad(score, path)
    parts: torch.Tensor = ((here - base)[0] * gradient.mean(dim=0)).sum(dim=1)
    return parts


def _falls(network: TextNetwork, ids: torch.Tensor, parts: NDArray[np.float32]) -> list[float]:
    """How much the answer's probability falls when each share of the tokens is taken away."""
    order = np.argsort(-parts, kind="stable") + 1
    rows = [ids[0].tolist()]
    for share in SHARES:
        gone = set(order[: max(1, round(share * len(order)))].tolist())
        rows.append([token for i, token in enumerate(rows[0]) if i not in gone])
    batch = torch.zeros(len(rows), len(rows[0]), dtype=torch.long)
    segments = torch.full_like(batch, PADDING)
    for i, row in enumerate(rows):
        batch[i, : len(row)] = torch.tensor(row)
        segments[i, : len(row)] = 0
    with torch.no_grad():
        found = network(batch, segments).scores[EMOTION].softmax(dim=1).numpy()
    chosen = int(found[0].argmax())
    return [float(found[0, chosen] - found[i, chosen]) for i in range(1, len(rows))]


if __name__ == "__main__":
    main()
