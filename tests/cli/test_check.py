"""`check` says plainly how things stand, and ends with 1 if something stands in the way."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import certificates
import fakeasterisk
import pytest
import written
from click.testing import CliRunner
from lab import PROGRAM, Ran, Service, attack, attempt, run
from noticing import guess

from amiguard.cli import check_ami, cli
from amiguard.firewall.beside import Others
from amiguard.sight import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kernel]


def found(ran: Ran) -> dict[str, tuple[str, str]]:
    findings: list[dict[str, Any]] = ran.json["findings"]
    assert all({"level", "subject", "text", "mend"} == each.keys() for each in findings)
    return {each["subject"]: (each["level"], each["text"]) for each in findings}


def as_json(source: str) -> bytes:
    """A wrong password in a JSON log."""
    return written.as_json(attempt(source).partition(b".c: ")[2].rstrip())


@contextlib.contextmanager
def asterisk(root: Path, **users: str) -> Iterator[tuple[fakeasterisk.Manager, str]]:
    """An Asterisk, and the configuration to listen to it, as amiguard or with this user and secret."""
    manager = fakeasterisk.Manager()
    ((user, secret),) = (users or {"amiguard": "s3cr3t"}).items()
    (root / "secret").write_text(secret, encoding="utf-8")
    (root / "secret").chmod(0o600)
    with fakeasterisk.Server(manager.serve) as server:
        ami = f'[[ami]]\nport = {server.port}\nusername = "{user}"\nsecret_file = "{root}/secret"\n'
        yield manager, ami


def of_ami(ran: Ran) -> tuple[str, str, str]:
    """What was found of the AMI: level, text and mend."""
    [told] = [each for each in ran.json["findings"] if each["subject"].startswith("ami 127.0.0.1:")]
    assert "s3cr3t" not in ran.out
    return told["level"], told["text"], told["mend"]


def test_a_guarded_host_is_all_right(tmp_path: Path) -> None:
    log = f'[[log]]\npath = "{tmp_path}/notice"\nfilter = "asterisk-notice"\n'
    with asterisk(tmp_path) as (_, ami), Service(tmp_path, ami + log) as service:
        service.write(as_json("203.0.113.7"))
        service.write(guess(b"101"), tmp_path / "notice")
        ran = service.command("check", "--json")
    told = found(ran)
    assert (0, 1) == (ran.code, ran.json["version"])
    assert {"ok"} == {level for level, _ in told.values()}
    assert "json, 1 events and 0 ambiguous" in told[str(service.log)][1]
    assert "logs in, and hears security events" == of_ami(ran)[1]
    assert "classic, 1 notices and 0 ambiguous" in told[str(tmp_path / "notice")][1]
    assert ("ok", "full") == told["sight"]
    assert "guarding since" in told["service"][1]


def test_what_a_classic_log_alone_cannot_show_is_said_with_its_mend(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.write(attack("203.0.113.7"))
    ran = service.command("check", "--json")
    sight = {each["subject"]: each["mend"] for each in ran.json["findings"] if "sight" in each["subject"]}
    names = ("oversize-blind", "crlf-blind", "quote-blind", "utf8-blind")
    assert {f"sight: {name}": BY_NAME[name].mend for name in names} == sight
    service.news.close()


def test_what_is_missing_is_a_warning_with_its_mend(tmp_path: Path) -> None:
    service = Service(tmp_path, logs=("security", "empty", "other"))
    (tmp_path / "empty").touch()
    (tmp_path / "other").write_text("not a log\n", encoding="utf-8")
    ran = service.command("check", "--json")
    told = found(ran)
    assert 0 == ran.code
    assert ("warning", "does not exist yet; it is followed when it does") == told[str(service.log)]
    assert ("ok", "empty so far") == told[str(tmp_path / "empty")]
    assert ("warning", "holds no security event") == told[str(tmp_path / "other")]
    assert "warning" == told["service"][0]
    assert "WARNING" in service.command("check").out
    service.news.close()


def test_json_is_the_better_log_and_needs_no_mend(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.write(as_json("203.0.113.7"))
    assert ("ok", "json, 1 events and 0 ambiguous records at its end") == found(
        service.command("check", "--json")
    )[str(service.log)]
    service.news.close()


def test_what_stands_in_the_way_is_exit_code_1(tmp_path: Path) -> None:
    service = Service(tmp_path, logs=("folder",))
    (tmp_path / "folder").mkdir()
    ran = service.command("check", "--json")
    assert (1, "amiguard: something stands in the way\n") == (ran.code, ran.err)
    assert ("error", "not a regular file") == found(ran)[str(tmp_path / "folder")]
    service.news.close()


def test_a_dry_run_is_said(tmp_path: Path) -> None:
    file = tmp_path / "amiguard.toml"
    file.write_text(f'[service]\ndry_run = true\nstate_dir = "{tmp_path}/a/b/c"\n', encoding="utf-8")
    told = found(run("check", "--json", "--config", str(file)))
    assert ("warning", "dry_run is on: nobody is kept out") == told["firewall"]
    assert "ok" == told["store"][0]


def test_hostile_bytes_in_a_log_are_no_trouble(tmp_path: Path) -> None:
    service = Service(tmp_path, logs=("security", "*.log"))
    (tmp_path / "\x07\x9b2J.log").touch()
    service.write(b"\x1b[2J\xff\x00\n" * 50 + attack("203.0.113.7"))
    ran = service.command("check")
    assert 0 == ran.code
    assert ran.out.replace("\n", "").isprintable()
    service.news.close()


def test_the_usual_file_is_named_where_it_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "amiguard.toml"
    file.write_text(f'[service]\nstate_dir = "{tmp_path}/state"\n', encoding="utf-8")
    monkeypatch.setattr("amiguard.cli.common.CONFIG", str(file))
    (told,) = (
        each
        for each in json.loads(CliRunner().invoke(cli, ["check", "--json"]).stdout)["findings"]
        if each["subject"] == "configuration"
    )
    assert str(file) == told["text"]


def test_the_usual_file_is_named_where_it_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amiguard.cli.common.CONFIG", str(tmp_path))
    ran = CliRunner().invoke(cli, ["status"])
    assert (2, f"amiguard: {tmp_path}: Is a directory\n") == (ran.exit_code, ran.stderr)


def checked(root: Path, settings: str) -> Ran:
    """`check` with these settings, and no service."""
    file = root / "amiguard.toml"
    file.write_text(f'[service]\nstate_dir = "{root}/state"\n{settings}', encoding="utf-8")
    return run("check", "--json", "--config", str(file))


def test_an_ami_that_lets_us_hear_nothing_is_said_with_its_mend(tmp_path: Path) -> None:
    with asterisk(tmp_path, deaf="hört nichts") as (_, ami):
        ran = checked(tmp_path, ami)
    level, text, mend = of_ami(ran)
    assert (1, "error") == (ran.code, level)
    assert "not even our own log-in was heard: the AMI user deaf lacks read = security" in text
    assert "read = security,system" in mend


def test_a_refused_log_in_is_said(tmp_path: Path) -> None:
    with asterisk(tmp_path, amiguard="s3cr3t-of-yesterday") as (_, ami):
        level, text, _ = of_ami(checked(tmp_path, ami))
    assert ("error", "Asterisk refuses the log-in: Authentication failed") == (level, text)


def test_a_user_who_may_not_ask_for_phones_is_said(tmp_path: Path) -> None:
    with asterisk(tmp_path) as (manager, ami):
        manager.answers[b"DBGetTree"] = fakeasterisk.DENIED
        ran = checked(tmp_path, ami)
    level, text, mend = of_ami(ran)
    assert (0, "warning") == (ran.code, level)
    assert "may not ask which phones" in text
    assert "write = reporting" in mend


def test_a_port_where_nobody_listens_is_said(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cr3t", encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ran = checked(tmp_path, f'[[ami]]\nport = {port}\nsecret_file = "{tmp_path}/secret"\n')
    assert ("error", "Connection refused") == of_ami(ran)[:2]


def test_a_server_without_tls_or_with_anothers_certificate_is_said(tmp_path: Path) -> None:
    context = certificates.server(certificates.ELSEWHERE, tmp_path)
    with asterisk(tmp_path) as (manager, ami):
        plain = of_ami(checked(tmp_path, f"{ami}tls = true\n"))
        with fakeasterisk.Server(manager.serve, context) as server:
            other = f'[[ami]]\nport = {server.port}\nsecret_file = "{tmp_path}/secret"\ntls = true\n'
            foreign = of_ami(checked(tmp_path, other))
    assert plain[1].startswith("no TLS: ")
    assert foreign[1].startswith("its certificate proves nothing: ")
    assert {"error"} == {plain[0], foreign[0]}


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_ami, "PATIENCE", 0.2)
    (tmp_path / "secret").write_text("s3cr3t", encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        ran = checked(tmp_path, f'[[ami]]\nport = {port}\nsecret_file = "{tmp_path}/secret"\n')
        assert time.monotonic() - began < check_ami.PATIENCE + 10
    assert ("error", "does not let us hear anything within 0.2 s") == of_ami(ran)[:2]


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_mark_before_the_configuration_is_no_mistake(tmp_path: Path, mark: bytes) -> None:
    file = tmp_path / "amiguard.toml"
    file.write_bytes(mark + b"[service]\ndry_run = true\n")
    told = found(run("check", "--json", "--config", str(file)))
    assert "dry_run is on: nobody is kept out" == told["firewall"][1]


def test_a_configuration_of_another_encoding_is_named_so(tmp_path: Path) -> None:
    file = tmp_path / "amiguard.toml"
    file.write_bytes("[service]\n".encode("utf-16"))
    assert f"amiguard: {file}: this is UTF-16; save it as UTF-8\n" == run("check", "--config", str(file)).err


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("/dev/zero", "over 1048576 bytes, so it is no configuration"),
        ("/dev/ptmx", "not a file: it would keep us waiting"),
    ],
)
def test_a_file_without_an_end_is_no_configuration(file: str, why: str) -> None:
    ran = subprocess.run(
        [*PROGRAM, "check", "--config", file], capture_output=True, text=True, timeout=30, check=False
    )
    assert (2, f"amiguard: {file}: {why}\n") == (ran.returncode, ran.stderr)


def test_a_pipe_is_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(
        [*PROGRAM, "check", "--config", str(pipe)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as check:
        pipe.write_text("nonsense = 1\n", encoding="utf-8")
        _, errors = check.communicate(timeout=30)
    assert b"nonsense" in errors


def test_a_log_of_no_size_is_not_read(tmp_path: Path) -> None:
    """As are files of /proc, some of which would keep us waiting."""
    service = Service(tmp_path, logs=("/proc/self/environ",))
    service.news.close()
    assert ("ok", "empty so far") == found(service.command("check", "--json"))["/proc/self/environ"]


def test_a_log_of_notices_with_other_levels_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an error where it is named, as a warning where a glob has met it."""
    (tmp_path / "logger.conf").write_text(f"[logfiles]\n{tmp_path}/notice => notice,error\n")
    monkeypatch.setattr("amiguard.asterisk.discover.discover.__defaults__", (str(tmp_path), ""))
    for name in ("notice", "messages"):
        (tmp_path / name).write_bytes(guess(b"101"))
    for pattern, levels in (("notice", ["error"]), ("[mn]*e*", ["warning", "warning"])):
        file = tmp_path / "amiguard.toml"
        file.write_text(f'[[log]]\npath = "{tmp_path}/{pattern}"\nfilter = "asterisk-notice"\n')
        ran = run("check", "--json", "--config", str(file))
        refused = [each for each in ran.json["findings"] if "is not read: " in each["text"]]
        assert levels == [each["level"] for each in refused]
        assert "it holds error beside notice" in refused[-1]["text"]
        assert "notice => notice" in refused[-1]["text"]


