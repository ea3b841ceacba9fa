"""The laboratory itself, and what the AMI client must do with any Asterisk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sipwords
from anyasterisk import AnyAsterisk
from fakeasterisk import Pbx  # noqa: TC002
from lab import until
from realsite import PBX4, PBX6
from sipphone import Line, Phone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realsite import Site

pytestmark = pytest.mark.asterisk


class TestRealAsterisk(AnyAsterisk):
    """What the stand-in of the other tests does, a real one does, too."""

    @pytest.fixture
    def pbx(self, site: Site) -> Iterator[Pbx]:
        with site.host.inside():
            yield site.pbx.ami()


@pytest.mark.parametrize("server", [PBX4, PBX6])
@pytest.mark.parametrize("transport", sipwords.PORTS)
def test_phones_log_in_over_every_transport(site: Site, transport: str, server: str) -> None:
    with site.guarded() as service, Line(site.phones, server, transport) as line:
        assert 200 == Phone(line, "101").register()
        assert 401 == Phone(line, "102").register("wrong")
        until(lambda: 1 == service.status()["friends"], "a friend")
        assert {} == service.bans()


def test_both_channels_are_followed(site: Site) -> None:
    with site.guarded() as service:
        for source in service.status()["sources"]:
            assert source["state"] in {"following", "listening"}
        assert ["utf8-blind"] == service.status()["sight"]
