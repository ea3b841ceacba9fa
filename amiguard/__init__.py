"""amiguard: a security guard for Asterisk PBXes."""

__version__ = "0.1.0"
