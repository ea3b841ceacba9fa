"""`audit` says what is open, ends as the table of exit codes says, and shows no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lab import Ran, run

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2-hunter2-hunter2"
BAD = (
    "[general]\nenabled = yes\nbindaddr = 127.0.0.1\n"
    f"[bob]\nsecret = {SECRET}\nread = call\nwrite = originate\n"
)
GOOD = "[general]\nenabled = no\n"


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A configuration folder, and a configuration of amiguard's beside it."""
    (tmp_path / "amiguard.toml").touch()
    path = tmp_path / "etc"
    path.mkdir(mode=0o750)
    return path


def audit(etc: Path, *words: str) -> Ran:
    return run("audit", str(etc), *words, "--config", str(etc.parent / "amiguard.toml"))


def test_findings_are_exit_code_1_and_say_what_to_write(etc: Path) -> None:
    (etc / "manager.conf").write_text(BAD)
    ran = audit(etc)
    assert 1 == ran.code
    assert "HIGH\n  AMI003  [bob] may log in from every address\n" in ran.out
    assert f"          {etc}/manager.conf:7  write = originate\n" in ran.out
    assert "          mend: deny = 0.0.0.0/0\n                deny = ::/0\n" in ran.out
    assert ran.out.endswith("2 high, 1 medium\n")
    assert SECRET not in ran.out + ran.err


def test_json_has_every_finding(etc: Path) -> None:
    (etc / "manager.conf").write_text(BAD)
    ran = audit(etc, "--json")
    assert (1, 1, []) == (ran.code, ran.json["version"], ran.json["unread"])
    assert ["AMI003", "AMI014", "AMI028"] == [each["rule"] for each in ran.json["findings"]]
    first = ran.json["findings"][0]
    assert ["rule", "severity", "title", "text", "lines", "gain", "mend"] == list(first)
    assert [{"file": f"{etc}/manager.conf", "line": 4, "text": "[bob]"}] == first["lines"]
    assert SECRET not in ran.out


@pytest.mark.parametrize(("severity", "code"), [("info", 1), ("medium", 1), ("high", 1), ("critical", 0)])
def test_the_severity_decides_what_counts(etc: Path, severity: str, code: int) -> None:
    (etc / "manager.conf").write_text(BAD)
    assert code == audit(etc, "--severity", severity).code


def test_nothing_found_is_exit_code_0(etc: Path) -> None:
    (etc / "manager.conf").write_text(GOOD)
    ran = audit(etc)
    assert (0, "no findings\n") == (ran.code, ran.out)


def test_what_cannot_be_read_is_exit_code_5_unless_something_was_found(etc: Path) -> None:
    (etc / "http.conf").symlink_to(etc / "http.conf")
    (etc / "manager.conf").write_text(GOOD)
    ran = audit(etc)
    reason = f"{etc}/http.conf cannot be read: Too many levels of symbolic links"
    assert (5, f"not looked at: {reason}\nno findings\n") == (ran.code, ran.out)
    assert [reason] == audit(etc, "--json").json["unread"]
    (etc / "manager.conf").write_text(BAD)
    assert 1 == audit(etc).code


def test_a_folder_that_is_not_there_is_exit_code_5(etc: Path) -> None:
    etc.rmdir()
    ran = audit(etc)
    assert 5 == ran.code
    assert f"not looked at: {etc}: no configuration of Asterisk's in it\n" in ran.out


def test_a_secret_is_in_no_line_that_is_quoted_or_refused(etc: Path) -> None:
    (etc / "manager.conf").write_text(
        f"{BAD}#secret={SECRET}\n#exec /bin/x {SECRET}\n[bob]\nsecret={SECRET};x\n"
    )
    (etc / "sip.conf").write_text(f"[general]\nregister => me:{SECRET}@x\n[101\nsecret={SECRET}\n")
    (etc / "iax.conf").write_text(
        f"[general]\nregister => me:{SECRET}@x\n[a]\ntype=user\nsecret={SECRET[:7]}\n"
    )
    (etc / "extensions.conf").write_text(
        f"[default]\nexten => _X.,1,Dial(IAX2/me:{SECRET}@x/${{EXTEN}})\n"
        f"exten => 1,1,DISA({SECRET})\nexten => _X.,2,System(a ${{EXTEN}} me:{SECRET}@x)\n"
    )
    for words in (("--severity", "info"), ("--severity", "info", "--json")):
        ran = audit(etc, *words)
        assert {"DPL001", "CFG001", "CFG002", "AMI010"} <= set(
            ran.out.replace('"', " ").replace(",", " ").split()
        )
        assert SECRET[:7] not in ran.out + ran.err


def test_hostile_names_do_not_reach_the_terminal(etc: Path) -> None:
    (etc / "manager.conf").write_bytes(BAD.replace("bob", "b\x1b]0;x\x07\x9b2J").encode() + b"x\xff = \xfe\n")
    for words in ((), ("--json",)):
        assert audit(etc, *words).out.replace("\n", "").isprintable()


def test_a_rule_is_explained(etc: Path) -> None:
    ran = audit(etc, "--explain", "ami002")
    assert (0, True) == (ran.code, ran.out.startswith("## AMI002: an address list keeps out IPv4 alone\n"))
    assert 40 < audit(etc, "--explain", "all").out.count("\n## ")
    (rule,) = audit(etc, "--explain", "AMI002", "--json").json["rules"]
    assert ("AMI002", "high", ["manager.conf", "acl.conf"]) == (rule["rule"], rule["severity"], rule["reads"])
    ran = audit(etc, "--explain", "AMI999")
    assert (3, True) == (ran.code, ran.err.startswith("amiguard: no rule 'AMI999'; there are CFG001, "))


def test_the_user_of_amiguards_own_configuration_is_the_one_that_is_judged(etc: Path) -> None:
    (etc / "manager.conf").write_text(BAD)
    (etc.parent / "amiguard.toml").write_text('[[ami]]\nusername = "bob"\n')
    texts = [each["text"] for each in audit(etc, "--json").json["findings"] if each["rule"] == "AMI028"]
    assert "[bob], amiguard's own user, may write originate, which it never needs" in texts
