"""Pure: an installation as it is found -> what it needs to be guarded; of one that has it all, nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.setup.ami import plan_ami
from amiguard.setup.draft import Draft
from amiguard.setup.loggers import Logs, plan_logs
from amiguard.setup.own import is_ours, plan_config, plan_unit, read_config, service_steps
from amiguard.setup.products import GUARDS, known
from amiguard.setup.view import Plan, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amiguard.setup.view import View

_OLDEST: Final = 16
"""The first Asterisk that writes JSON logs."""
_READ_BY: Final = {"logger": "logger reload", "manager": "manager reload"}
"""Which of Asterisk's commands reads the files that begin so."""


def plan(view: View) -> Plan:
    """Say what is to be changed, what to be run then, and what remains for a human."""
    draft = Draft(view)
    draft.notes += _about(view)
    config = read_config(draft)
    if config is None:
        return Plan((), (), tuple(draft.notes))
    alone = bool(_by_hand(view))
    logs = Logs() if alone else plan_logs(draft)
    theirs = bool(config.ami) and not any(map(is_ours, config.ami))
    ami = None if alone or theirs else plan_ami(draft)
    plan_unit(draft)
    plan_config(draft, config, logs, ami)
    return Plan(draft.changes, (*_asterisk_steps(draft), *service_steps(draft)), tuple(draft.notes))


def _by_hand(view: View) -> str:
    """Why Asterisk's files are left alone; empty if they need not be."""
    if not any(path.startswith(f"{view.directory}/") for path in view.texts):
        return f"{view.directory} has no configuration of Asterisk's"
    if view.version and view.version.major < _OLDEST:
        return f"Asterisk {view.version} writes no JSON log; {_OLDEST} is the first that does"
    return known(view.product).by_hand


def _about(view: View) -> Iterator[str]:
    if why := _by_hand(view):
        yield why
    for each in GUARDS:
        if each.name in view.guards:
            yield f"{each.name} is there: {each.together}"


def _asterisk_steps(draft: Draft) -> Iterator[Step]:
    for name, command in _READ_BY.items():
        if draft.changed(draft.place(name)):
            if draft.view.answers:
                yield Step(("asterisk", "-rx", command), f"Asterisk reads {name}.conf again")
            else:
                draft.notes.append(f"Asterisk does not answer; it reads {name}.conf when it starts")
