"""Pretrains the compact Chinese BERT by masked language modelling (Devlin et al. 2019).

    python -m text.pretrain text/configs/pretrain-open.toml --run ~/emotion-monitor-runs/open
    python -m text.pretrain text/configs/pretrain-research.toml --run ~/emotion-monitor-runs/mini

1. Read the sources, tokenise them once, and keep the tokens in the run's folder.
2. Build the encoder, or go on from one (`start`); a new one begins with character vectors.
3. Train, at first as a language model: linear warm-up, then linear decay to zero; bf16 where the
   hardware has it. Every few minutes a checkpoint is written and the held-out perplexity logged.
   The same command goes on where an interrupted run stopped, as if it had not been.
4. Write the encoder as a Hugging Face folder (`encoder/`), in float16.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from transformers import BertConfig, BertForMaskedLM

from multimodal.errors import InvalidInputError
from text.blocks import Batch, Mixture, normalised, tokens_of
from text.precision import autocast
from text.tokens import PAD, TOKENIZER_FILE, cut_vocabulary, load_tokenizer, wordpiece_tokenizer
from text.unlabelled import read_dialogues

STATE = "state.pt"
_HELD_OUT_BLOCKS = 64
"""Held-out blocks of each source that the perplexity is measured on."""
_log = logging.getLogger("text.pretrain")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A pretraining run, as its TOML file says it; paths are relative to that file.

    Attributes:
        data: Folder of the text corpora.
        passes: Source (below `data`) to how often it is read.
        vocabulary: Vocabulary file that the encoder's is cut from.
        least: How often a token must occur to be kept.
        vocabulary_sources: Sources that are counted for it.
        vectors: `.npz` with `chars` and `vectors`, the start of the token embeddings; may be empty.
        start: Encoder folder to go on from, instead of a new encoder; may be empty.
        layers: Transformer layers.
        width: Size of the token states.
        heads: Attention heads.
        length: Tokens in a block.
        size: Blocks in a batch.
        rate: Highest learning rate.
        warmup: Steps until it is reached.
        seed: Of weights, order and masks.
        cap: Source to its largest share of any batch.
        causal: Share of the steps, the first ones, in which it is trained as a language model.
        minutes: Between checkpoints.
    """

    data: Path
    passes: Mapping[str, float]
    vocabulary: Path
    least: int
    vocabulary_sources: tuple[str, ...]
    vectors: str
    start: str
    layers: int
    width: int
    heads: int
    length: int
    size: int
    rate: float
    warmup: int
    seed: int
    cap: Mapping[str, float]
    causal: float
    minutes: float

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Reads a TOML file.

        Raises:
            InvalidInputError: If a key is unknown or missing.
        """
        table = tomllib.loads(path.read_text("utf-8"))
        if set(table) != set(cls.__slots__):
            wrong = sorted(set(table) ^ set(cls.__slots__))
            raise InvalidInputError(
                f"unknown or missing keys: {', '.join(wrong)}.", where=str(path)
            )
        table["data"] = (path.parent / table["data"]).resolve()
        table["vocabulary"] = (path.parent / table["vocabulary"]).resolve()
        table["vocabulary_sources"] = tuple(table["vocabulary_sources"])
        for key in ("vectors", "start"):
            if table[key]:
                table[key] = str((path.parent / Path(table[key]).expanduser()).resolve())
        return cls(**table)

    def sources(self, names: Sequence[str]) -> dict[str, Path]:
        """Source names to their files and folders."""
        return {name.replace("/", "."): self.data / name for name in names}


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the steps of the module's description."""
    parser = argparse.ArgumentParser(description="Pretrain the compact Chinese BERT.")
    parser.add_argument("recipe", type=Path, help="TOML file, see text/configs")
    parser.add_argument("--run", type=Path, required=True, help="folder of tokens and checkpoints")
    parser.add_argument("--steps", type=int, help="stop after so many steps, decaying to zero")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("text").setLevel(logging.INFO)
    recipe = Recipe.read(options.recipe)
    options.run.mkdir(parents=True, exist_ok=True)

    tokenizer = _tokenizer(recipe, options.run)
    rows = tokens_of(recipe.sources(list(recipe.passes)), tokenizer, options.run / "tokens")
    mixture = Mixture(
        rows,
        {name.replace("/", "."): passes for name, passes in recipe.passes.items()},
        tokenizer,
        length=recipe.length,
        size=recipe.size,
        seed=recipe.seed,
        cap={name.replace("/", "."): share for name, share in recipe.cap.items()},
    )
    model = build(recipe, tokenizer)
    steps = min(options.steps or len(mixture), len(mixture))
    _log.info("%d of %d steps of %d tokens", steps, len(mixture), recipe.size * recipe.length)
    train(model, mixture, recipe, options.run, steps)
    save_encoder(model, tokenizer, options.run / "encoder")


