"""What happens to a PBX in its life: amiguard comes back by itself, loses no guess and counts none twice."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest
from barrage import NOBODY_IS_BANNED, Barrage, Flood, counted, raised, until_settled
from lab import until
from realpbx import AMI_PORT
from realsite import AMI, BOTH, LOG, PBX4, Site, ami_of

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.asterisk

EITHER = pytest.mark.parametrize("channels", [(LOG,), BOTH])


@pytest.mark.parametrize("strategy", ["none", "sequential", "rotate", "timestamp"])
@EITHER
def test_rotation_under_load(
    open_site: Callable[..., Site], channels: tuple[str, ...], strategy: str
) -> None:
    logger = {"logger.conf": f"[general](+)\nrotatestrategy = {strategy}\n"}
    with open_site(logger) as site, site.guarded(channels, NOBODY_IS_BANNED) as service:
        with Barrage(site.attacker(), PBX4) as barrage:
            for _ in range(4):
                barrage.goes_on()
                until(lambda: not rotated_this_second(site), "another second")
                site.pbx.cli("logger rotate")
            barrage.goes_on()
        until_settled(site, service)
        assert barrage.sent == barrage.answered == counted(service, barrage.source)


def rotated_this_second(site: Site) -> bool:
    """Whether `timestamp` would write one old log over another; Asterisk's clock is coarse and late."""
    return any(site.pbx.log.glob(f"*.{int(time.time() - 0.1)}"))


@EITHER
@pytest.mark.parametrize("command", ["core reload", "logger reload", "manager reload"])
def test_reloads_under_load(site: Site, channels: tuple[str, ...], command: str) -> None:
    with site.guarded(channels, NOBODY_IS_BANNED) as service:
        with Barrage(site.attacker(), PBX4) as barrage:
            for _ in range(3):
                barrage.goes_on()
                site.pbx.cli(command)
            barrage.goes_on()
        until_settled(site, service)
        assert barrage.sent == barrage.answered == counted(service, barrage.source)


@EITHER
@pytest.mark.parametrize("how", ["restart", "kill"])
def test_asterisk_ends_under_load_and_comes_back(site: Site, channels: tuple[str, ...], how: str) -> None:
    """What Asterisk had not yet written when it ended, it has told nobody."""
    with site.guarded(channels, NOBODY_IS_BANNED) as service:
        with Barrage(site.attacker(), PBX4) as barrage:
            barrage.goes_on()
            begin_anew(site, how)
            barrage.goes_on()
            if AMI in channels:
                until(lambda: "listening" == ami_of(service)["state"], "the AMI again")
                assert "down" in service.said
            barrage.goes_on()
        until_settled(site, service)
        assert raised(site, barrage.source) <= counted(service, barrage.source) <= barrage.sent


@EITHER
@pytest.mark.parametrize("how", ["restart", "kill"])
def test_asterisk_ends_at_rest_and_comes_back(site: Site, channels: tuple[str, ...], how: str) -> None:
    with site.guarded(channels, NOBODY_IS_BANNED) as service:
        attacker = site.attacker()
        with Barrage(attacker, PBX4) as before:
            before.goes_on()
        until_settled(site, service)
        begin_anew(site, how)
        with Barrage(attacker, PBX4) as after:
            after.goes_on()
        until_settled(site, service)
        assert before.sent + after.sent == counted(service, before.source)


def begin_anew(site: Site, how: str) -> None:
    """End Asterisk in the middle of its work and start it."""
    if how == "restart":
        site.pbx.cli("core restart now")
        site.pbx.until_up()
    else:
        site.pbx.kill()
        site.pbx.start()


@EITHER
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_amiguard_ends_under_load_and_comes_back(site: Site, channels: tuple[str, ...], how: str) -> None:
    with site.guarded(channels, NOBODY_IS_BANNED) as service:
        with Barrage(site.attacker(), PBX4) as barrage:
            barrage.goes_on()
            getattr(service, how)()
            barrage.goes_on()
            site.start(service)
            barrage.goes_on()
        until_settled(site, service)
        assert barrage.sent == barrage.answered == counted(service, barrage.source)


