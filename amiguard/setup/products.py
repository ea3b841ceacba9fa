"""Pure: what Asterisk comes as a part of, and what else keeps attackers out, each by its own marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection


class Product(NamedTuple):
    """A distribution of Asterisk's that writes its configuration itself.

    Attributes:
        name: as its makers write it.
        marks: files or folders, one of which every installation of it has.
        logger: the file of logger.conf's `[logfiles]` that it leaves to us; empty: none of its own.
        manager: the same of manager.conf.
        by_hand: why only a human can change it; empty if we can.
    """

    name: str
    marks: tuple[str, ...]
    logger: str = ""
    manager: str = ""
    by_hand: str = ""


PRODUCTS: Final = (
    Product(
        "FreePBX",
        ("/etc/freepbx.conf", "/etc/amportal.conf"),
        logger="logger_logfiles_custom.conf",
        manager="manager_custom.conf",
    ),
    Product(
        "MikoPBX",
        ("/etc/inc/mikopbx-settings.json", "/cf/conf/mikopbx.db"),
        by_hand="MikoPBX writes Asterisk's files anew at each start: use its System file customization",
    ),
    Product("Wazo", ("/etc/wazo-auth", "/etc/wazo-confgend")),
    Product("VitalPBX", ("/usr/share/vitalpbx", "/etc/asterisk/vitalpbx")),
)
ASTERISK: Final = Product("", ())


class Guard(NamedTuple):
    """Another that keeps attackers out, and how the two live together."""

    name: str
    marks: tuple[str, ...]
    together: str


GUARDS: Final = (
    Guard(
        "fail2ban",
        ("/etc/fail2ban/jail.conf",),
        "both may run; `amiguard filters install` gives fail2ban filters that no hostile line misleads",
    ),
    Guard("firewalld", ("/usr/sbin/firewalld",), "its reload leaves amiguard's table as it is"),
    Guard("ufw", ("/usr/sbin/ufw",), "its reload leaves amiguard's table as it is"),
    Guard(
        "FreePBX firewall",
        ("/etc/asterisk/firewall.enabled", "/var/www/html/admin/modules/firewall"),
        "both may run; what it trusts belongs into allow.networks, too",
    ),
)

MARKS: Final = tuple(mark for each in (*PRODUCTS, *GUARDS) for mark in each.marks)
"""What to look for."""


def product(found: Collection[str]) -> str:
    """The name of the product whose mark was found; empty for Asterisk alone."""
    return next((each.name for each in PRODUCTS if not set(each.marks).isdisjoint(found)), "")


def guards(found: Collection[str]) -> tuple[str, ...]:
    """The names of other guards of which a mark was found."""
    return tuple(each.name for each in GUARDS if not set(each.marks).isdisjoint(found))


def known(name: str) -> Product:
    """The product of that name."""
    return next((each for each in PRODUCTS if each.name == name), ASTERISK)