def test_notices_alone_are_not_enough(tmp_path: Path) -> None:
    file = tmp_path / "amiguard.toml"
    file.write_text(f'[[log]]\npath = "{tmp_path}/notice"\nfilter = "asterisk-notice"\n')
    told = found(run("check", "--json", "--config", str(file)))
    assert "nothing tells of security events" in told["discovery"][1]


@pytest.mark.nft
def test_a_trial_ban_leaves_nothing_behind(tmp_path: Path) -> None:
    told = found(checked(tmp_path, ""))
    assert "ok" == told["trial ban"][0]
    assert told["trial ban"][1].startswith("192.0.2.")
    assert ("ok", "none sees packets before ours") == told["other tables"]
    tables = subprocess.run(["nft", "list", "tables"], check=True, capture_output=True, text=True)
    assert "" == tables.stdout


def test_tables_that_let_packets_pass_ours_by_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for there, level in ((Others((), ("inet fw ft",)), "warning"), (Others(("ip raw a",), ()), "ok")):
        monkeypatch.setattr("amiguard.cli.check_firewall.others", lambda _, there=there: there)
        told = found(checked(tmp_path, ""))
        assert level == told["other tables"][0]
        assert (there.flows or there.earlier)[0] in told["other tables"][1]


def test_a_clock_behind_that_of_asterisk_is_said(tmp_path: Path) -> None:
    (tmp_path / "now").write_bytes(attack("203.0.113.7"))
    (tmp_path / "later").write_bytes(attack("203.0.113.7", time.time() + 3600))
    now = found(checked(tmp_path, f'[[log]]\npath = "{tmp_path}/now"\n'))
    later = found(checked(tmp_path, f'[[log]]\npath = "{tmp_path}/*"\n'))
    assert ("ok", "no event is ahead of this clock") == now["time"]
    assert "warning" == later["time"][0]
    assert "s ahead of this clock" in later["time"][1]


