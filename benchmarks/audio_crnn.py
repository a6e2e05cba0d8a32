"""A recurrent network over spectra, in comparison with the shipped one over prosody.

    python -m benchmarks.audio_crnn --data ../shared/data/speech --cache FOLDER

Log-mel spectra (26 bands), pitch and aperiodicity at 50 frames a second go through two
convolutions, a bidirectional GRU and attention pooling (Mirsamadi, Barsoum and Zhang 2017) into an
embedding. One linear layer judges it as it is, another one how it differs from the mean of the
speaker's turns: a batch holds several turns of each of a few speakers over one line, so that both
are learnt at once. Folds are those of `audio.train`: CASIA's speakers are left out one at a time.

Printed are its recalls alone, and those of the mean of its log-probabilities and those of the
shipped network's folds (`audio_oof.npz` in the cache, from `python -m audio.train --oof`). Folds
that were trained before are read from the cache.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from audio.augmentation import varied
from audio.corpora import Clip, read_audio, read_clips
from audio.evaluation import average_recall
from audio.frames import FRAME, HOP, RATE, log_mel, look, to_telephone_rate
from audio.held_out import folds_by_speaker
from audio.speech_table import SpeechTable, measure_clips
from audio.train import cached_table
from multimodal.emotions import EMOTIONS, FloatArray
from multimodal.metrics import masked

BANDS, CHANNELS, EMBEDDING = 26, 28, 48
CLASSES = len(EMOTIONS)
STEPS, SPEAKERS, TURNS = 2500, 6, 8
LONGEST = 150  # frames of 20 ms that training looks at
MANDARIN, SHARE = "casia", 0.4  # of the speakers of a batch
FOLDS = (0, 1, 2)  # those that leave out a Mandarin speaker

Voices = dict[str, list[list[NDArray[np.int64]]]]
"""By corpus, for each speaker and emotion the rows of their clips."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """What the network sees of each clip, as recorded and as a chance telephone call.

    Attributes:
        frames: By condition and clip, float32 (n, 28).
        levels: float32 (2, clips), mean level in 10 dB; the frames are relative to it.
    """

    frames: tuple[list[FloatArray], list[FloatArray]]
    levels: FloatArray


class Crnn(nn.Module):
    """Frames to an embedding, and the two layers that judge it."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv1d(CHANNELS, 64, 5, padding=2),
            nn.BatchNorm1d(64),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Conv1d(64, 64, 5, stride=2, padding=2),
            nn.BatchNorm1d(64),
            nn.ReLU(),
            nn.Dropout(0.1),
        )
        self.recurrent = nn.GRU(64, 48, batch_first=True, bidirectional=True)
        self.attention = nn.Linear(96, 1)
        self.embedding = nn.Linear(192, EMBEDDING)
        self.dropout = nn.Dropout(0.3)
        self.general = nn.Linear(EMBEDDING, CLASSES)
        self.relative = nn.Linear(EMBEDDING + 1, CLASSES)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Frames (n, 28, t) of so many valid ones each (n,) to embeddings (n, 48)."""
        hidden, _ = self.recurrent(self.convolutions(frames).transpose(1, 2))
        there = torch.arange(hidden.shape[1]) * 2 < lengths[:, None]
        weight = self.attention(hidden).squeeze(-1).masked_fill(~there, -1e9).softmax(1)[..., None]
        mean = (weight * hidden).sum(1)
        spread = ((weight * (hidden - mean[:, None]) ** 2).sum(1) + 1e-5).sqrt()
        embedded: Tensor = self.embedding(torch.cat([mean, spread], 1)).tanh()
        return embedded


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of corpora")
    parser.add_argument("--cache", type=Path, required=True, help="folder for what takes long")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    print("| corpus | model | nothing known | all turns |\n| --- | --- | --- | --- |")
    for row in compared(options.data, options.cache):
        print(f"| {' | '.join(row)} |")


def compared(data: Path, cache: Path) -> list[list[str]]:
    """Rows of the table: corpus, model, recall with nothing and with all turns known."""
    table = cached_table(data, cache / "table.npz")
    folds = folds_by_speaker(table)
    alone = np.zeros((2, len(folds), CLASSES), dtype=np.float32)
    for fold in FOLDS:
        kept = cache / f"crnn-{fold}.npz"
        if not kept.is_file():
            spectra = kept_spectra(data, cache / "spectra.npz")
            np.savez(kept, answers=trained(table, spectra, folds, fold))
        with np.load(kept) as found:
            alone[:, folds == fold] = found["answers"]
    with np.load(cache / "audio_oof.npz") as found:
        shipped = np.stack([found["probabilities_raw"], found["probabilities_all"]])
    shipped = np.log(np.maximum(shipped, 1e-8))
    models = {"network over prosody": shipped, "CRNN": alone, "both": (alone + shipped) / 2}
    rows = []
    for corpus in np.unique(table.corpus):
        judged = (table.corpus == corpus) & ~table.bound & np.isin(folds, FOLDS)
        truth, allowed = table.truth[judged], np.unique(table.truth[judged]).tolist()
        for name, answers in models.items():
            guesses = (masked(np.exp(one[judged]), allowed).argmax(axis=1) for one in answers)
            recalls = [f"{average_recall(truth, guess):.3f}" for guess in guesses]
            rows.append([str(corpus), name, *recalls])
    return rows


def kept_spectra(data: Path, kept: Path) -> Spectra:
    """Spectra of the clips of `cached_table`, in its order: from the file, or made now."""
    if not kept.is_file():
        clips, corpora = [], []
        for folder in sorted(path for path in data.iterdir() if path.is_dir()):
            found = read_clips(folder)
            clips += found
            corpora += [folder.name] * len(found)
        there = measure_clips(clips, corpora, calls=True).measured
        looked = [_looked(clip, seed) for seed, clip in enumerate(clips, 1) if there[seed - 1]]
        parts = {f"frames{i}": np.concatenate([one[i] for one in looked]) for i in (0, 1)}
        parts |= {f"lengths{i}": np.array([len(one[i]) for one in looked]) for i in (0, 1)}
        np.savez(kept, allow_pickle=False, **parts)
    with np.load(kept) as parts:
        made = [
            [_scaled(one) for one in np.split(parts[f"frames{i}"], parts[f"lengths{i}"].cumsum())]
            for i in (0, 1)
        ]
    clean, call = ([frames for frames, _ in one[:-1]] for one in made)
    return Spectra((clean, call), np.array([[level for _, level in one[:-1]] for one in made]))


def _looked(clip: Clip, seed: int) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """Frames of 20 ms as recorded, and over the chance line that `measure_clips` gives the clip."""
    samples = to_telephone_rate(*read_audio(clip.path, clip.start, clip.end))
    found = []
    for line in (samples, varied(samples, RATE, np.random.default_rng(seed))):
        count = max(2, len(line) // HOP // 2 * 2)
        padded = np.pad(line, (FRAME // 2, FRAME // 2 + 2 * HOP))
        seen = look(padded[: (count - 1) * HOP + FRAME])
        columns = np.column_stack([log_mel(seen.power), seen.pitch, seen.aperiodicity])
        found.append(columns.reshape(-1, 2, CHANNELS).mean(axis=1).astype(np.float16))
    return found[0], found[1]


def _scaled(raw: NDArray[np.float16]) -> tuple[FloatArray, float]:
    """Bands relative to the level of the active frames, pitch where there is one; the level."""
    if not len(raw):  # What `np.split` leaves behind the last.
        return raw.astype(np.float32), 0.0
    frames = raw.astype(np.float32)
    loudest = frames[:, :BANDS].max(axis=1)
    level = float(frames[loudest > np.percentile(loudest, 95) - 30, :BANDS].mean())
    frames[:, :BANDS] = np.clip((frames[:, :BANDS] - level) / 15, -3, 4)
    frames[:, BANDS] *= (frames[:, BANDS + 1] < 0.35) / 6
    frames[:, BANDS + 1] = frames[:, BANDS + 1] * 2 - 1
    return frames, level / 10


def trained(
    table: SpeechTable, spectra: Spectra, folds: NDArray[np.int64], fold: int
) -> FloatArray:
    """Log-probabilities (2, m, 7) of a fold's clips, with nothing and with all turns known."""
    torch.manual_seed(fold)
    generator = np.random.default_rng(fold)
    voices, started = _voices(table, folds != fold), time.perf_counter()
    classes = {c: np.unique(table.truth[table.corpus == c]) for c in np.unique(table.corpus)}
    allowed = np.stack([np.isin(np.arange(CLASSES), classes[c]) for c in table.corpus])
    net = Crnn()
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=STEPS)
    for step in range(STEPS):
        rows, condition = _drawn(voices, generator)
        frames, lengths = _padded(
            [_spoilt(spectra.frames[k][i], generator) for i, k in zip(rows, condition, strict=True)]
        )
        levels = torch.from_numpy(spectra.levels[condition, rows].astype(np.float32))[:, None]
        embedded = net(frames, lengths)
        own = torch.cat([embedded, levels], 1).view(SPEAKERS, TURNS, -1)
        own = (own - own.mean(1, keepdim=True)).flatten(0, 1)
        truth, absent = torch.from_numpy(table.truth[rows]), torch.from_numpy(~allowed[rows])
        loss = sum(
            nn.functional.cross_entropy(logits.masked_fill(absent, -1e9), truth)
            for logits in (net.general(net.dropout(embedded)), net.relative(net.dropout(own)))
        )
        assert isinstance(loss, Tensor)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        rate.step()
        if step % 500 == 499:
            seconds = time.perf_counter() - started
            told = float(loss.detach())
            logger.info("fold %d, step %d: loss %.2f, %.0f s", fold, step + 1, told, seconds)
    return _answers(net.eval(), table, spectra, folds == fold)


