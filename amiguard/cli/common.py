"""Edge: what all commands share: the configuration, errors as one line, and output."""

from __future__ import annotations

import codecs
import errno
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

from amiguard.cli.columns import columns
from amiguard.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from amiguard.config import Config

CONFIG: Final = "/etc/amiguard/amiguard.toml"
_LARGEST: Final = 1 << 20

_Command = TypeVar("_Command", bound=Callable[..., Any])


def config_file(path: str | None) -> str | None:
    """The file that is read: the one that was named, else the usual one; None where that does not exist."""
    return path or (CONFIG if Path(CONFIG).exists() else None)


def read_config(path: str | None) -> Config:
    """Read the configuration; without a path the usual file, or the defaults where there is none.

    Raises:
        ConfigError: the text is wrong.
        OSError: the file that was named cannot be read.
    """
    from amiguard.config import parse  # noqa: PLC0415 - `--help` needs none of it

    name = config_file(path)
    return parse("", "defaults") if name is None else parse(_text_of(Path(name)), name)


def read_with_filters(path: str | None) -> Config:
    """As `read_config`, and every filter that a log names can be used.

    Raises:
        ConfigError: the text is wrong, or a filter is.
        OSError: the file that was named cannot be read.
    """
    config = read_config(path)
    if journals := [number for number, log in enumerate(config.logs, 1) if log.journal]:
        _load_journals(f"{config_file(path)}: log#{journals[0]}.journal")
    foreign = [(number, log.filter) for number, log in enumerate(config.logs, 1) if log.foreign]
    if foreign:
        from amiguard.config import ConfigError  # noqa: PLC0415
        from amiguard.fail2ban.files import complaint  # noqa: PLC0415 - who uses no filter need not load it

        complaints = [
            f"{config_file(path)}: log#{number}.filter = {name!r}: {why_not}"
            for number, name in foreign
            if (why_not := complaint(name))
        ]
        if complaints:
            raise ConfigError("\n".join(complaints))
    return config


def _load_journals(place: str) -> None:
    """Load what reads journals: an extra.

    Raises:
        ConfigError: it is not there, or finds no libsystemd.
    """
    from amiguard.config import ConfigError  # noqa: PLC0415

    try:
        import amiguard.sources.journal  # noqa: F401, PLC0415 - who reads no journal need not have it
    except ImportError as error:
        raise ConfigError(f"{place}: needs cysystemd ({error}): pip install 'amiguard[journal]'") from error


def _text_of(file: Path) -> str:
    """What a configuration file holds, without the mark that some editors put before it.

    Raises:
        ConfigError: it is no text that a configuration could be.
        OSError: it cannot be read, or not without waiting.
    """
    from amiguard.config import ConfigError  # noqa: PLC0415

    data = _bytes_of(file)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConfigError(f"{file}: this is UTF-16; save it as UTF-8")
    if len(data) > _LARGEST:
        raise ConfigError(f"{file}: over {_LARGEST} bytes, so it is no configuration")
    return data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")


def _bytes_of(file: Path) -> bytes:
    """A little more than `_LARGEST` at most; only a pipe is waited for, others have what they have."""
    wait = 0 if file.is_fifo() else os.O_NONBLOCK

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | wait)

    with open(file, "rb", opener=opener) as opened:
        data: bytes | None = opened.read(_LARGEST + 1)
    if data is None:
        raise OSError(errno.EAGAIN, "not a file: it would keep us waiting", str(file))
    return data


def config_or_exit(path: str | None, read: Callable[[str | None], Config] = read_config) -> Config:
    """What `read` reads; an error ends the program with exit code 2."""
    from amiguard.config import ConfigError  # noqa: PLC0415

    try:
        return read(path)
    except ConfigError as error:
        fail(str(error), Exit.USAGE)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", Exit.USAGE)


def with_config(command: _Command) -> _Command:
    """Give the command an option `--config`."""
    option = click.option(
        "--config", "config_path", metavar="FILE", help=f"Configuration file (default: {CONFIG})."
    )
    return option(command)


def with_json(command: _Command) -> _Command:
    """Give the command an option `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def fail(text: str, code: int) -> NoReturn:
    """Say why, and end with this exit code."""
    for line in text.splitlines():
        click.echo(f"amiguard: {line}", err=True)
    sys.exit(code)


def reports(command: _Command) -> _Command:
    """Turn refusals of the service into one line and the exit code they name."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        from amiguard.asking import ControlError  # noqa: PLC0415

        try:
            return command(*args, **kwargs)
        except ControlError as error:
            fail(str(error), error.code)
        except BrokenPipeError:
            sys.stderr.close()  # the reader has seen enough; Python would complain at exit
            sys.exit(Exit.DONE)

    return wrapped  # type: ignore[return-value]  # functools.wraps keeps the signature, which mypy cannot see


def print_json_lists(**lists: Iterable[str]) -> None:
    """Print `{"version": 1, NAME: [rows], ...}` as the rows come."""
    write = sys.stdout.write
    write('{"version": 1')
    for name, rows in lists.items():
        write(f', "{name}": [')
        between = ""
        for row in rows:
            write(between)
            write(row)
            between = ", "
        write("]")
    write("}\n")
    sys.stdout.flush()


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as they must be; the last one may be as long as it likes."""
    for line in columns(heads, rows):
        click.echo(line)
