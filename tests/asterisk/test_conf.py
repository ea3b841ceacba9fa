"""Asterisk's configuration language is read as main/config.c reads it."""

from __future__ import annotations

import re
import time
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amiguard.asterisk.conf import ConfError, load
from amiguard.asterisk.lines import Lines

if TYPE_CHECKING:
    from amiguard.asterisk.sections import Conf


def read(main: str | bytes, **included: str | bytes) -> Conf:
    """Load `main` as x.conf, the others being NAME.conf beside it."""
    texts = {f"{name}.conf": text for name, text in ({"x": main} | included).items()}
    files = {name: text.encode() if isinstance(text, str) else text for name, text in texts.items()}
    return load("x.conf", lambda glob: [(name, data) for name, data in files.items() if fnmatch(name, glob)])


def pairs(conf: Conf) -> dict[str, list[tuple[str, str]]]:
    """Sections that have names of their own, as plain values."""
    return {each.name: [(v.name, v.value) for v in each.variables] for each in conf.sections}


def value(text: str) -> str | None:
    """What Asterisk makes of ``k`` in the text, which stands in a section."""
    return read("[s]\n" + text).get("s", "k")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k=v", "v"),
        ("k = v \t\r", "v"),
        ("k => v", "v"),
        ("k = > v", "> v"),
        ("k = a = b", "a = b"),
        ("k =", ""),
        ("K = v", "v"),
        ("\\k = v", "v"),
        ("k = 1\nk = 2", "1"),
        ("k = a;b", "a"),
        (r"k = a\;b\;c ; d", "a;b;c"),
        ("k = a ;-- gone --; b", "a  b"),
        (";-- one ;-- two --; still --;k = v", "v"),
        (";-- k = 1\nk = 2 --;\nk = 3", "3"),
        (";--- a plain comment\nk = v", "v"),
        (";-- a --\\;\nk = u\n--;\nk = v", "v"),
        ("k = a--;b\n", "a--;b"),
        ("j = a--;b\nk = 1\n;--\nk = 2", "2"),
        ("k = a\nk += b", "a b"),
        ("k = a\nk += b,\nk+= c", "a b, c"),
        ("k += a", "a"),
        ("k +=> a", "> a"),
        ("k = a\nK += b", "a"),
        ("k = 1\nk = 2\nk += 3", "1"),
        ("k = 1\nk = 1\nk += 2", "1 2"),
        ("k = v\0w", "v"),
    ],
)
def test_a_value_is_what_asterisk_makes_of_it(text: str, expected: str) -> None:
    assert expected == value(text)


def test_plus_equals_makes_the_last_of_exactly_that_name_longer() -> None:
    conf = read("[s]\nk = 1\nK = 2\nk = 3\nk += 4\n")
    assert pairs(conf)["s"] == [("k", "1"), ("K", "2"), ("k", "3 4")]


def test_an_escaped_name_may_begin_with_the_equals_sign() -> None:
    assert pairs(read("[s]\n\\=a = b\n\\[x] = c")) == {"s": [("=a", "b"), ("[x]", "c")]}


def test_a_line_says_where_it_stands_even_when_inherited_or_included() -> None:
    conf = read("[t](!)\n\na = 1\n#include i.conf\n[s](t)\n", i="; first\nb = 2\n")
    section = conf.section("s")
    assert section is not None
    assert [(v.name, v.file, v.line) for v in section.variables] == [("a", "x.conf", 3), ("b", "i.conf", 2)]
    assert section.place == ("x.conf", 5)


def test_a_byte_order_mark_is_skipped() -> None:
    assert pairs(read(b"\xef\xbb\xbf[s]\nk=v")) == {"s": [("k", "v")]}


def test_bytes_that_are_no_utf8_survive() -> None:
    conf = read(b"[s]\nk = \xe9\n[\xc4]\n")
    assert (conf.get("s", "k") or "").encode("utf-8", "surrogateescape") == b"\xe9"
    assert conf.section("\udce4") is None, "the case of other letters than ASCII is not folded"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[t](!)\na=1\n[s](t)\nb=2", [("a", "1"), ("b", "2")]),
        ("[t](!)\na=1\n[u](!)\nb=2\n[s](u,t)", [("b", "2"), ("a", "1")]),
        ("[t]\na=1\n[s](T)", [("a", "1")]),
        ("[s]\na=1\n[x]\n[S](+)\nb=2", [("a", "1"), ("b", "2")]),
        ("[t](!)\na=1\n[s]\n[s](t,+)\nb=2", [("a", "1"), ("b", "2")]),
        ("[t](!)\na=1\n[s]\n[s](+,t)", [("a", "1")]),
        ("[s]\na=1\n[s](+,s)", [("a", "1"), ("a", "1")]),
        ("[f]\na=1\n[s]()", [("a", "1")]),
        ("[s] (!)\na=1", [("a", "1")]),
        ("[s]trailing\na=1", [("a", "1")]),
        ("[s](!)\nz=0\n[s]\ntype=aor\n[s]\ntype=auth\n[s](+type=aor)\na=1", [("type", "aor"), ("a", "1")]),
    ],
)
def test_a_section_inherits_and_grows(text: str, expected: list[tuple[str, str]]) -> None:
    section = read(text).section("s")
    assert section is not None
    assert expected == [(v.name, v.value) for v in section.variables]


