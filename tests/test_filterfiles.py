"""Our files go into a fail2ban tree and out of it, and nobody else's is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amiguard import filterfiles
from amiguard.filterfiles import TreeError, install, uninstall

if TYPE_CHECKING:
    from pathlib import Path

JAILS = "jail.d/amiguard.conf"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with a file of the distribution's."""
    for part in ("filter.d", "action.d", "jail.d"):
        (tmp_path / part).mkdir()
    (tmp_path / "filter.d" / "sshd.conf").write_text("theirs", encoding="utf-8")
    return tmp_path


def contents(tree: Path) -> dict[str, bytes]:
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def done(steps: list[filterfiles.Step]) -> set[str]:
    return {step.done for step in steps}


def test_every_file_of_the_folder_has_its_place_in_the_tree(tree: Path) -> None:
    ours = {str(path.relative_to(filterfiles.folder())) for path in filterfiles.folder().rglob("*.conf")}
    assert ours == {path.removeprefix("filter.d/") for path in filterfiles.shipped()}
    assert {"new"} == done(install(tree))
    for path, source in filterfiles.shipped().items():
        assert source.read_bytes() == (tree / path).read_bytes()
        assert 0o644 == (tree / path).stat().st_mode & 0o777


def test_a_second_installation_changes_nothing(tree: Path) -> None:
    install(tree)
    times = {path: path.stat().st_mtime_ns for path in tree.rglob("*")}
    assert {"unchanged"} == done(install(tree))
    assert times == {path: path.stat().st_mtime_ns for path in tree.rglob("*")}


def test_what_was_installed_is_removed_and_nothing_else(tree: Path) -> None:
    before = contents(tree)
    install(tree)
    assert {"removed"} == done(uninstall(tree))
    assert before == contents(tree)
    assert [] == uninstall(tree)


def test_a_file_of_somebody_else_is_set_aside(tree: Path) -> None:
    (tree / JAILS).write_text("theirs", encoding="utf-8")
    [step] = [step for step in install(tree) if step.path == JAILS]
    assert ("replaced", "what was there is now amiguard.conf.before-amiguard") == (step.done, step.note)
    assert b"theirs" == contents(tree)[f"{JAILS}.before-amiguard"]


def test_no_copy_overwrites_an_earlier_one(tree: Path) -> None:
    for text in ("one", "two"):
        (tree / JAILS).write_text(text, encoding="utf-8")
        install(tree)
    found = contents(tree)
    assert [b"one", b"two"] == [found[f"{JAILS}.before-amiguard{n}"] for n in ("", "1")]


def test_an_edited_file_stays_at_removal(tree: Path) -> None:
    install(tree)
    (tree / JAILS).write_text("edited", encoding="utf-8")
    assert [(JAILS, "kept")] == [(step.path, step.done) for step in uninstall(tree) if step.done != "removed"]
    assert b"edited" == contents(tree)[JAILS]


def test_an_older_version_of_ours_is_brought_up_to_date(
    tree: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tmp_path_factory.mktemp("older")
    (older / "jail.d").mkdir()
    (older / "jail.d" / "amiguard.conf").write_text("older", encoding="utf-8")
    (older / "amiguard-retired.conf").write_text("retired", encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(filterfiles, "folder", lambda: older)
        install(tree)
    steps = {step.path: step.done for step in install(tree)}
    assert ("updated", "removed") == (steps[JAILS], steps["filter.d/amiguard-retired.conf"])
    assert not list(tree.rglob("*.before-amiguard*"))


def test_a_folder_that_is_no_tree_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TreeError, match=r"it has no filter\.d"):
        install(tmp_path)


@pytest.mark.parametrize("text", ["[]", "{", '{"x"'])
def test_a_spoilt_list_of_our_files_is_an_error(tree: Path, text: str) -> None:
    (tree / ".amiguard.json").write_text(text, encoding="utf-8")
    with pytest.raises(TreeError, match="makes no sense"):
        install(tree)


def test_a_list_that_names_other_files_removes_none_of_them(tree: Path) -> None:
    (tree / ".amiguard.json").write_text('{"../x.conf": "1", "jail.conf": "1"}', encoding="utf-8")
    assert [] == uninstall(tree)
