"""Telling the administrator: what is news, when it is told, and by which program."""
