"""Edge: looks with atheris for bytes that break a reader's word; what it finds is kept in `found/`.

python fuzz.py SECONDS [TARGET ...]
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
FOUND = HERE / "found"
_CHANNELS = {
    "security_log": "[js][se][oc]*",
    "notices": "messages",
    "ami_events": "ami",
    "ami_wire": "ami",
}
"""Which of the recorded channels a reader begins with."""
_RUNS = re.compile(r"Done (\d+) runs in (\d+) second")
_SEEDS = 60


def main(seconds: int, *names: str) -> int:
    """Fuzz each target so long; 1 if one broke its word."""
    from fuzzed import TARGETS  # noqa: PLC0415 - the child must have it instrumented

    return max(_in_a_child(name, seconds) for name in names or TARGETS)


def _in_a_child(name: str, seconds: int) -> int:
    FOUND.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as seeds:
        for number, path in enumerate(_seeds(name)):
            Path(seeds, str(number)).write_bytes(path.read_bytes()[:16_384])
        options = [f"-max_total_time={seconds}", f"-artifact_prefix={FOUND}/{name}-", "-rss_limit_mb=1024"]
        command = [sys.executable, __file__, "--child", name, *options, seeds]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    runs = _RUNS.search(done.stderr)
    if not runs:
        sys.stderr.write(done.stderr[-4000:])
    _tell(name, int(runs[1]) if runs else 0, seconds)
    return int(done.returncode != 0)


def _seeds(name: str) -> list[Path]:
    corpus = HERE.parent / "corpus"
    return sorted(corpus.glob(f"*/*.{_CHANNELS[name]}"))[:_SEEDS] if name in _CHANNELS else []


def _tell(name: str, runs: int, seconds: int) -> None:
    sys.stdout.write(f"fuzzed {name}: {runs:,} inputs in {seconds} s\n")
    if book := os.environ.get("TORTURE"):
        with Path(book).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"what": f"fuzzed {name}", "inputs": runs, "seconds": seconds}) + "\n")


def child(name: str, *options: str) -> None:
    """Fuzz one target, as long as libFuzzer's options say."""
    import atheris  # noqa: PLC0415 - only here is it needed, and on few Pythons it is to be had

    with atheris.instrument_imports(include=["amiguard"]):
        from fuzzed import TARGETS  # noqa: PLC0415
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        child(*sys.argv[2:])
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:]))
