"""A report as JSON and as rows."""

from __future__ import annotations

import csv
import io
import json

import pytest
from made import START
from reported import HOSTILE, attack, ban, everywhere, material

from amiguard import views
from amiguard.judge.tallies import HOUR, Tally
from amiguard.report.material import Standing
from amiguard.report.sheets import document, sheet
from amiguard.report.summary import summarise
from amiguard.report.text import lines

TALLY = Tally(int(START // HOUR), "InvalidPassword", "AMI", "TCP", "proven", 3)
HEADS = ["section", "time", "name", "measure", "value"]


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_json_has_each_thing_under_its_name() -> None:
    report = summarise(
        material(
            bans=[ban()], tallies=[TALLY], attacks=[attack(b"102")], running=[Standing(ban().ban, 5, 300)]
        )
    )
    told = json.loads(json.dumps(document(report)))
    assert [{"name": "InvalidPassword", "times": 3}] == told["failures"]["by_event"]
    assert (3, 3) == (told["failures"]["series"][0]["total"], sum(told["failures"]["series"][0]["values"]))
    assert len(told["failures"]["starts"]) == len(told["failures"]["series"][0]["values"])
    assert [{"network": "203.0.113.0/24", "bans": 1, "sources": 1, "packets": 5}] == told["networks"]
    assert ["101"] == [account["name"] for account in told["accounts"]]
    assert (1, 5, 300) == tuple(told["standing"][name] for name in ("total", "packets", "bytes"))
    assert {"records": 0, "sources": []} == told["tampering"]
    assert [("102", "distributed", 12, 36)] == [
        (row["account"], row["attack"], row["sources"], row["failures"]) for row in told["attacks"]
    ]
    assert (None, []) == (told["status"], told["gaps"])


def test_what_was_not_asked_is_null_and_lists_never_are() -> None:
    told = document(summarise(material(running=None)))
    assert (None, None, None) == (told["standing"], told["status"], told["delays"])
    assert [] == told["networks"] == told["accounts"] == told["alarms"] == told["failures"]["by_event"]


def test_csv_has_a_number_a_row() -> None:
    report = summarise(material(bans=[ban()], tallies=[TALLY]))
    head, *found = rows(sheet(report))
    assert HEADS == head
    assert {5} == {len(row) for row in found}
    assert ["failures by service", "", "AMI", "times", "3"] in found
    assert ["networks", "", "203.0.113.0/24", "bans", "1"] in found
    over_time = [int(row[4]) for row in found if row[0] == "failures over time"]
    assert (3, len(report.attempts.starts)) == (sum(over_time), len(over_time))


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name[:20]))
def test_no_name_breaks_a_row_or_is_a_formula(name: bytes) -> None:
    text = sheet(everywhere(name))
    assert all(cell[:1] not in "=+-@" for row in rows(text) for cell in row if cell)
    assert {5} == {len(row) for row in rows(text)}
    assert text.replace("\r\n", "").isprintable()


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name[:20]))
def test_no_name_moves_a_cursor_or_breaks_the_json(name: bytes) -> None:
    report = everywhere(name)
    assert all(line.isprintable() for line in lines(report))
    assert views.document(document(report)).isascii()
