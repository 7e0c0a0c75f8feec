"""Commands whose options are declared elsewhere: each record that a function takes becomes the options of the command."""

from __future__ import annotations

import functools
import inspect
import tomllib
from collections.abc import Callable
from inspect import Parameter
from pathlib import Path
from types import FunctionType
from typing import Annotated, Any, Literal, get_type_hints

import typer

from feelit.encodings import read_text
from feelit.errors import UsageError
from feelit.options.declare import Option
from feelit.options.expand import expanded_options, records_of
from feelit.options.kinds import CONFIG, PATH, Kind, expanded


def argument(help: str, metavar: str | None = None, default: str | None = None) -> Any:  # noqa: A002  # as in Typer
    """An argument of a command; `default` says what stands for it where it is left out."""
    return typer.Argument(metavar=metavar, help=help, show_default=default or False)


Timelines = Annotated[list[str], argument("Files of `feelit analyze`, or folders of them.", "TIMELINE")]
Timeline = Annotated[str, argument("The Parquet file that `feelit analyze` wrote.")]
Video = Annotated[str, argument("The video that was analysed.")]
"""Parameters of several commands."""


def with_options(function: Callable[..., None]) -> Callable[..., None]:
    """The same function for Typer: with one parameter per option in place of a record. None stands for an option not given."""
    assert isinstance(function, FunctionType)
    records, declared = records_of(function), list(expanded_options(function))
    hints = get_type_hints(function, include_extras=True)

    @functools.wraps(function)
    def call(**values: Any) -> None:
        values = {name: Path(expanded(value)) if isinstance(value, Path) else value for name, value in values.items()}
        for parameter, record in records.items():
            mine = [option.name for owner, option in declared if owner == parameter]
            values[parameter] = record(**{name: values.pop(name) for name in mine})
        function(**values)

    parameters: list[Parameter] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name in records:
            parameters += [_parameter(option) for owner, option in declared if owner == name]
        else:
            parameters.append(parameter.replace(annotation=hints[name], kind=Parameter.KEYWORD_ONLY))
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it; functions may have one
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    return call


def _parameter(option: Option) -> Parameter:
    kind = option.values
    default = f" [default: {option.shown_default}]" if option.shown_default and kind.native is not bool else ""
    declared: dict[str, Any] = {"help": option.help + default, "show_default": False}
    if kind is CONFIG:
        declared |= {"is_eager": True, "callback": _load_config}
    if option.environment:
        declared["envvar"] = option.environment
    names = [option.flag]
    if kind.native is bool:
        annotation: Any = bool | None
        names = [f"{option.flag}/--no-{option.flag[2:]}"] if option.default else names
    elif kind.repeated:
        annotation = list[str] | None
        declared["metavar"] = kind.metavar
    else:
        annotation = Literal[kind.choices] if kind.choices else kind.native
        annotation = annotation if option.required else annotation | None
        declared |= {} if kind.choices else {"metavar": kind.metavar}
    usual = Parameter.empty if option.required else None
    return Parameter(
        option.name, Parameter.KEYWORD_ONLY, default=usual, annotation=Annotated[annotation, typer.Option(*names, **declared)]
    )


def _load_config(context: typer.Context, given: str | None) -> str | None:
    """Options of a TOML file become defaults, which the command line overrides. They are spelt as on the command line."""
    if given is None:
        return None
    path = Path(expanded(given))
    function = inspect.unwrap(context.command.callback or _load_config)
    assert isinstance(function, FunctionType)
    kinds = {option.flag[2:]: option.values for _, option in expanded_options(function)}
    params = {p.opts[0].lstrip("-").replace("_", "-"): p for p in context.command.params if p.name != "config"}
    values: dict[str, Any] = {}
    for name, value in read_toml(path, set(params)).items():
        parameter = params[name]
        values[str(parameter.name)] = checked(path, name, value, kinds.get(name, PATH), parameter.nargs != 1)
    context.default_map = {**(context.default_map or {}), **values}
    return given


MOST_TOML_BYTES = 1 << 20


def read_toml(path: Path, known: set[str]) -> dict[str, Any]:
    """The options of a TOML file, underscores in names read as dashes.

    Raises
    ------
    UsageError
        if the file is missing, is not TOML, or names an option that is not `known`.
    """
    try:
        text = read_text(path, MOST_TOML_BYTES, "lists of inputs go to standard input", f"--config {path}")
        content = tomllib.loads(text)
    except FileNotFoundError:
        raise UsageError(f"--config {path} does not exist", "check the spelling") from None
    except (OSError, ValueError, RecursionError) as error:  # TOML's own errors are ValueErrors
        raise UsageError(f"--config {path} cannot be read: {error}", "it is a TOML file of `option = value` lines") from error
    options = {key.replace("_", "-"): value for key, value in content.items()}
    if unknown := sorted(set(options) - known):
        hint = f"known: {', '.join(sorted(known))}"
        raise UsageError(f"--config {path} names unknown options: {', '.join(unknown)}", hint)
    return options


def checked(path: Path, name: str, value: object, kind: Kind, several: bool) -> object:
    """An option's value out of a TOML file, as the command line takes it.

    Parameters
    ----------
    kind : of the option
    several : whether a list of values is taken

    Raises
    ------
    UsageError
        if it is not of its kind: where the command line would refuse a word, a file must not slip through as a number.
    """
    if several:
        return [checked(path, name, item, PATH, False) for item in (value if isinstance(value, list) else [value])]
    if not isinstance(value, kind.toml) or (isinstance(value, bool) and bool not in kind.toml):
        raise UsageError(f"--config {path}: {name} is {value!r}, not {kind.name}", "docs/cli.md shows an example")
    return value if kind.native in (bool, int, float) else str(value)
