"""Pure: installations to set up, as they are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from amiguard.asterisk.audit.facts import Version
from amiguard.setup.view import View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amiguard.setup.view import Plan

FRESH: Final = "fresh-secret-fresh-secret-fresh1"

DEBIAN: Final = {
    "/etc/asterisk/logger.conf": (
        "[general]\n\n[logfiles]\nconsole => notice,warning,error\nmessages.log => notice,warning,error\n"
    ),
    "/etc/asterisk/manager.conf": (
        '[general]\nenabled = yes\nport = 5038\nbindaddr = 127.0.0.1\n#include "manager.d/*.conf" \n'
    ),
    "/etc/asterisk/manager.d/README.conf": "; yours\n",
    "/etc/logrotate.d/asterisk": "/var/log/asterisk/*.log /var/log/asterisk/*_log {\n  weekly\n}\n",
}
PLAIN: Final = {
    "/etc/asterisk/logger.conf": "[general]\ndateformat=%F %T\n[logfiles]\nmessages => notice,warning,error",
    "/etc/asterisk/manager.conf": (
        "[general]\nenabled = no  ; not yet\nbindaddr = 0.0.0.0\n\n[old]\nsecret = s3cr3t\n"
    ),
}
FREEPBX: Final = {
    "/etc/asterisk/logger.conf": (
        "[general]\n#include logger_general_additional.conf\n#include logger_general_custom.conf\n"
        "[logfiles]\n#include logger_logfiles_additional.conf\n#include logger_logfiles_custom.conf\n"
    ),
    "/etc/asterisk/logger_general_additional.conf": "dateformat=%F %T\n",
    "/etc/asterisk/logger_general_custom.conf": "",
    "/etc/asterisk/logger_logfiles_additional.conf": "full => debug,error,notice,verbose,warning\n",
    "/etc/asterisk/logger_logfiles_custom.conf": "; yours\n",
    "/etc/asterisk/manager.conf": (
        "[general]\nenabled = yes\nport = 5038\nbindaddr = 127.0.0.1\n[admin]\nsecret = a1b2c3\nread = all\n"
        "#include manager_additional.conf\n#include manager_custom.conf\n"
    ),
    "/etc/asterisk/manager_additional.conf": "",
    "/etc/asterisk/manager_custom.conf": "",
}


def view(texts: Mapping[str, str], **more: object) -> View:
    """An installation of these files, which says nothing else unless told."""
    data = {path: text.encode() for path, text in texts.items()}
    settings = {"answers": True, "version": Version(22, 10, 1), "fresh_secret": FRESH, **more}
    return View("/etc/asterisk", "/var/log/asterisk", "pbx", data, **settings)  # type: ignore[arg-type]


def afterwards(found: View, planned: Plan) -> View:
    """The same installation when the plan has been carried out."""
    texts = {**found.texts, **{change.path: change.after for change in planned.changes}}
    ours = {path: text for path, text in found.ours.items() if path not in texts}
    return found.__class__(
        **{name: getattr(found, name) for name in found.__dataclass_fields__} | {"texts": texts, "ours": ours}
    )
