"""Friend and foe on a real Asterisk: what is spared and why, and what `check` says of its AMI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lab import run, until
from realpbx import AMI_PORT
from realsite import PBX4
from sipphone import Line, Phone

if TYPE_CHECKING:
    from realsite import Site

pytestmark = pytest.mark.asterisk


def checked(site: Site, user: str, secret: str) -> tuple[str, str]:
    """What `check` says of the AMI to this user: level and text."""
    root = site.folder
    (root / "secret").write_text(secret, encoding="utf-8")
    (root / "secret").chmod(0o600)
    file = root / "check.toml"
    file.write_text(
        f'[service]\nstate_dir = "{root}/state"\n[[log]]\npath = "{root}/none"\n'
        f'[[ami]]\nport = {AMI_PORT}\nusername = "{user}"\nsecret_file = "{root}/secret"\n',
        encoding="utf-8",
    )
    with site.host.inside():
        findings = run("check", "--json", "--config", str(file)).json["findings"]
    [told] = [each for each in findings if each["subject"].startswith("ami ")]
    assert secret not in str(findings)
    return told["level"], told["text"]


def test_check_says_how_a_real_manager_receives_us(site: Site) -> None:
    pbx = site.pbx.ami()
    assert ("ok", "logs in, and hears security events") == checked(site, pbx.user, pbx.secret)
    level, text = checked(site, pbx.deaf_user, pbx.deaf_secret)
    assert ("error", True) == (level, "lacks read = security" in text)
    refused = ("error", "Asterisk refuses the log-in: Authentication failed")
    assert refused == checked(site, pbx.user, "yesterday's")


def test_check_says_that_a_user_may_not_ask_for_phones(site: Site) -> None:
    site.pbx.rewrite("manager.conf", "[hears]\nsecret = hears-only\nread = security\n")
    site.pbx.cli("manager reload")
    level, text = checked(site, "hears", "hears-only")
    assert ("warning", True) == (level, "may not ask which phones and trunks there are" in text)


def test_a_shared_source_under_attack_is_spared_and_told_with_its_evidence(site: Site) -> None:
    address = site.phones.address4
    with site.guarded() as service:
        with Line(site.phones, PBX4, "TCP") as line:
            for number in range(101, 107):
                assert 200 == Phone(line, str(number)).register()
            until(lambda: service.status()["friendly"], "a friend")
            for _ in range(60):
                assert 401 == Phone(line, "110").register("wrong")
        until(lambda: service.status()["alarms"], "the alarm")
        status = service.status()
        [friend] = status["friendly"]
        assert (address, "shared source", "log-in", 6) == (
            friend["address"],
            friend["kind"],
            friend["origin"],
            friend["accounts"],
        )
        [alarm] = status["alarms"]
        assert ("suppressed", address) == (alarm["kind"], alarm["source"])
        assert {"110"} == {record["account"] for record in alarm["evidence"]}
        assert {} == service.bans()
