"""Edge: draws the pictures of README: `watch` with a real service, and the page of a report.

Run by ``make pictures``; needs chromium, and the right to make namespaces.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

import month
import netns
import reported
import written
from capture import picture
from lab import PROGRAM, Service, eventtv
from made import START
from terminals import Terminal

from amiguard.judge.rhythm import BrokenPhone
from amiguard.model import Prefix
from amiguard.report.material import Standing
from amiguard.report.page import page
from amiguard.report.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.report.summary import Report

PICTURES = Path(__file__).parents[2] / "docs"
SHOTS = {
    "report": ("--window-size=800,1180",),
    "report-phone": ("--window-size=500,1180", "--blink-settings=preferredColorScheme=0"),
}
"""On a wide screen that is light, and on a phone that is dark."""
CHROMIUM = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
)


def main() -> None:
    """Draw all of them."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _photograph(page(_report(), _sheet()), Path(folder))
    netns.isolate(user=True)
    with (
        tempfile.TemporaryDirectory(prefix="pbx-") as folder,
        Service(Path(folder), logs=("security.json",)) as service,
    ):
        _draw_watch(service)


def _sheet() -> str:
    return resources.files("amiguard.report").joinpath("page.css").read_text(encoding="utf-8")


def _report() -> Report:
    """A month on a PBX, the same each time."""
    past, rng = month.snapshot(START), random.Random(3)
    rows = sorted(past.bans, key=lambda row: row.ban.since, reverse=True)
    standing = [Standing(row.ban, rng.randrange(90, 90_000), 0) for row in rows[:6]]
    phone = BrokenPhone(
        Prefix.parse("192.0.2.77"), b"1042", 60.0, START - 4 * month.DAY, 5_760, "an old password"
    )
    status = reported.status()
    return summarise(
        reported.material(
            host="pbx.example",
            since=START - 30 * month.DAY,
            bans=rows,
            tallies=past.tallies,
            drops=past.drops,
            alarms=month.alarms(START),
            attacks=[reported.attack(b"1001", sources=40), reported.attack(b"100", sources=3)],
            phones=[phone],
            running=[one._replace(bytes=one.packets * 420) for one in standing],
            status=status,
        )
    )


def _photograph(text: str, folder: Path) -> None:
    file = folder / "report.html"
    file.write_text(text, encoding="utf-8")
    for name, how in SHOTS.items():
        shot = f"--screenshot={PICTURES / name}.png"
        command = [*CHROMIUM, f"--user-data-dir={folder / 'profile'}", *how, shot, file.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def _draw_watch(service: Service) -> None:
    """An attack as `watch` shows it."""
    for address, account, times in (("203.0.113.77", b"admin", 5), ("198.51.100.23", b"1001", 9)):
        service.write(_tries(address, account, times))
    service.until_banned("203.0.113.77/32")
    with _watching(service) as terminal:
        for n in range(6):
            service.write(_tries(f"192.0.2.{10 + n}", b"2001", n % 4 + 1) + _tries("203.0.113.9", b"101", 1))
            terminal.look(1.1)
        terminal.press("j")
        terminal.until(lambda text: "events/s" in text and "SUSPECTS" in text)
        terminal.look(0.5)
        (PICTURES / "watch.svg").write_text(picture(terminal.screen), encoding="utf-8")


@contextmanager
def _watching(service: Service) -> Iterator[Terminal]:
    with Terminal([*PROGRAM, "watch", "--config", str(service.config)], 100, 26) as terminal:
        terminal.shows("u unban")
        yield terminal
        terminal.press("qq")
        terminal.ends()


def _tries(address: str, account: bytes, times: int) -> bytes:
    """So many wrong passwords for an account, just now."""
    transport = b"UDP" if address.startswith("198") else b"TCP"
    words = written.Words(
        account=account,
        remote=b"IPV4/%s/%s/5060" % (transport, address.encode()),
        eventtv=eventtv(time.time()),
    )
    return times * written.as_json(written.record("ChallengeResponseFailed", words))


if __name__ == "__main__":
    main()
