"""Pure: amiguard's own files: its configuration, the AMI secret, the unit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from amiguard.config import NOTICE, SECURITY, ConfigError, example, parse
from amiguard.setup.view import AMI_USER, CREDENTIAL, Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from amiguard.config import Ami as AmiSettings
    from amiguard.config import Config
    from amiguard.setup.ami import Ami
    from amiguard.setup.draft import Draft
    from amiguard.setup.loggers import Logs
    from amiguard.setup.view import Folder

DROP_IN: Final = "/etc/systemd/system/amiguard.service.d/asterisk.conf"
_USUAL_GROUP: Final = "asterisk"
_PARAGRAPHS: Final = {"log": "# One for each log", "ami": "# One for each Asterisk Manager"}
"""How the example begins to tell of the tables that may be repeated."""


def read_config(draft: Draft) -> Config | None:
    """The configuration as it stands, or that of a new file; None where it is wrong, which is noted."""
    try:
        return parse(_text(draft), draft.view.config)
    except ConfigError as error:
        draft.notes += str(error).splitlines()
        return None


def plan_config(draft: Draft, config: Config, logs: Logs, ami: Ami | None) -> None:
    """Have amiguard.toml name Asterisk's logs and AMI, unless it names others, and the secret beside it."""
    text = _text(draft)
    there = {log.filter for log in config.logs}
    if all(logs) and SECURITY not in there:
        text = _with(text, "log", _logs(logs, there))
    if ami and not config.ami:
        text = _with(text, "ami", _table("ami", _place(ami)))
    try:
        new = parse(text, draft.view.config)
    except ConfigError as error:
        draft.notes += str(error).splitlines()
        return
    draft.put(draft.view.config, text.encode("utf-8", "surrogateescape"), "what amiguard listens to")
    if ami and any(map(is_ours, new.ami)):
        secret = f"{ami.secret}\n".encode("utf-8", "surrogateescape")
        draft.put(CREDENTIAL, secret, "the AMI user's secret, for root alone", mode=0o600)


def is_ours(ami: AmiSettings) -> bool:
    """Whether an [[ami]] is the one that we set up."""
    return (ami.username, ami.secret_file) == (AMI_USER, CREDENTIAL)


def _text(draft: Draft) -> str:
    there = draft.text(draft.view.config)
    return example() if there is None else there.decode("utf-8", "surrogateescape")


def _logs(logs: Logs, there: Collection[str]) -> str:
    """Tables for those logs that no filter reads yet."""
    named = {SECURITY: logs.security, NOTICE: logs.notices}
    missing = {name: path for name, path in named.items() if name not in there}
    return "\n".join(_table("log", {"path": path, "filter": name}) for name, path in missing.items())


def _place(ami: Ami) -> Mapping[str, str | int]:
    return {"host": "127.0.0.1", "port": ami.port, "username": AMI_USER, "secret_file": CREDENTIAL}


def _table(name: str, values: Mapping[str, str | int]) -> str:
    """A table of TOML, whose strings may be written as JSON's."""
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([f"[[{name}]]", *lines]) + "\n"


def _with(text: str, section: str, tables: str) -> str:
    """The text with these tables behind the example's word on them, or else at its end."""
    paragraphs = text.split("\n\n")
    for at, each in enumerate(paragraphs):
        if each.startswith(_PARAGRAPHS[section]):
            return "\n\n".join([*paragraphs[: at + 1], tables.rstrip("\n"), *paragraphs[at + 1 :]])
    return f"{text.rstrip()}\n\n{tables}" if text.strip() else tables


def plan_unit(draft: Draft) -> None:
    """Have a unit, and let its user read what Asterisk's group may."""
    for path, content in draft.view.ours.items():
        draft.put(path, content, "the service")
    if not draft.view.unit.there:
        return
    groups = sorted({each.group for each in draft.view.folders.values() if _counts(each)})
    if groups:
        text = f"[Service]\nSupplementaryGroups={' '.join(groups)}\n"
        draft.put(DROP_IN, text.encode(), "to read Asterisk's files, which belong to another group")


def _counts(folder: Folder) -> bool:
    return folder.group != _USUAL_GROUP and not (folder.group == "root" and folder.open)


def service_steps(draft: Draft) -> Iterator[Step]:
    """What systemd is to be told."""
    unit = draft.view.unit
    if not unit.booted:
        return
    if draft.view.ours:
        yield Step(("systemd-sysusers",), "the service's user")
        yield Step(("systemd-tmpfiles", "--create"), "its folder in /etc")
    if draft.changed("/etc/systemd/"):
        yield Step(("systemctl", "daemon-reload"), "the unit has changed")
    if not unit.enabled:
        yield Step(("systemctl", "enable", "amiguard"), "it shall start with the machine")
    if not unit.active or draft.changed("/etc/systemd/", draft.view.config, CREDENTIAL):
        yield Step(("systemctl", "restart", "amiguard"), "it shall run, with this configuration")
