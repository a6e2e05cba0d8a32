"""Text to the tokens of a BERT-family encoder, with each token's place in the source.

The tokeniser is the encoder's own, run by `tokenizers` alone. In front of it stands the same
normalisation as everywhere (`text.features.normalise`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, Split
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.processors import BertProcessing

TOKENIZER_FILE = "tokenizer.json"
PAD, UNKNOWN, CLS, SEP, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
SPECIAL = (PAD, UNKNOWN, CLS, SEP, MASK)
_PICTURES = r"[\p{So}\p{Sk}]"
"""Emoji and other pictures: each is a token of its own, so that repeating it changes little."""
_BATCH = 4096


def wordpiece_tokenizer(vocabulary: Sequence[str]) -> Tokenizer:
    """BERT's tokeniser (Devlin et al. 2019) over a vocabulary whose index is the token's id."""
    ids = {token: index for index, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(WordPiece(ids, unk_token=UNKNOWN))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = PreTokenizers(
        [Split(Regex(_PICTURES), behavior="isolated"), BertPreTokenizer()]
    )
    tokenizer.post_processor = BertProcessing((SEP, ids[SEP]), (CLS, ids[CLS]))
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def cut_vocabulary(full: Sequence[str], texts: Iterable[str], least: int) -> list[str]:
    """The tokens of a larger vocabulary that occur in texts, in its order, and the pictures.

    What is kept is tokenised as by the full vocabulary, so that models trained with it and with
    `bert-base-chinese` see the same tokens.

    Args:
        full: All tokens of the larger vocabulary.
        texts: Normalised texts.
        least: How often a token must occur. Letters and digits are always kept.
    """
    tokenizer = wordpiece_tokenizer(full)
    counts: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    source = iter(texts)
    while batch := list(islice(source, _BATCH)):
        for text, found in zip(batch, tokenizer.encode_batch(batch), strict=True):
            for token, (start, end) in zip(found.tokens, found.offsets, strict=True):
                counts[token] += 1
                if token == UNKNOWN and end - start == 1:
                    unknown[text[start:end]] += 1
    letters = {c for c in full if len(c) == 1 and c.isascii() and c.isprintable()}
    always = {*SPECIAL, *letters, *(f"##{c}" for c in letters if c.isalnum())}
    kept = [token for token in full if token in always or counts[token] >= least]
    return kept + sorted(c for c, count in unknown.items() if count >= least)


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokeniser of an encoder's folder (`tokenizer.json`, else `vocab.txt`), without padding.

    Raises:
        FileNotFoundError: If the folder has neither.
    """
    if (folder / TOKENIZER_FILE).is_file():
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    else:
        tokenizer = wordpiece_tokenizer((folder / "vocab.txt").read_text("utf-8").splitlines())
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def special_ids(tokenizer: Tokenizer) -> dict[str, int]:
    """Ids of `SPECIAL`; every BERT-family vocabulary has them under these names."""
    ids: dict[str, Any] = {token: tokenizer.token_to_id(token) for token in SPECIAL}
    return ids
