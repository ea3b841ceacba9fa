"""What broke a reader's word once does so no more; nor do the recordings, cut anywhere."""

from __future__ import annotations

import random
from pathlib import Path

import ordeal
import pytest
from fuzzed import TARGETS
from recorded import CORPUS

FOUND = sorted(Path(__file__).with_name("found").glob("*-*"))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found_is_mended(path: Path) -> None:
    TARGETS[path.name.partition("-")[0]](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_recordings_with_flipped_bytes_keep_the_word(name: str) -> None:
    chance = random.Random(ordeal.SEED)
    files = sorted(path for path in CORPUS.glob("*/*.*") if path.suffix in {".json", ".security", ".ami"})
    for _ in range(ordeal.rounds(100, 5_000)):
        data = bytearray(chance.choice(files).read_bytes()[:8192])
        start = chance.randrange(len(data))
        for _ in range(chance.randrange(8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        TARGETS[name](bytes(data[start // 2 :]))