def _drawn(
    voices: Voices, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Turns of a few speakers, emotions alike, and the condition of each."""
    rows, conditions = [], []
    corpora = sorted(voices)
    for _ in range(SPEAKERS):
        mandarin = generator.random() < SHARE
        speakers = voices[MANDARIN if mandarin else corpora[generator.integers(len(corpora))]]
        emotions = speakers[generator.integers(len(speakers))]
        for emotion in np.resize(generator.permutation(len(emotions)), TURNS):
            rows.append(generator.choice(emotions[emotion]))
        conditions += [generator.integers(2)] * TURNS
    return np.array(rows), np.array(conditions)


def _voices(table: SpeechTable, learnt: NDArray[np.bool_]) -> Voices:
    voices: Voices = {}
    for name in np.unique(table.speaker[learnt]):
        own = learnt & (table.speaker == name)
        by_emotion = [np.flatnonzero(own & (table.truth == k)) for k in np.unique(table.truth[own])]
        voices.setdefault(str(table.corpus[own][0]), []).append(by_emotion)
    return voices


def _spoilt(frames: FloatArray, generator: np.random.Generator) -> FloatArray:
    """A part of a clip with some bands and frames left out (SpecAugment; Park et al. 2019)."""
    first = generator.integers(max(len(frames) - LONGEST, 0) + 1)
    part = frames[first : first + LONGEST].copy()
    width, length = int(generator.integers(6)), min(int(generator.integers(15)), len(part))
    band, start = generator.integers(BANDS - width), generator.integers(len(part) - length + 1)
    part[:, band : band + width] = 0
    part[start : start + length] = 0
    part[:, BANDS] += generator.normal(0, 0.15) * (part[:, BANDS] != 0)
    return part


def _padded(clips: Sequence[FloatArray]) -> tuple[Tensor, Tensor]:
    lengths = [len(one) for one in clips]
    frames = np.zeros((len(clips), CHANNELS, max(lengths)), dtype=np.float32)
    for row, one in enumerate(clips):
        frames[row, :, : len(one)] = one.T
    return torch.from_numpy(frames), torch.tensor(lengths)


def _answers(
    net: Crnn, table: SpeechTable, spectra: Spectra, held: NDArray[np.bool_]
) -> FloatArray:
    rows = np.flatnonzero(held)
    found = torch.empty(len(rows), EMBEDDING + 1)
    found[:, -1] = torch.from_numpy(spectra.levels[0, rows])
    order = np.argsort([len(spectra.frames[0][i]) for i in rows])
    with torch.inference_mode():
        for start in range(0, len(rows), 32):
            some = order[start : start + 32]
            found[some, :-1] = net(*_padded([spectra.frames[0][rows[i]] for i in some]))
        own = found.clone()
        for name in np.unique(table.speaker[rows]):
            turns = torch.from_numpy(table.speaker[rows] == name)
            own[turns] -= found[turns].mean(0)
        logits = torch.stack([net.general(found[:, :-1]), net.relative(own)])
    return np.asarray(logits.log_softmax(-1).numpy())


if __name__ == "__main__":
    main()
