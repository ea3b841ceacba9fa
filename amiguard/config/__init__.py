"""Pure: the text of amiguard.toml -> one frozen Config, or a ConfigError that names all that is wrong."""

from amiguard.config.document import Setting, example, settings
from amiguard.config.keys import ConfigError, parse
from amiguard.config.points import EVENTS, POINTS
from amiguard.config.shape import (
    NOTICE,
    SECURITY,
    Allow,
    Ami,
    BanPolicy,
    Config,
    Firewall,
    Log,
    Metrics,
    Notify,
    Port,
    Scale,
    Score,
    Service,
)
from amiguard.config.values import duration
from amiguard.sources.kinds import SERVICES

__all__ = [
    "EVENTS",
    "NOTICE",
    "POINTS",
    "SECURITY",
    "SERVICES",
    "Allow",
    "Ami",
    "BanPolicy",
    "Config",
    "ConfigError",
    "Firewall",
    "Log",
    "Metrics",
    "Notify",
    "Port",
    "Scale",
    "Score",
    "Service",
    "Setting",
    "duration",
    "example",
    "parse",
    "settings",
]