def doubts(root: Path, logger: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is doubtful of a log below the folder that Asterisk logs to."""
    log = root / "security"
    log.write_bytes(attack("203.0.113.7"))
    (root / "asterisk.conf").write_text(f"[directories]\nastetcdir = {root}\nastlogdir = {root}\n")
    (root / "logger.conf").write_text(f"[logfiles]\n{logger}\n")
    monkeypatch.setattr("amiguard.asterisk.discover.discover.__defaults__", (str(root), ""))
    ran = checked(root, f'[[log]]\npath = "{log}"\n')
    told = [each for each in ran.json["findings"] if each["subject"] == str(log)]
    assert "ok" == told[0]["level"]
    assert all(each["level"] == "warning" and each["mend"] for each in told[1:])
    return [each["text"] for each in told[1:]]


def test_a_log_of_the_security_level_alone_is_beyond_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [] == doubts(tmp_path, "security => security", monkeypatch)
    assert [] == doubts(tmp_path, "security => [json]security,error", monkeypatch)


@pytest.mark.parametrize(
    ("levels", "form"), [("[json]security", "json"), ("security", "classic"), ("[plain]security", "classic")]
)
@pytest.mark.parametrize("text", ["", "[Nov 22 07:32:52] Asterisk 22.10.1 built by nobody @ pbx\n"])
def test_of_a_log_just_begun_the_form_is_known_from_logger_conf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, levels: str, form: str, text: str
) -> None:
    """As after each rotation: nothing is amiss, and what will not be seen is no surprise."""
    log = tmp_path / "security"
    log.write_text(text, encoding="utf-8")
    (tmp_path / "logger.conf").write_text(f"[logfiles]\n{log} => {levels}\n")
    monkeypatch.setattr("amiguard.asterisk.discover.discover.__defaults__", (str(tmp_path), ""))
    told = found(checked(tmp_path, f'[[log]]\npath = "{log}"\n'))
    assert "ok" == told[str(log)][0]
    assert (form == "json") is ("sight: quote-blind" not in told)
    assert "sight: oversize-blind" in told


def test_a_log_that_asterisk_does_not_write_is_doubtful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ["no line of logger.conf writes it"] == doubts(tmp_path, "other => security", monkeypatch)


def test_a_log_that_strangers_can_write_into_is_doubtful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [text] = doubts(tmp_path, "security => security,error,debug", monkeypatch)
    assert text.startswith("carries debug, error, too: a stranger's packet can write records into it")


def test_a_log_that_is_silent_for_days_is_doubtful(tmp_path: Path) -> None:
    log = tmp_path / "security"
    log.write_bytes(attack("203.0.113.7"))
    long_ago = time.time() - 3 * 86400
    os.utime(log, (long_ago, long_ago))
    ran = checked(tmp_path, f'[[log]]\npath = "{log}"\n')
    assert "nothing was written into it for 3 days" in [each["text"] for each in ran.json["findings"]]