def test_the_security_channel_is_switched_off_and_on(site: Site) -> None:
    usual = (site.pbx.conf / "logger.conf").read_text(encoding="ascii")
    with site.guarded(BOTH, NOBODY_IS_BANNED) as service:
        with Barrage(site.attacker(), PBX4) as barrage:
            for text in (re.sub("^security.*", "", usual, flags=re.MULTILINE), usual):
                barrage.goes_on()
                (site.pbx.conf / "logger.conf").write_text(text, encoding="ascii")
                site.pbx.cli("logger reload")
            barrage.goes_on()
        until(lambda: "security.json has not told" in service.said, "a word about the silent log")
        until_settled(site, service)
        assert raised(site, barrage.source) < barrage.sent
        assert barrage.sent == counted(service, barrage.source)


def test_the_ami_user_is_removed_and_comes_back(site: Site) -> None:
    """A session outlives its user; after a restart the log goes on alone, until amiguard is reloaded."""
    manager = site.pbx.conf / "manager.conf"
    usual = manager.read_text(encoding="ascii")
    attacker = site.attacker()
    with site.guarded(BOTH, NOBODY_IS_BANNED) as service:
        manager.write_text(usual.replace("[amiguard]", "[someone]"), encoding="ascii")
        site.pbx.cli("manager reload")
        with Barrage(attacker, PBX4) as heard:
            heard.goes_on()
        assert "listening" == ami_of(service)["state"]
        until_settled(site, service)
        begin_anew(site, "restart")
        until(lambda: "log-in refused" == ami_of(service)["state"], "a refusal")
        assert "oversize-blind" in service.status()["sight"]
        with Barrage(attacker, PBX4) as alone:
            alone.goes_on()
        manager.write_text(usual, encoding="ascii")
        site.pbx.cli("manager reload")
        service.reload()
        until(lambda: "listening" == ami_of(service)["state"], "the AMI again")
        until_settled(site, service)
        assert heard.sent + alone.sent == counted(service, heard.source)


def test_the_ami_is_locked_out_by_idle_connections(site: Site) -> None:
    """Asterisk lets 50 wait without a log-in; who comes after them, and be it amiguard, is hung up on."""
    with site.guarded(BOTH, NOBODY_IS_BANNED) as service:
        attacker = site.attacker()
        service.stop()
        with attacker.inside(), contextlib.ExitStack() as idle:
            for _ in range(50):
                idle.enter_context(socket.create_connection((PBX4, AMI_PORT), 5.0)).recv(64)
            site.start(service)
            until(lambda: "too many not logged in" == ami_of(service)["state"], "a closed door")
            with Barrage(attacker, PBX4) as barrage:
                barrage.goes_on()
            until(lambda: "oversize-blind" in service.status()["sight"], "the log alone")
            assert "authlimit is reached" in ami_of(service)["reason"]
        until(lambda: "listening" == ami_of(service)["state"], "the AMI again")
        until_settled(site, service)
        assert barrage.sent == counted(service, barrage.source)


@pytest.mark.parametrize("patience", [100, 5000])
def test_our_reader_is_stopped_during_a_flood(open_site: Callable[..., Site], patience: int) -> None:
    """Asterisk hangs up on who lets it wait longer than `writetimeout`, in the middle of an event."""
    impatient = {"manager.conf": f"[amiguard](+)\nwritetimeout = {patience}\n"}
    with open_site(impatient) as site, site.guarded(BOTH, NOBODY_IS_BANNED) as service:
        flood = Flood(site.attacker(), PBX4)
        service.signal(signal.SIGSTOP)
        flood.send(20_000)
        time.sleep(2.0)  # the fact under test: so long nobody reads
        service.signal(signal.SIGCONT)
        until(lambda: "listening" == ami_of(service)["state"], "the AMI again")
        until_settled(site, service)
        assert (patience == 100) == ("down" in service.said)
        assert raised(site, flood.source) == counted(service, flood.source)