def build(recipe: Recipe, tokenizer: Tokenizer) -> BertForMaskedLM:
    """A new encoder with its masked-LM head, or the one that the recipe goes on from."""
    if recipe.start:
        started = BertForMaskedLM.from_pretrained(recipe.start, local_files_only=True)
        return _cast(started, torch.float32)
    torch.manual_seed(recipe.seed)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=recipe.width,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        intermediate_size=4 * recipe.width,
        max_position_embeddings=512,
        pad_token_id=tokenizer.token_to_id(PAD),
        # Less than two passes over the text: there is nothing to regularise yet.
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = BertForMaskedLM(config)
    _start_from_waves(model)
    if recipe.vectors:
        _start_from_vectors(model, tokenizer, Path(recipe.vectors), recipe.seed)
    return model


def train(model: BertForMaskedLM, mixture: Mixture, recipe: Recipe, run: Path, steps: int) -> None:
    """Trains to the last step, from the run's last checkpoint if there is one."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)  # type: ignore[arg-type]
    model.train()
    optimizer = torch.optim.AdamW(
        _groups(model), lr=recipe.rate, betas=(0.9, 0.98), eps=1e-6, fused=True
    )
    first = 0
    if (run / STATE).is_file():
        state = torch.load(run / STATE, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
        _log.info("going on from step %d", first)
    saved, begun, seen, average = time.monotonic(), time.monotonic(), 0, float("nan")
    for step in range(first, steps):
        if step < recipe.causal * steps:
            loss = causal_loss(model, mixture.plain(step), bool(step % 2), device)
        else:
            loss = masked_loss(model, mixture.batch(step), device)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        # A function of the step alone, so that --steps can cut a run short when it goes on.
        rate = recipe.rate * min(1.0, (step + 1) / recipe.warmup) * (1 - step / steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seen += recipe.size * recipe.length
        average = loss.item() if np.isnan(average) else 0.98 * average + 0.02 * loss.item()
        if (step + 1) % 50 == 0:
            speed = seen / (time.monotonic() - begun)
            _log.info("step %d loss %.3f %.0f tokens/s", step + 1, average, speed)
        if time.monotonic() - saved > 60 * recipe.minutes or step + 1 == steps:
            _save(run, model, optimizer, step + 1)
            perplexity = held_out_perplexity(model, mixture, device)
            line = {"step": step + 1, "tokens": (step + 1) * recipe.size * recipe.length}
            with (run / "perplexity.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line | {"perplexity": perplexity}) + "\n")
            _log.info("step %d held-out perplexity %s", step + 1, perplexity)
            saved = time.monotonic()


def masked_loss(model: BertForMaskedLM, batch: Batch, device: torch.device) -> Tensor:
    """Mean cross-entropy at the masked places; the output layer runs at these alone."""
    ids = torch.from_numpy(batch.ids).to(device)
    places = torch.from_numpy(batch.places).to(device)
    with autocast(device):
        states = model.bert(input_ids=ids).last_hidden_state.flatten(0, 1)[places]
        logits = model.cls(states)
    truth = torch.from_numpy(batch.truth).to(device)
    return torch.nn.functional.cross_entropy(logits.float(), truth)


def causal_loss(
    model: BertForMaskedLM, ids: NDArray[np.int64], backwards: bool, device: torch.device
) -> Tensor:
    """Mean cross-entropy of every token given those before it, or, backwards, those behind it.

    A masked model learns from the masked tokens alone. Starting as a language model, in both
    directions by turns, it learns from all of them, and gets further on little text and time
    (Gisserot-Boukhlef et al. 2025, "Should we still pretrain encoders with masked language
    modeling?").

    Args:
        model: BERT.
        ids: int64 (blocks, length).
        backwards: Whether tokens are told from those behind them.
        device: Where to compute.
    """
    tokens = torch.from_numpy(ids).to(device)
    seen = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool, device=device)
    seen = seen.triu() if backwards else seen.tril()
    with autocast(device):
        states = model.bert(
            input_ids=tokens, attention_mask=seen.expand(len(tokens), 1, *seen.shape)
        ).last_hidden_state
        states, truth = (
            (states[:, 2:], tokens[:, 1:-1]) if backwards else (states[:, :-1], tokens[:, 1:])
        )
        logits = model.cls(states.flatten(0, 1))
    return torch.nn.functional.cross_entropy(logits.float(), truth.flatten())


@torch.no_grad()
def held_out_perplexity(
    model: BertForMaskedLM, mixture: Mixture, device: torch.device
) -> dict[str, float]:
    """Perplexity at masked places of held-out blocks, per source and over all."""
    model.train(False)
    found, losses = {}, []
    for name, blocks in mixture.held_out.items():
        if len(blocks):
            chosen = blocks[:_HELD_OUT_BLOCKS]
            batch = mixture.masked(chosen, np.random.default_rng(0))
            losses.append(masked_loss(model, batch, device).item())
            found[name] = round(float(np.exp(losses[-1])), 2)
    model.train()
    return {"all": round(float(np.exp(np.mean(losses))), 2), **found}


def save_encoder(model: BertForMaskedLM, tokenizer: Tokenizer, folder: Path) -> None:
    """Writes encoder and tokeniser as a Hugging Face folder, in float16 (safetensors)."""
    folder.mkdir(parents=True, exist_ok=True)
    half = BertForMaskedLM(model.config)
    half.load_state_dict(model.state_dict())
    _cast(half, torch.float16).save_pretrained(folder)
    tokenizer.save(str(folder / TOKENIZER_FILE))
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token, _ in vocabulary), "utf-8")


def _cast(model: BertForMaskedLM, dtype: torch.dtype) -> BertForMaskedLM:
    cast: BertForMaskedLM = model.to(dtype=dtype)  # type: ignore[call-arg]
    return cast


def _tokenizer(recipe: Recipe, run: Path) -> Tokenizer:
    if recipe.start:
        return load_tokenizer(Path(recipe.start))
    if not (run / TOKENIZER_FILE).is_file():
        full = recipe.vocabulary.read_text("utf-8").split("\n")
        texts = (
            text
            for path in recipe.sources(recipe.vocabulary_sources).values()
            for text in normalised(read_dialogues(path))
        )
        kept = cut_vocabulary([token for token in full if token], texts, recipe.least)
        wordpiece_tokenizer(kept).save(str(run / TOKENIZER_FILE))
        _log.info("vocabulary of %d tokens", len(kept))
    return load_tokenizer(run)


def _start_from_waves(model: BertForMaskedLM) -> None:
    """Starts the position embeddings from sinusoids (Vaswani et al. 2017), scaled to the words'.

    A neighbour is then one rotation away, the same at every place. (Measured over the first 300
    steps alone, where it changed nothing: a loss of 5.84 either way.)
    """
    table = model.bert.embeddings.position_embeddings.weight.data
    count, width = table.shape
    rates = 10_000.0 ** (-torch.arange(0, width, 2) / width)
    angles = torch.arange(count)[:, None] * rates
    waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
    table.copy_(waves * (model.config.initializer_range / waves.std()))


def _start_from_vectors(
    model: BertForMaskedLM, tokenizer: Tokenizer, path: Path, seed: int
) -> None:
    """Puts character vectors, turned into the embeddings' space, where the tokens have one."""
    with np.load(path, allow_pickle=False) as arrays:
        vectors = dict(zip(arrays["chars"], arrays["vectors"], strict=True))
    table = model.bert.embeddings.word_embeddings.weight.data
    known = [(i, vectors[t]) for t, i in tokenizer.get_vocab().items() if t in vectors]
    rows = np.array([i for i, _ in known])
    values = np.stack([v for _, v in known]).astype(np.float32)
    values = (values - values.mean(axis=0)) / values.std()
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(table.shape[1],) * 2))[0]
    width = min(values.shape[1], table.shape[1])
    turned = torch.from_numpy((values[:, :width] @ turn[:width]).astype(np.float32))
    table[torch.from_numpy(rows)] = turned * (model.config.initializer_range / turned.std())
    _log.info("%d of %d embeddings start from %s", len(rows), len(table), path.name)


def _groups(model: BertForMaskedLM) -> list[dict[str, Any]]:
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    return [
        {"params": matrices, "weight_decay": 0.01},
        {"params": vectors, "weight_decay": 0.0},
    ]


def _save(run: Path, model: BertForMaskedLM, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Writes the state beside the old one, then over it, so that a crash leaves one of the two."""
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
    torch.save(state, run / f"{STATE}.new")
    (run / f"{STATE}.new").replace(run / STATE)


if __name__ == "__main__":
    main()