@pytest.mark.parametrize(
    ("wanted", "line"),
    [("", 3), ("TEMPLATES=include", 1), ("TEMPLATES = restrict", 1), ("k=^2$&TEMPLATES=include", 3)],
)
def test_an_addition_goes_to_the_first_section_that_passes_its_filter(wanted: str, line: int) -> None:
    conf = read(f"[s](!)\nk=1\n[s]\nk=2\n[s](+{wanted})\nadded=1")
    assert [line] == [each.place.line for each in conf.sections if each.get("added")]


@pytest.mark.parametrize("wanted", ["k", "k=3", "k=(", "TEMPLATES=what", "TEMPLATES=restrict&k=2"])
def test_a_filter_that_nothing_passes_makes_the_file_void(wanted: str) -> None:
    with pytest.raises(ConfError, match=r"x\.conf:5: it adds to \['s'\], which does not exist"):
        read(f"[s](!)\nk=1\n[s]\nk=2\n[s](+{wanted})\nadded=1")


def test_an_addition_can_turn_a_section_into_a_template() -> None:
    assert read("[s]\n[s](!,+)\n").section("s") is None


def test_the_first_section_of_a_name_is_found_in_any_case_and_templates_are_not() -> None:
    conf = read("[S](!)\nk=0\n[s]\nk=1\n[S]\nk=2\n")
    assert conf.get("S", "K") == "1"
    assert conf.get("t", "k") is None
    assert conf.get("s", "other") is None


def test_names_are_cut_as_in_asterisk() -> None:
    assert [each.name for each in read(f"[{'x' * 90}]").sections] == ["x" * 79]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[s\n", "x.conf:1: no closing ']'"),
        ("[s](a\n", "x.conf:1: no closing ')'"),
        ("\nk = v\n", "x.conf:2: a variable before the first section"),
        ("[s](none)\n", "x.conf:1: it inherits from ['none'], which does not exist"),
        ("[t](!)\n[s](t, t)\n", "x.conf:2: it inherits from [' t'], which does not exist"),
        ("[s]()\n", "x.conf:1: it inherits from [''], which does not exist"),
        ("[s](+)\n", "x.conf:1: it adds to ['s'], which does not exist"),
        ("[s](!)\n[s](+)\n", "x.conf:2: it adds to ['s'], which does not exist"),
        ("[s]\n\\ = v\n", "x.conf:2: a backslash before nothing"),
        (
            "#include no\x1bne\n",
            "x.conf:1: it includes 'no\\x1bne', which is missing, unreadable or nested too deeply",
        ),
    ],
)
def test_an_error_makes_the_whole_file_void_and_is_placed(text: str, message: str) -> None:
    with pytest.raises(ConfError) as caught:
        read(text)
    assert message == str(caught.value)


def test_a_file_that_is_not_there_is_said() -> None:
    with pytest.raises(ConfError) as caught:
        load("logger.conf", lambda _: [])
    assert str(caught.value) == "logger.conf does not exist, or cannot be read"


@pytest.mark.parametrize("written", ['"i.conf"', "<i.conf>", "i.conf", "  i.conf  ; why"])
def test_an_include_may_be_quoted(written: str) -> None:
    conf = read(f"[s]\n#INCLUDE {written}\nb=2", i="a=1\n[t]\nc=3")
    assert pairs(conf) == {"s": [("a", "1"), ("b", "2")], "t": [("c", "3")]}


def test_after_an_include_its_file_goes_on_in_its_own_section_and_the_next_include_in_the_newest() -> None:
    conf = read("[s]\n#include i.conf\n#include j.conf\nb=2", i="[t]\n", j="c=3")
    assert pairs(conf) == {"s": [("b", "2")], "t": [("c", "3")]}


def test_a_glob_includes_all_its_files_and_a_section_or_comment_left_open_goes_on_in_the_next() -> None:
    conf = read("#include i*.conf", i1="[s]\n;-- open", i2="a=1 --;\nb=2")
    assert pairs(conf) == {"s": [("b", "2")]}


def test_a_try_include_may_be_missing() -> None:
    assert pairs(read("#tryinclude none.conf\n[s]")) == {"s": []}


