"""The reference pages, made from the program: the tables of docs/cli.md and the whole of docs/python.md.

    python -m feelit.cli.reference docs

writes them; a test says whether they are up to date. What stands around the tables of docs/cli.md is written by hand.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import typer

import feelit
from feelit.options.declare import Option
from feelit.options.expand import expanded_options

TABLE = re.compile(r"(<!-- options of feelit ([\w ]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)
COMMANDS = re.compile(r"(<!-- commands -->\n).*?(<!-- end -->\n)", re.DOTALL)
SECTION = re.compile(r"^([A-Z]\w+)\n-+\n", re.MULTILINE)


def commands() -> dict[str, Any]:
    """All commands by their names; those of a group have two words."""
    from feelit.cli import application

    group: Any = typer.main.get_command(application())
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        inside = getattr(command, "commands", None)
        found |= {f"{name} {second}": part for second, part in inside.items()} if inside else {name: command}
    return found


def cli_page(page: str) -> str:
    """docs/cli.md with its tables made again. Raises ValueError if a command has no table, or a table no command."""
    known = commands()
    if (present := [match[2] for match in TABLE.finditer(page)]) != list(known):
        raise ValueError(f"docs/cli.md has tables of {present}, and the commands are {list(known)}")
    width = max(map(len, known))
    lines = [f"    feelit {name:<{width}}  {command.get_short_help_str()}\n" for name, command in known.items()]
    page = COMMANDS.sub(lambda match: match[1] + "\n" + "".join(lines) + "\n" + match[2], page)
    return TABLE.sub(lambda match: match[1] + _table(known[match[2]]) + match[3], page)


def _table(command: Any) -> str:
    function = inspect.unwrap(command.callback)
    assert isinstance(function, FunctionType)
    declared = {option.name: option for _, option in expanded_options(function)}
    rows = [_row(parameter, declared[parameter.name]) for parameter in command.params if parameter.param_type_name == "option"]
    return "\n".join(["", "| option | default | meaning |", "|---|---|---|", *rows, "", ""])


def _row(parameter: Any, option: Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts) if name.startswith("--"))
    value = option.default is not None and not option.default_text and option.shown_default != "off"
    shown = f"`{option.shown_default}`" if value and option.shown_default else option.shown_default
    return f"| {names} | {shown} | {meaning(option)} |"


def meaning(option: Option) -> str:
    """What an option is for, in a cell of a table: its help, what is said besides, and what it may be."""
    kind = option.values
    limits = f" ({option.bounds})." if option.bounds is not None else "."
    words = f" One of {', '.join(f'`{word}`' for word in kind.choices)}." if kind.choices else ""
    return f"{option.help.removesuffix('.')}{limits}{words} {option.details}".strip()


def python_page() -> str:
    """The text of docs/python.md: every public function and class with its signature and its docstring."""
    parts = [
        "# Python\n",
        "This page is made from docstrings by `python -m feelit.cli.reference docs`; `help(feelit.analyze)` prints the same.\n",
        "Functions take a path as a text or a `pathlib.Path`; `~` is the user's folder. Options are keywords, with the bounds",
        "and the defaults of the [command line](cli.md); `None` stands for the default. Errors are",
        "`feelit.FeelitError`s with a `message`, a `hint` and an `exit_code`.\n",
    ]
    functions = [name for name in feelit.__all__ if inspect.isfunction(getattr(feelit, name))]
    classes = [getattr(feelit, name) for name in feelit.__all__ if inspect.isclass(getattr(feelit, name))]
    kinds = [kind for kind in classes if issubclass(kind, feelit.FeelitError)]
    listed = [*functions, *(kind.__name__ for kind in classes if kind not in kinds)]
    parts += [f"- [`feelit.{name}`](#feelit{name.lower()}): {_summary(name)}" for name in listed]
    for name in functions:
        parts += ["", *_entry(f"## feelit.{name}", f"feelit.{name}", getattr(feelit, name))]
    for kind in classes:
        if kind not in kinds:
            parts += ["", *_class(kind)]
    parts += ["", "## Errors", "", "| class | exit code | meaning |", "|---|---|---|"]
    parts += [f"| `{kind.__name__}` | {kind.exit_code} | {(kind.__doc__ or '').split(chr(10))[0]} |" for kind in kinds]
    return "\n".join(parts) + "\n"


def _summary(name: str) -> str:
    return (inspect.getdoc(getattr(feelit, name)) or "").split("\n\n")[0].replace("\n", " ")


def _entry(heading: str, name: str, described: Any) -> Iterator[str]:
    """A function, a class or a method: its heading, its signature and its docstring."""
    yield heading
    yield ""
    yield from _signature(name, inspect.signature(described))
    yield from _docstring(inspect.getdoc(described) or "")


def _class(kind: type) -> Iterator[str]:
    yield from _entry(f"## feelit.{kind.__name__}", f"feelit.{kind.__name__}", kind)
    own = vars(kind).get("__init__")
    if own is not None and own.__doc__:
        yield from _docstring(inspect.getdoc(own) or "")
    bases = [base for base in reversed(kind.__mro__) if base.__module__.startswith("feelit.")]
    for name, member in {name: getattr(kind, name) for base in bases for name in vars(base)}.items():
        if not name.startswith("_") and inspect.isfunction(member):
            yield from _entry(f"### {kind.__name__}.{name}", f".{name}", member)


def _signature(name: str, signature: inspect.Signature) -> Iterator[str]:
    yield "```python"
    shown: list[str] = []
    star = False
    for parameter in signature.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            shown, star = [*shown, "*"], True
        # annotations are texts, whose quotes a parameter would show
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        shown.append(f"{parameter.name}: {parameter.annotation}{default}")
    result = "" if signature.return_annotation is signature.empty else f" -> {signature.return_annotation}"
    yield f"{name}()" if not shown else f"{name}(\n    " + ",\n    ".join(shown) + f",\n){result}"
    yield "```"
    yield ""


def _docstring(text: str) -> Iterator[str]:
    head, *sections = SECTION.split(text)
    yield head.strip()
    yield ""
    for title, content in zip(sections[::2], sections[1::2], strict=True):
        yield f"**{title}**"
        yield ""
        if title in ("Parameters", "Attributes"):
            entries = re.split(r"\n(?=\S)", content.strip())
            yield from ("- `{}`: {}".format(*re.sub(r"\s*\n\s+", " ", entry).split(" : ", 1)) for entry in entries)
        else:
            yield content.strip()
        yield ""


def main() -> None:
    """Write the pages into the folder that the command line names."""
    folder = Path(sys.argv[1])
    page = folder / "cli.md"
    page.write_text(cli_page(page.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "python.md").write_text(python_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
