"""Edge: Asterisks from Debian packages, each in a chroot that is built once and kept.

As a program it builds those that are missing, or says what this machine lacks:

    python tests/asterisk/chroots.py
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

CACHE = Path(os.environ.get("AMIGUARD_LAB", "/var/cache/amiguard-lab"))
SUITES = {"16": "bullseye", "22": "sid"}
"""Which suite of Debian has which Asterisk; the stable ones since have none."""

HOST = "host"
"""A whole machine beside them: what boots, with an Asterisk, and with what `make install` needs."""

HOSTNAME = "pbx"
WORKSPACE = "lab"
"""Where, in a chroot, an instance has everything it writes."""

_VERSION_FILE = ".asterisk-version"
_PACKAGES_FILE = ".packages"
"""In the `HOST`, those that it was built with."""
_PACKAGES = ("asterisk", "asterisk-modules")
_HOST_RELEASE = "22"
_HOST_PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "nftables", "logrotate"),
    *("make", "python3", "python3-venv"),
    "fail2ban",  # a newer one than the stable release's
)
_PLAIN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
_FILES = {
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",  # nothing may start a service in there
    # A mirror that no longer follows a suite has an expired Release file; its signature still counts.
    "etc/apt/apt.conf.d/90lab": 'Acquire::Check-Valid-Until "false";\n',
    "etc/dpkg/dpkg.cfg.d/90lab": "".join(
        f"path-exclude=/usr/share/{each}/*\n" for each in ("doc", "man", "info", "locale")
    ),
    # Asterisk asks for its host's name when it starts.
    "etc/hosts": f"127.0.0.1 localhost {HOSTNAME}\n",
}


class LackError(Exception):
    """This machine cannot have the laboratory; says why."""


def lack() -> str:
    """What this machine lacks for building and running; empty if nothing."""
    if os.geteuid():
        return "needs root: for chroots, namespaces and mounts"
    if not shutil.which("apt-get"):
        return "needs Debian (apt-get): Asterisk comes from Debian's packages"
    absent = [name for name in ("unshare", "setpriv", "chroot") if not shutil.which(name)]
    return f"needs {', '.join(absent)}" if absent else ""


def path(release: str) -> Path:
    """Where a release is, or is to be; or the `HOST`."""
    return CACHE / (release if release == HOST else f"asterisk{release}")


def version(release: str) -> str:
    """The version of a built release, such as `22.10.1`; empty if it is not built."""
    file, packed = path(release) / _VERSION_FILE, path(release) / _PACKAGES_FILE
    if release == HOST and not (packed.exists() and packed.read_text("ascii").split() == [*_HOST_PACKAGES]):
        return ""
    return file.read_text(encoding="ascii").strip() if file.exists() else ""


def build(release: str) -> Path:
    """Build a release, or the `HOST`, if it is missing; others who build wait for each other.

    Raises:
        LackError: this machine cannot, or the suite has another Asterisk now.
        subprocess.CalledProcessError: a step failed; its output has been shown.
    """
    if reason := lack():
        raise LackError(reason)
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not version(release):
            _build(release)
    return path(release)


def _build(release: str) -> None:
    """Build beside the place, and move there only what is whole."""
    fresh = path(release).with_suffix(".building")
    shutil.rmtree(fresh, ignore_errors=True)
    if release == HOST:
        _run("cp", "--archive", str(path(_HOST_RELEASE)), str(fresh))
        shutil.copy("/etc/resolv.conf", fresh / "etc/resolv.conf")
        _fill(fresh, _HOST_PACKAGES)
        (fresh / _PACKAGES_FILE).write_text(" ".join(_HOST_PACKAGES), encoding="ascii")
    else:
        _begin(fresh, release)
        _fill(fresh, _PACKAGES)
        (fresh / _VERSION_FILE).write_text(_version_in(fresh, release), encoding="ascii")
    shutil.rmtree(path(release), ignore_errors=True)
    fresh.rename(path(release))


def _begin(fresh: Path, release: str) -> None:
    """The least of a Debian."""
    _have_debootstrap()
    _run("debootstrap", "--variant=minbase", SUITES[release], str(fresh), _mirror())
    for name, text in _FILES.items():
        (fresh / name).write_text(text, encoding="ascii")
    (fresh / "usr/sbin/policy-rc.d").chmod(0o755)
    (fresh / WORKSPACE).mkdir()


def _fill(fresh: Path, packages: tuple[str, ...]) -> None:
    """Install packages, and leave no trace of where they came from."""
    _run("chroot", str(fresh), "apt-get", "update")
    _run("chroot", str(fresh), "apt-get", "install", "-y", "--no-install-recommends", *packages)
    _run("chroot", str(fresh), "apt-get", "clean")
    shutil.rmtree(fresh / "var/lib/apt/lists")
    (fresh / "etc/resolv.conf").write_text("", encoding="ascii")


def _version_in(root: Path, release: str) -> str:
    told = subprocess.check_output(["chroot", str(root), "asterisk", "-V"], env=_PLAIN, text=True)
    found = re.match(r"Asterisk ([0-9.]+)", told)
    if not found or not found[1].startswith(f"{release}."):
        raise LackError(f"Debian {SUITES[release]} has {told.strip()!r} now, not Asterisk {release}")
    return found[1]


def _have_debootstrap() -> None:
    """Install it; apt fails over another package's old trouble, too, so what counts is that it is there."""
    if shutil.which("debootstrap"):
        return
    apt = ("apt-get", "-o", "DPkg::Lock::Timeout=300")
    for words in (("update",), ("install", "-y", "--no-install-recommends", "debootstrap")):
        subprocess.run([*apt, *words], env=_PLAIN, stdin=subprocess.DEVNULL, check=False)
    if not shutil.which("debootstrap"):
        raise LackError("needs debootstrap, and apt cannot install it")


def _mirror() -> str:
    """The Debian mirror of this machine's own apt."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Identifier: Packages"]
    for mirror in subprocess.check_output(command, text=True).split():
        if mirror.rstrip("/").endswith("/debian"):
            return mirror
    raise LackError("needs Debian: this machine's apt knows no Debian mirror")


def _run(*command: str) -> None:
    """Run a step in a mount namespace of its own: whatever it mounts goes with it."""
    isolated = ["unshare", "--mount", "--propagation", "private", *command]
    subprocess.run(isolated, env=_PLAIN | _proxies(), stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True)


def _proxies() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}


def main() -> None:
    """Build what is missing, or exit with the reason why that cannot be."""
    try:
        for release in (*SUITES, HOST):
            build(release)
            sys.stdout.write(f"Asterisk {version(release)} is in {path(release)}\n")
    except LackError as error:
        sys.exit(f"no real Asterisk here: {error}")


if __name__ == "__main__":
    main()
