"""What cannot be seen is named, in one table for all who show it."""

from __future__ import annotations

import pytest
import readme

from amiguard.sight import BLINDNESSES, NOTICES, sight


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ([], ["blind"]),
        (["json"], ["oversize-blind", "utf8-blind"]),
        (["ami"], ["crlf-blind", "utf8-blind"]),
        (["classic"], ["oversize-blind", "crlf-blind", "quote-blind", "utf8-blind"]),
        (["classic", "ami"], ["crlf-blind", "utf8-blind"]),
        (["json", "ami"], ["utf8-blind"]),
        (["json", "ami", NOTICES], ["full"]),
        (["classic", NOTICES], ["oversize-blind", "crlf-blind", "quote-blind"]),
        ([NOTICES], ["blind"]),
    ],
)
def test_what_one_channel_shows_no_other_need_show(forms: list[str], expected: list[str]) -> None:
    assert expected == sight(forms, over_http=False)


def test_only_a_json_log_cannot_be_forged_by_ami_over_http() -> None:
    assert "forgeable" in sight(["classic", "ami"], over_http=True)
    assert "forgeable" not in sight(["json", "ami"], over_http=True)


def test_readme_has_the_table() -> None:
    expected = [(f"`{each.name}`", each.meaning, each.mend) for each in BLINDNESSES]
    assert expected == readme.table("sight", "means", "mend")