def test_an_error_in_an_included_file_ends_that_file_alone() -> None:
    conf = read("[s]\n#include i.conf\nb=2", i="a=1\n[t\nc=3")
    assert pairs(conf) == {"s": [("a", "1"), ("b", "2")]}
    assert list(map(str, conf.notes)) == ["i.conf:2: no closing ']'"]


def test_exec_is_reported_and_never_run() -> None:
    conf = read('[s]\n#exec "/bin/rm -rf /"\nk=v')
    assert list(map(str, conf.commands)) == ["x.conf:2: /bin/rm -rf /"]
    assert pairs(conf) == {"s": [("k", "v")]}


def test_what_asterisk_warns_of_is_noted() -> None:
    long = "k = " + "v" * 8187
    conf = read(f"[s]\nnothing\n= v\n#what i.conf\n#include\n{long}\n;-- open")
    assert list(map(str, conf.notes)) == [
        "x.conf:2: no name before a '=', and ignored",
        "x.conf:3: no name before a '=', and ignored",
        "x.conf:4: unknown directive '#what'",
        "x.conf:5: #include of nothing",
        "x.conf:6: the line is too long, and ignored",
        "x.conf:0: a block comment is not closed, and hides what follows",
    ]


def test_a_note_belongs_to_one_file_of_a_glob() -> None:
    conf = read("[s]\n#include i*.conf", i1="v" * 8190, i2="")
    assert [str(note) for note in conf.notes] == ["i1.conf:1: the line is too long, and ignored"]


def test_a_line_of_8190_bytes_is_read() -> None:
    assert value("k = " + "v" * 8185) == "v" * 8185
    assert value("k = " + "v" * 8186) is None


def test_a_file_that_includes_itself_ends_after_eleven_levels() -> None:
    conf = read("[s]\nk=v\n#tryinclude x.conf")
    assert len(conf.sections) == 11


def test_inclusion_without_end_is_refused() -> None:
    with pytest.raises(ConfError, match="the files included are more than 1000, or than 64 MiB"):
        read("[s]\n" + "#tryinclude x.conf\n" * 3)


def test_inheritance_without_end_is_refused() -> None:
    doubling = "[s0]\nk=v\n" + "".join(f"[s{n + 1}](s{n},s{n})\n" for n in range(40))
    with pytest.raises(ConfError, match="the sections have more than 1000000 variables"):
        read(doubling)


def test_ten_megabytes_and_ten_thousand_sections_take_about_a_second() -> None:
    body = "".join(
        f"[user{n}]\n" + "some_option = some value of length\n" * 29 + "; why\n" for n in range(10_000)
    )
    begin = time.process_time()
    conf = read(body)
    assert len(conf.sections) == 10_000
    assert time.process_time() - begin < 2.5, "0.65 s on an idle machine of 2024"


@given(st.binary(max_size=300) | st.text(alphabet='[]()!+,=>;-\\#"<\n ab', max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        sections = read(data).sections
    except ConfError as error:
        place = re.match(r"x\.conf:([0-9]+): ", str(error))
        lines = [int(place[1]) if place else 0]
    else:
        lines = [v.line for each in sections for v in each.variables]
    assert all(0 < line <= data.count(b"\n") + 1 for line in lines)


def reference(data: bytes) -> list[bytes]:
    """The comment loop of ``config_text_file_load``, statement for statement, on a NUL-terminated buffer."""
    comment, result = 0, []
    for line in data.split(b"\n"):
        buffer = bytearray(line + b"\0")
        process, new = (None, 0) if comment else (0, 0)
        while (at := buffer.find(b";", new, buffer.index(0, new))) >= 0:
            if at > new and buffer[at - 1 : at] == b"\\":
                new = at
                del buffer[at - 1]
            elif buffer[at + 1 : at + 3] == b"--" and buffer[at + 3 : at + 4] != b"-":
                buffer[at] = 0
                new = at + 3
                comment += 1
            elif at >= new + 2 and buffer[at - 2 : at] == b"--":
                comment -= 1
                new = at + 1
                if not comment:
                    if process is None:
                        process = new
                    else:
                        old = buffer.index(0, process)
                        buffer[old:] = buffer[new:]
                        new = old
            elif not comment:
                buffer[at] = 0
                new = at
            else:
                new = at + 1
        if process is not None:
            result.append(bytes(buffer[process : buffer.index(0, process)]).strip(bytes(range(33))))
    return [line for line in result if line]


@settings(max_examples=500)
@given(st.text(alphabet=";;;---\\a\n", max_size=60).map(str.encode))
@example(b";--;\na")
@example(b"a--;--;a;--a\na")
@example(b";--a\\;--;a;a")
def test_comments_are_taken_away_as_asterisks_own_loop_does(data: bytes) -> None:
    assert reference(data) == [line for _, line in Lines().read(data)]
