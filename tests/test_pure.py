"""Every module says in its first word whether it is pure, and who says so is held to it."""

from __future__ import annotations

import ast
import tomllib

import readme

WORDS = ("Pure:", "Edge:")


def test_who_says_that_he_is_pure_may_import_nothing_that_acts() -> None:
    project = tomllib.loads((readme.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    [held] = [each["source_modules"] for each in contracts if each["type"] == "forbidden"]
    said = [name for name, doc in modules().items() if doc.startswith("Pure:")]
    assert len(said) > 50
    assert [] == [name for name in said if not any(f"{name}.".startswith(f"{each}.") for each in held)]


def test_every_module_says_which_it_is() -> None:
    assert [] == [name for name, doc in modules().items() if not doc.startswith(WORDS)]


def modules() -> dict[str, str]:
    """The first lines of all modules, but for those of packages."""
    found = {}
    for path in (readme.ROOT / "amiguard").rglob("[!_]*.py"):
        name = ".".join(path.relative_to(readme.ROOT).with_suffix("").parts)
        found[name] = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return found
