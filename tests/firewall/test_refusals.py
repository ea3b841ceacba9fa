"""What the kernel refuses is said in plain words."""

from __future__ import annotations

import errno
import itertools
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nft
import pyroute2.netlink.nfnetlink.nftsocket  # noqa: F401 - once for all the forked tests, not in each
import pytest
from banning import held, house

from amiguard.firewall import declaration, messages, netlink
from amiguard.firewall.netlink import FirewallError, NoCapabilityError, NoTablesError
from amiguard.firewall.nftables import Firewall

if TYPE_CHECKING:
    from types import ModuleType

    from amiguard.firewall.messages import Request

pytestmark = [pytest.mark.kernel, pytest.mark.nft]


def test_no_table_means_no_bans() -> None:
    with Firewall() as firewall:
        assert {} == held(firewall)
        assert not firewall.intact()
        firewall.drop()


UNKNOWN_PROTOCOL = 30
"""A netlink protocol that no kernel has; below the 32 that there may be."""
UNKNOWN_SUBSYSTEM = 13 << 8
"""A request to a part of netfilter that no kernel has: linux/netfilter/nfnetlink.h."""


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [(netlink, "_NETLINK_NETFILTER", UNKNOWN_PROTOCOL), (messages, "GETGEN", UNKNOWN_SUBSYSTEM)],
)
def test_a_kernel_without_nf_tables_is_told_by_what_it_answers(
    module: ModuleType, name: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers to nf_tables what this one answers to what it does not know."""
    monkeypatch.setattr(module, name, value)
    with pytest.raises(NoTablesError, match="this kernel has no nf_tables"):
        Firewall()


def test_a_kernel_that_cannot_count_bans_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It answers of its counters what this one does of an expression that it cannot load."""
    encode = declaration._encode

    def unknown(*told: Any) -> Request:
        request = encode(*told)
        return request._replace(body=request.body.replace(b"counter\0", b"unknown\0"))

    monkeypatch.setattr(declaration, "_encode", unknown)
    with Firewall() as firewall:
        firewall.declare([house("203.0.113.7")], sip_ports=[5060])
        assert not firewall.counting
        assert firewall.intact()
        assert {"203.0.113.7"} == set(nft.elements("ban4"))
        assert not any("counter" in rule for rule in nft.chain())
        assert (0, 0) == firewall.packets()
        firewall.declare([house("203.0.113.8")], sip_ports=[5060])
        assert firewall.intact()
    assert 1 == caplog.text.count("this kernel cannot count")


def test_a_ban_without_a_table_is_an_error_that_says_so() -> None:
    with Firewall() as firewall, pytest.raises(FirewallError) as caught:
        firewall.ban([house("203.0.113.7")])
    assert errno.ENOENT == caught.value.errno
    assert "cannot add 1 elements to set ban4: No such file or directory (ENOENT)" == str(caught.value)


def test_a_full_set_is_an_error_and_nothing_is_half_done() -> None:
    with Firewall() as firewall:
        firewall.declare()
        nft.run("flush chain inet amiguard guard; delete set inet amiguard ban4")
        nft.run("add set inet amiguard ban4 { type ipv4_addr; flags timeout; size 2; }")
        with pytest.raises(FirewallError) as caught:
            firewall.ban([house("203.0.113.1"), house("203.0.113.2"), house("203.0.113.3")])
        assert errno.ENFILE == caught.value.errno
        assert "set ban4" in str(caught.value)
        assert {} == nft.elements("ban4")


def test_a_set_of_another_kind_is_an_error_when_it_is_read() -> None:
    nft.run("add table inet amiguard; add set inet amiguard ban4 { type inet_service; elements = { 5060 }; }")
    with Firewall() as firewall, pytest.raises(FirewallError, match="a key of 2 bytes instead of 4"):
        held(firewall)


def test_a_table_that_another_process_owns_is_an_error() -> None:
    owner = subprocess.Popen(["nft", "-i"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert owner.stdin
    owner.stdin.write("add table inet amiguard { flags owner; }\n")
    owner.stdin.flush()
    end = time.monotonic() + 5
    while "amiguard" not in nft.run("list", "tables"):
        assert time.monotonic() < end
    with Firewall() as firewall, pytest.raises(FirewallError) as caught:
        firewall.declare()
    owner.communicate()
    assert (errno.EPERM, FirewallError) == (caught.value.errno, type(caught.value))


WITHOUT = """
import ctypes, resource, sys, time
begun = time.monotonic()
from amiguard.firewall.nftables import Firewall
from amiguard.firewall.netlink import NoCapabilityError
try:
    Firewall()
except NoCapabilityError as error:
    print(error)
    sys.exit(time.monotonic() - begun > 10)
sys.exit("it was let in")
"""


def test_without_the_capability_one_line_says_so_at_once() -> None:
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    done = subprocess.run([*drop, sys.executable, "-c", WITHOUT], check=True, capture_output=True, text=True)
    assert (
        "cannot read the firewall: this needs root or the capability CAP_NET_ADMIN (EPERM)\n" == done.stdout
    )
    assert issubclass(NoCapabilityError, FirewallError)


def test_banning_and_listing_do_without_pyroute2() -> None:
    with Firewall() as firewall:
        firewall.declare()
    program = (
        "import sys; from amiguard.firewall.nftables import Firewall; from amiguard.model import Prefix;"
        "from amiguard.firewall.orders import Element;"
        "f = Firewall(); e = Prefix.parse('203.0.113.7');"
        "f.ban([Element(e, 'house', 60.0)]); print(len(list(f.bans()))); f.lift([(e, 'house')]);"
        "print('pyroute2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "1\nFalse\n" == done.stdout


def test_no_socket_is_left_open() -> None:
    before = list(Path("/proc/self/fd").iterdir())
    with Firewall() as firewall:
        firewall.declare([house("203.0.113.7")])
        next(itertools.islice(firewall.bans(), 1))
    assert len(before) == len(list(Path("/proc/self/fd").iterdir()))
