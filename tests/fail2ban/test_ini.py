"""fail2ban's configuration language: what overrides what, and what refers to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amiguard.fail2ban.files import find, load
from amiguard.fail2ban.ini import FilterError, Layers, Settings, read

if TYPE_CHECKING:
    from pathlib import Path


def settings(*files: str, **given: str) -> Settings:
    layers = Layers()
    for text in files:
        layers.add(read(text, "x.conf"))
    return Settings(layers, given)


def test_a_value_refers_to_others_of_its_section_and_to_the_defaults() -> None:
    text = "[DEFAULT]\na = 1\nb = 2\n[Definition]\nb = 3\nc = %(a)s%(b)s%%"
    assert "13%" == settings(text).get("c")


def test_a_value_refers_to_another_section() -> None:
    text = "[DEFAULT]\nz = 0\n[lt]\na = 1%(z)s\n[Definition]\nb = %(lt/a)s <lt/a> %(default/z)s"
    assert "10 10 0" == settings(text).get("b")


def test_a_value_refers_to_what_it_overrides() -> None:
    before, file = "[DEFAULT]\nd = x\n[Definition]\na = 1", "[Definition]\na = %(known/a)s2\nd = %(known/d)sy"
    assert ("12", "xy") == (settings(before, file).get("a"), settings(before, file).get("d"))


def test_tags_are_replaced_from_the_inside_out() -> None:
    text = "[Definition]\na = <m-<mode>> <HOST>\nm-normal = 1\nm-hard = 2\n[Init]\nmode = normal"
    assert "1 <HOST>" == settings(text).get("a")
    assert "2 <HOST>" == settings(text, mode="hard").get("a")


def test_what_a_jail_gives_wins() -> None:
    assert "2" == settings("[Definition]\na = %(b)s\nb = 1", b="2").get("a")


def test_lines_go_on_and_comments_end() -> None:
    text = "[Definition]\n# no\nfailregex = ^a$ ; a comment\n            ^b;$\n\n[Init]\n"
    assert "^a$\n^b;$" == settings(text).get("failregex")


def test_there_need_not_be_a_value() -> None:
    assert settings("[Definition]\na =").get("b") is None
    assert settings("[Other]\na = 1").get("a") is None


BILLION = "\n".join(
    ("[Definition]", "a0 = ab", *(f"a{n + 1} = " + f"%(a{n})s" * 10 for n in range(9)), "a = %(a9)s")
)


@pytest.mark.parametrize(
    "text",
    [
        "[Definition]\na = %(b)s",
        "[Definition]\na = %(a)s",
        "[Definition]\na = %(b)s\nb = %(a)s",
        "[Definition]\na = <a>",
        "[Definition]\na = <b>\nb = x<c>\nc = <b>",
        "[Definition]\na = %(known/a)s",
        BILLION,
    ],
)
def test_what_refers_to_nothing_or_itself_or_far_too_much_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        settings(text).get("a")


@pytest.mark.parametrize("text", ["a = 1", "[x]\nno value", "[x]\n[x]\n", "[x]\na = 1\na = 2\n"])
def test_what_is_not_in_this_language_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(FilterError, match=r"x\.conf"):
        read(text, "x.conf")


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")


def test_files_are_laid_over_one_another_in_fail2bans_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_conf="[INCLUDES]\nbefore = one.conf\nafter = two.conf no.conf\n[Definition]\na = %(known/a)sM",
        main_local="[Definition]\na = %(known/a)sL",
        one_conf="[Definition]\na = 1",
        one_local="[Definition]\na = %(known/a)sl",
        two_conf="[Definition]\na = %(known/a)s2",
    )
    assert "1lM2L" == Settings(load(tmp_path / "main.conf"), {}).get("a")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[INCLUDES]\nbefore = missing.conf", "missing.conf: No such file"),
        ("[Definition]\na = \udcff", "main.conf"),
        ("x" * 1_100_000, "main.conf: larger than"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "main.conf").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(FilterError, match=why):
        load(tmp_path / "main.conf")


def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_conf="[INCLUDES]\nbefore = b.conf\n[Definition]\na = %(known/a)sA",
        b_conf="[INCLUDES]\nbefore = a.conf\n[Definition]\na = B",
    )
    assert "BA" == Settings(load(tmp_path / "a.conf"), {}).get("a")


def test_a_filter_includes_so_many_files_at_most(tmp_path: Path) -> None:
    names = [f"f{n}.conf" for n in range(60)]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "main.conf").write_text("[INCLUDES]\nbefore = " + "\n ".join(names), encoding="utf-8")
    with pytest.raises(FilterError, match="more than 50 files"):
        load(tmp_path / "main.conf")


def test_a_filter_is_found_by_name_or_path(tmp_path: Path) -> None:
    write(tmp_path, sshd_conf="")
    empty = tmp_path / "empty"
    assert tmp_path / "sshd.conf" == find("sshd", (empty, tmp_path)) == find(str(tmp_path / "sshd.conf"), ())
    with pytest.raises(FilterError, match="no filter sshd"):
        find("sshd", (empty,))
