"""Pure: Asterisk's security advisories, and the versions that they end with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.asterisk.audit.facts import Version

WEB_CRASH: Final = "GHSA-3rhj-hhw7-m6fw"
_SUPPORTED: Final = 20


class Advisory(NamedTuple):
    """One advisory: by branch the first release without it; `only`: the releases that have it.

    Branches older than the newest one named, and not named themselves, are never mended.
    """

    id: str
    what: str
    fixed: tuple[tuple[int, int, int], ...]
    only: tuple[tuple[int, int, int], ...] = ()

    def affects(self, version: Version) -> bool:
        """Whether a version has it, by its number."""
        if self.only:
            return version.number in self.only
        branch = next((fixed for fixed in self.fixed if fixed[0] == version.major), None)
        return version.number < branch if branch else version.major < max(self.fixed)[0]


ADVISORIES: Final = (
    Advisory(
        WEB_CRASH,
        "anybody crashes it by the AMI over HTTP digest, if HTTP and webenabled are on",
        ((20, 20, 1), (21, 12, 3), (22, 10, 1), (23, 4, 1)),
    ),
    Advisory("GHSA-c4cg-9275-6w44", "write=originate gives a shell", ((18, 24, 2), (20, 9, 2), (21, 4, 2))),
    Advisory(
        "GHSA-33x6-fj46-6rfh",
        "ListCategories leaves the configuration's folder",
        ((18, 26, 1), (20, 11, 1), (21, 6, 1), (22, 1, 1)),
    ),
    Advisory("GHSA-8857-hfmw-vg8f", "GetConfig reads any file", ((18, 20, 1), (20, 5, 1), (21, 0, 1))),
    Advisory(
        "GHSA-wcvv-g26m-wx5c",
        "an ARI user that may only read can write",
        ((20, 20, 1), (21, 12, 3), (22, 10, 1), (23, 4, 1)),
    ),
    Advisory(
        "GHSA-vrfp-mg3q-3959",
        "ARI writes files",
        ((20, 20, 1), (21, 12, 3), (22, 10, 1), (23, 4, 1)),
    ),
    Advisory(
        "GHSA-64qc-9x89-rx5j",
        "a malformed Authorization header crashes PJSIP",
        ((20, 15, 2), (21, 10, 2), (22, 5, 2)),
    ),
    Advisory(
        "GHSA-qqxj-v78h-hrf9",
        "every SIP request matches an endpoint",
        ((18, 23, 1), (20, 8, 1), (21, 3, 1)),
        only=((18, 23, 0), (20, 8, 0), (21, 3, 0)),
    ),
)


def affecting(version: Version) -> Iterator[Advisory]:
    """The advisories of a version."""
    return (each for each in ADVISORIES if each.affects(version))


def by_id(name: str) -> Advisory:
    """The advisory of that name."""
    return next(each for each in ADVISORIES if each.id == name)


def is_ended(version: Version) -> bool:
    """Whether its branch gets no more security releases: 18 and older, and the short-lived 19."""
    return version.major < _SUPPORTED
