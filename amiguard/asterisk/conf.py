"""Pure: Asterisk's configuration language -> sections of variables, each with its file and line.

It reads as Asterisk does (main/config.c, 16 to 23), so that what it shows is
what Asterisk has understood, and not what the administrator meant.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from amiguard.asterisk.lines import BLANKS, Lines
from amiguard.asterisk.sections import Conf, Note, Place, Section, Variable, fold, to_bytes, to_text

ReadFiles = Callable[[str], Iterable[tuple[str, bytes]]]
"""Gives path and content of every readable file that a name or glob stands for, in the order of glob(3)."""

MOST_BYTES = 64 * 2**20
"""More than this, all files together, is refused."""

_DEEPEST = 11  # Asterisk's MAX_INCLUDE_LEVEL, and the file that it begins with
_LONGEST_NAME = 79
_MOST_FILES = 1000
_MOST_VARIABLES = 1_000_000

_BRACKET, _HASH, _BACKSLASH, _PLUS = b"[#\\+"
_DIRECTIVE = re.compile(rb"#([^\x00-\x20]*)(.*)", re.DOTALL)
_TEMPLATES: dict[str, tuple[bool, ...]] = {"include": (False, True), "restrict": (True,)}
_CLOSING = {b'"': b'"', b"<": b">"}


class ConfError(ValueError):
    """Asterisk would discard this file, or it is larger than anything sane; the text names file and line.

    `note` is the same in its parts, where a line is to blame.
    """

    def __init__(self, text: str, note: Note | None = None) -> None:
        super().__init__(text)
        self.note = note


class ConfMissingError(ConfError):
    """There is no such file, or none that can be read."""


def load(name: str, read: ReadFiles) -> Conf:
    """Read a file, and through the same `read` what it includes.

    Raises:
        ConfMissingError: it is missing.
        ConfError: an error in it makes Asterisk discard it whole, or it is endless.
    """
    loader = _Loader(read)
    try:
        found = loader.load(name)
    except _VoidError as error:
        raise ConfError(str(error.note), error.note) from None
    if not found:
        raise ConfMissingError(f"{name} does not exist, or cannot be read")
    return loader.conf()


class _VoidError(Exception):
    """Asterisk reads no further in this file, and discards it if it is the first."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(place, text)
        self.note = Note(place, text)


@dataclass(slots=True, eq=False)
class _Draft:
    """A section while it grows."""

    name: str
    place: Place
    template: bool = False
    variables: list[Variable] = field(default_factory=list)

    def finished(self) -> Section:
        return Section(self.name, self.place, self.template, tuple(self.variables))


