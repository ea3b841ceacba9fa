"""Networks as values."""

from __future__ import annotations

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from amiguard.model import Prefix

PREFIXES = st.builds(
    Prefix.of,
    st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16),
    st.integers(0, 128),
)


@given(PREFIXES)
def test_a_network_is_written_as_everybody_writes_it(prefix: Prefix) -> None:
    address = ip_network((prefix.network, prefix.length))
    assert str(address.network_address) == prefix.address
    assert Prefix.parse(str(address)) == prefix


@given(PREFIXES)
def test_a_network_comes_out_as_it_was_packed(prefix: Prefix) -> None:
    assert prefix == Prefix.unpack(prefix.packed)


@given(PREFIXES, PREFIXES)
def test_only_equal_networks_are_packed_alike(one: Prefix, other: Prefix) -> None:
    assert (one == other) == (one.packed == other.packed)
