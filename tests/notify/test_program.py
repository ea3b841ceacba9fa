"""A program is told by its standard input, and ends when it must."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from lab import until

from amiguard.notify.program import ToldError, tell

WORDS = b'{"a": 1}'


def run(*command: str, words: bytes = WORDS, limit: float = 30.0) -> None:
    asyncio.run(tell(command, words, limit))


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def complaint(*command: str, words: bytes = WORDS, limit: float = 30.0) -> str:
    with pytest.raises(ToldError) as caught:
        run(*command, words=words, limit=limit)
    return str(caught.value)


def test_it_reads_the_words_and_no_shell_reads_its_arguments(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    code = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read() + sys.argv[2])"
    run(*python(code), str(heard), "$HOME `id`; *")
    assert '{"a": 1}$HOME `id`; *' == heard.read_text(encoding="utf-8")


def test_who_does_not_read_is_told_all_the_same() -> None:
    run("true", words=b"x" * 1_000_000)


def test_how_it_failed_is_said_in_one_short_line() -> None:
    code = "import sys; sys.stderr.write('no\\x1b mail\\n' + 'x' * 1000000); sys.exit(7)"
    assert r"exit status 7: no\x1b mail" == complaint(*python(code))
    assert "exit status 1" == complaint("false")


def test_a_program_that_is_not_there_is_named() -> None:
    assert "cannot be run: [Errno 2] No such file or directory: '/no/such'" == complaint("/no/such")


def test_who_takes_too_long_is_killed_with_all_that_he_has_started(tmp_path: Path) -> None:
    child = tmp_path / "pid"
    script = f"sleep 1000 & echo $! > {child}; wait"
    assert "has not ended within 1 s, and was killed" == complaint("sh", "-c", script, limit=1.0)
    stat = Path(f"/proc/{child.read_text(encoding='ascii').strip()}/stat")

    def gone() -> bool:
        """Whether he is dead; who inherits him may be slow to bury him."""
        try:
            return ") Z " in stat.read_text(encoding="ascii")
        except OSError:
            return True

    until(gone, "the end of the grandchild")


def test_who_reached_some_says_so_by_his_status() -> None:
    for status, partly in ((3, True), (1, False)):
        with pytest.raises(ToldError) as caught:
            run("sh", "-c", f"exit {status}")
        assert partly == caught.value.partly