class _Loader:
    """Reads files into drafts, `_current` being the section that an included file goes on with."""

    def __init__(self, read: ReadFiles) -> None:
        self._read = read
        self._level = self._files = self._bytes = self._variables = 0
        self._drafts: list[_Draft] = []
        self._named: defaultdict[str, list[_Draft]] = defaultdict(list)
        self._current: _Draft | None = None
        self._notes: list[Note] = []
        self._commands: list[Note] = []
        self._cut: list[Place] = []

    def conf(self) -> Conf:
        """What has been read."""
        sections = tuple(draft.finished() for draft in self._drafts)
        return Conf(sections, tuple(self._notes), tuple(self._commands), frozenset(self._cut))

    def load(self, name: str) -> bool:
        """Read the files that the name stands for, and say whether there are any."""
        if self._level == _DEEPEST:
            return False
        # After a _VoidError the level stays up, as it does in Asterisk.
        self._level += 1
        lines, draft, found = Lines(), self._current, False
        for path, data in self._read(name):
            self._count(path, data)
            draft = self._file(path, data, lines, draft)
            found = True
        if lines.unterminated:
            self._notes.append(Note(Place(name, 0), "a block comment is not closed, and hides what follows"))
        self._level -= 1
        return found

    def _count(self, path: str, data: bytes) -> None:
        self._files += 1
        self._bytes += len(data)
        if self._files > _MOST_FILES or self._bytes > MOST_BYTES:
            raise ConfError(f"{path}: the files included are more than {_MOST_FILES}, or than 64 MiB")

    def _file(self, path: str, data: bytes, lines: Lines, draft: _Draft | None) -> _Draft | None:
        """Read one file, beginning in the section `draft`; give the section in which it ends."""
        for number, line in lines.read(data):
            if line[0] == _BRACKET:
                draft = self._header(line, Place(path, number))
            elif line[0] == _HASH:
                self._directive(line, Place(path, number))
            elif draft is None:
                raise _VoidError(Place(path, number), "a variable before the first section")
            else:
                self._assignment(draft, line, path, number)
        self._notes += (
            Note(Place(path, number), "the line is too long, and ignored") for number in lines.too_long
        )
        self._cut += (Place(path, number) for number in lines.cut)
        lines.too_long.clear()
        lines.cut.clear()
        return draft

    def _header(self, line: bytes, place: Place) -> _Draft:
        """Begin or reopen a section.  Only a ``(`` right behind the ``]`` begins options, as in Asterisk."""
        name, closing, rest = line[1:].partition(b"]")
        if not closing:
            raise _VoidError(place, "no closing ']'")
        new = _Draft(to_text(name[:_LONGEST_NAME]), place)
        options, closing, _ = rest[1:].partition(b")")
        if rest.startswith(b"(") and not closing:
            raise _VoidError(place, "no closing ')'")
        draft = self._options(new, to_text(name), options, place) if rest.startswith(b"(") else new
        if draft is new:
            self._drafts.append(new)
            self._named[fold(new.name)].append(new)
        self._current = draft
        return draft

    def _options(self, draft: _Draft, name: str, options: bytes, place: Place) -> _Draft:
        """Apply ``(!,a,b,+)`` in order; give the section that is meant, which is another one after ``+``."""
        for option in map(to_text, options.split(b",")):
            if option == "!":
                draft.template = True
            elif option.startswith("+"):
                draft = self._reopen(draft, name, option[1:], place)
            else:
                base = self._find(option, "TEMPLATES=include")
                if base is None:
                    raise _VoidError(place, f"it inherits from [{option!r}], which does not exist")
                self._grow(draft, tuple(base.variables))
        return draft

    def _reopen(self, new: _Draft, name: str, wanted: str, place: Place) -> _Draft:
        old = self._find(name, wanted)
        if old is None:
            raise _VoidError(place, f"it adds to [{name!r}], which does not exist")
        if old is not new:
            old.template |= new.template
            self._grow(old, new.variables)
        return old

    def _find(self, name: str, wanted: str) -> _Draft | None:
        """The first section of that name that passes the filter; without a name, of all."""
        drafts = self._named.get(fold(name), []) if name else self._drafts
        return next((draft for draft in drafts if _passes(draft, wanted)), None)

    def _directive(self, line: bytes, place: Place) -> None:
        match = _DIRECTIVE.match(line)
        assert match is not None, "every line that begins with # matches"
        word, argument = fold(to_text(match[1])), match[2].strip(BLANKS)
        if word not in {"include", "tryinclude", "exec"}:
            # What follows a `=` may be a secret that somebody wanted to comment out.
            self._notes.append(Note(place, f"unknown directive {'#' + word.partition('=')[0]!r}"))
        elif not argument:
            self._notes.append(Note(place, f"#{word} of nothing"))
        elif word == "exec":
            self._commands.append(Note(place, to_text(_unquoted(argument))))
        else:
            self._include(to_text(_unquoted(argument)), place, optional=word == "tryinclude")

    def _include(self, name: str, place: Place, *, optional: bool) -> None:
        """Read another file here.  An error in it ends that file, and not this one, as in Asterisk."""
        try:
            found = self.load(name)
        except _VoidError as error:
            self._notes.append(error.note)
        else:
            if not found and not optional:
                raise _VoidError(
                    place, f"it includes {name!r}, which is missing, unreadable or nested too deeply"
                )

    def _assignment(self, draft: _Draft, line: bytes, file: str, number: int) -> None:
        """``name = value``, ``name => value`` or ``name += value``; a backslash first is not of the name."""
        begin = line[0] == _BACKSLASH
        if begin and not line[1:2].strip(BLANKS):
            raise _VoidError(Place(file, number), "a backslash before nothing")
        at = line.find(b"=", begin * 2)
        adds = at > begin * 2 and line[at - 1] == _PLUS
        name, value = to_text(line[begin : at - adds].strip(BLANKS)), line[at + 1 :]
        if at < 0 or not name:
            self._notes.append(Note(Place(file, number), "no name before a '=', and ignored"))
        elif not adds or not _appended(draft, name, value):
            value = value[1:] if value[:1] == b">" and not adds else value
            self._grow(draft, (Variable(name, to_text(value.strip(BLANKS)), file, number),))

    def _grow(self, draft: _Draft, variables: Sequence[Variable]) -> None:
        self._variables += len(variables)
        if self._variables > _MOST_VARIABLES:
            raise ConfError(f"{draft.place}: the sections have more than {_MOST_VARIABLES} variables")
        draft.variables += variables


def _unquoted(argument: bytes) -> bytes:
    """Without ``"..."`` or ``<...>``, if both ends are there."""
    closing = _CLOSING.get(argument[:1])
    return argument[1:-1] if closing and argument.endswith(closing) else argument


def _appended(draft: _Draft, name: str, more: bytes) -> bool:
    """Lengthen the variable that ``+=`` means; False if there is none.

    Asterisk takes the last of exactly that name, then changes the first that is equal to it in any case.
    """
    last = next((each for each in reversed(draft.variables) if each.name == name), None)
    if last is None:
        return False
    value = to_text((to_bytes(last.value) + more).strip(BLANKS))
    for index, each in enumerate(draft.variables):
        if fold(each.name) == fold(name) and (not last.value or fold(each.value) == fold(last.value)):
            draft.variables[index] = each._replace(name=name, value=value)
            break
    return True


def _passes(draft: _Draft, wanted: str) -> bool:
    """Whether a section passes the filter of ``[name](+...)``: ``TEMPLATES=``, or regexes, ``name=value``."""
    pairs = [[part.strip() for part in each.split("=")] for each in wanted.split("&") if wanted]
    if any(len(pair) == 1 for pair in pairs):
        return False
    allowed = [_TEMPLATES.get(fold(pair[1]), ()) for pair in pairs if pair[0] == "TEMPLATES"] or [(False,)]
    return all(draft.template in each for each in allowed) and all(
        _holds(draft, *pair[:2]) for pair in pairs if pair[0] != "TEMPLATES"
    )


def _holds(draft: _Draft, name: str, value: str) -> bool:
    try:
        name_found, value_found = re.compile(name).search, re.compile(value).search
    except re.error:
        return False
    return any(name_found(each.name) and value_found(each.value) for each in draft.variables)
