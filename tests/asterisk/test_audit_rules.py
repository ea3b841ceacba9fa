"""Each rule finds what it is for, and not what has been mended; its page says all of it."""

from __future__ import annotations

import re

import pytest
from audited import SECRET, files_of, findings, site_of

from amiguard.asterisk.audit.facts import Facts
from amiguard.asterisk.audit.report import page, rows, summary, text
from amiguard.asterisk.audit.rule import Rule, Severity
from amiguard.asterisk.audit.rules import BY_ID, RULES, audit
from amiguard.asterisk.audit.site import FILES

EACH = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


@EACH
def test_the_bad_example_is_found_and_the_good_one_is_not(rule: Rule) -> None:
    found = [each for each in findings(rule.bad.text, rule.bad.facts) if each.rule == rule.id]
    assert rule.severity == max(each.severity for each in found)
    assert [] == [each for each in findings(rule.good.text, rule.good.facts) if each.rule == rule.id]


@EACH
def test_a_rule_reads_what_it_says_it_reads(rule: Rule) -> None:
    assert set(rule.reads) <= set(FILES)
    for example in (rule.bad, rule.good):
        assert files_of(example.text).keys() <= set(FILES)
        assert bool(example.beside) == (example.facts != Facts())


@EACH
def test_the_page_of_a_rule_has_both_examples(rule: Rule) -> None:
    shown = page(rule)
    assert shown.startswith(f"## {rule.id}: {rule.title}\n\nSeverity: {rule.severity.word} at most.")
    for part in (rule.gain, rule.mend, rule.bad.text.strip(), rule.good.text.strip(), rule.good.beside):
        assert part in shown
    assert not shown.count("```") % 2


@EACH
def test_no_output_shows_a_secret(rule: Rule) -> None:
    for example in (rule.bad, rule.good):
        secrets = set(re.findall(r"(?:secret|password|md5_cred) = ([^\s;\\]{4,})", example.text)) | {SECRET}
        found = findings(example.text, example.facts)
        shown = "\n".join(text(found)) + repr(rows(found))
        said = shown.replace(rule.mend, "").replace("panel", "")
        assert [] == [each for each in secrets if each in said and not each.isdecimal()]


@EACH
def test_a_rule_that_cannot_read_its_files_has_no_say(rule: Rule) -> None:
    site = site_of(rule.bad.text, rule.bad.facts)
    object.__setattr__(site, "unread", frozenset(rule.reads))
    assert not rule.reads or rule.id not in {each.rule for each in audit(site)}


def test_there_are_all_the_rules() -> None:
    expected = {
        *(f"AMI{n:03}" for n in range(1, 29)),
        *(f"LOG{n:03}" for n in range(1, 6)),
        *(f"PJS{n:03}" for n in range(1, 5)),
        *("CFG001", "CFG002", "HTTP001", "ARI001", "SIP001", "IAX001", "DPL001", "SYS001", "SYS002"),
    }
    assert expected == BY_ID.keys()
    assert len(RULES) == len(BY_ID)


def test_the_worst_comes_first_and_each_severity_has_a_heading() -> None:
    found = findings("=== manager.conf ===\n[general]\nenabled = yes\n[bob]\nsecret = bob\nread = call\n")
    assert sorted(-each.severity for each in found) == [-each.severity for each in found]
    headings = [line for line in text(found) if line.isupper()]
    assert list(dict.fromkeys(each.severity.name for each in found)) == headings
    assert summary(found).startswith(
        f"{sum(each.severity is Severity.CRITICAL for each in found)} critical, "
    )
    assert "no findings" == summary([])


def test_an_ami_that_is_off_has_low_findings_alone() -> None:
    found = findings("=== manager.conf ===\n[general]\nenabled = no\n[bob]\nsecret =\nwrite = all\n")
    assert {"AMI003", "AMI008", "AMI014"} <= {each.rule for each in found}
    assert "AMI001" not in {each.rule for each in found}, "it listens nowhere"
    assert {Severity.LOW} == {each.severity for each in found}
    assert all(each.text.endswith("(the AMI is off)") for each in found)


def test_hostile_names_are_escaped_on_a_terminal() -> None:
    shown = "\n".join(
        text(findings("=== manager.conf ===\n[general]\nenabled=1\n[\x1b[2J\x07]\nsecret = a\n"))
    )
    assert "\\x1b" in shown
    assert shown.replace("\n", "").isprintable()
