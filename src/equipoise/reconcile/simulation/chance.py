"""Random numbers that are the same on every run, whatever else is drawn and however paths are put in batches."""

from zlib import crc32

import numpy as np

BLOCK = 50
"""Paths drawn from one stream; batches hold whole blocks."""


def stream(seed: int, name: str, block: int) -> np.random.Generator:
    """Return the stream of one source in one block of paths, by the setting `seed` and the source's name alone."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, crc32(name.encode()), block])))
