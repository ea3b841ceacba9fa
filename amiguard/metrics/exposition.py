"""Pure: figures -> Prometheus's text format, version 0.0.4.

The client library was considered: its instruments, registry and server would all
stay unused, for what is counted stands elsewhere, and its server takes a thread for
whoever connects.  What is left are the rules below; its parser tests them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX: Final = "amiguard_"
_LABEL: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_HELP: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})


class Sample(NamedTuple):
    """A value, and the labels that tell it from others of its family."""

    value: float
    labels: Mapping[str, str] = {}
    suffix: str = ""


class Family(NamedTuple):
    """All samples of one name, without `amiguard_`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    samples: Sequence[Sample]


def text(families: Iterable[Family]) -> str:
    """The families in their order; one without a sample is told all the same."""
    return "".join(f"{line}\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    name = _PREFIX + family.name
    yield f"# HELP {name} {family.help.translate(_HELP)}"
    yield f"# TYPE {name} {family.kind}"
    for value, labels, suffix in family.samples:
        pairs = ",".join(f'{label}="{each.translate(_LABEL)}"' for label, each in labels.items())
        yield f"{name}{suffix}{{{pairs}}} {value!r}" if pairs else f"{name}{suffix} {value!r}"
