"""Pure: news -> the facts that a program is given, and the words that people read."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from amiguard import views
from amiguard.judge import evidence
from amiguard.notify.kinds import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amiguard.notify.gathering import Digest, News

_TEXT: Final = 500
"""Characters of a text that are told."""
_MARKUP: Final = re.compile(r"[^A-Za-z0-9 .,:;()'%=+/-]|(?<=/)/|\.(?=[A-Za-z])")
"""What a mail program or a chat could take for markup, a mention or a link; our own words need none of it."""


def facts(digest: Digest, host: str) -> dict[str, Any]:
    """What has happened, as one JSON object; all that an attacker wrote is escaped."""
    return {
        "version": views.VERSION,
        "host": host,
        "news": [_fact(news) for news in digest.news],
        "more": dict(digest.more),
    }


def title(facts: Mapping[str, Any]) -> str:
    """One line, in which no attacker has a word: the most urgent kind, and how many there are in all."""
    counts = Counter(fact["kind"] for fact in facts["news"]) + Counter(facts["more"])
    first = next(words for kind, words in WORDS.items() if kind in counts)
    others = counts.total() - 1
    return f"amiguard on {plain(facts['host'])}: {first}" + (f", and {others} more" if others > 0 else "")


def body(facts: Mapping[str, Any]) -> str:
    """A line for each thing that has happened."""
    return "\n".join(_lines(facts))


def plain(text: str) -> str:
    """Text of which no mail program and no chat makes anything but text."""
    return _MARKUP.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _fact(news: News) -> dict[str, Any]:
    return {
        "kind": news.kind,
        "time": views.moment(news.time),
        "source": news.source,
        "text": views.printable(news.text[:_TEXT]),
        "evidence": [views.exhibit(each) for each in evidence.unpack(news.evidence)],
    }


def _lines(facts: Mapping[str, Any]) -> Iterator[str]:
    for fact in facts["news"]:
        source = f" {fact['source']}" if fact["source"] else ""
        yield f"{fact['time'][:19].replace('T', ' ')} {fact['kind']}{source}: {plain(fact['text'])}"
    for kind, count in facts["more"].items():
        yield f"and {count} more: {WORDS[kind]}"
    yield "More: amiguard list --all, amiguard status"
