"""The look of `--help`, and cheaper conversion of the values of options."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup


def take_text_as_it_is(parameters: list[Any]) -> list[Any]:
    """Let Typer convert only values that are not text already; returns the same parameters.

    Newer versions of it convert with pydantic, whose import and one adapter per option take a tenth of a second. Most options
    of this program are text, which their records convert, and most are not given.
    """
    for parameter in parameters:
        usual = getattr(parameter, "get_runtime_param", None)  # what converts its values; older versions have no such thing
        if usual is not None and not isinstance(getattr(usual, "__self__", None), _Converter):
            parameter.get_runtime_param = _Converter(usual).itself
    return parameters


class _Converter:
    """Stands for the converter that Typer makes of an option's type, which it makes only when needed."""

    def __init__(self, usual: Callable[[], Any]) -> None:
        self._usual = usual

    def itself(self) -> _Converter:
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value for the command; None stands for an option that was not given."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        annotation = param.type_descriptor.annotation
        if annotation is str and isinstance(value, str):
            return value
        if annotation == list[str] and isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return list(value)
        return self._usual().coerce(value, param=param, ctx=ctx)


DOUBLE = re.compile(r"default: \((.*)\)\]$", re.DOTALL)
TYPE = re.compile(r" <[^<>]*>$")


def summary_of(text: str) -> str:
    """The first sentence of a docstring, on one line."""
    first = " ".join(text.strip().split("\n\n")[0].split())
    return re.split(r"[:.;] ", first)[0].removesuffix(".")


class HelpfulCommand(TyperCommand):
    """A command of Typer with the help of this program."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The options and arguments, `--help` among them."""
        return take_text_as_it_is(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """INPUT... instead of {INPUT}..., as braces are for choices."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments without their types in Python, defaults without a second pair of brackets."""
        write = formatter.write_dl

        def write_rows(rows: Sequence[tuple[str, str]], *given: Any, **named: Any) -> None:
            shown = [(name if name.startswith("-") else TYPE.sub("", name), text) for name, text in rows]
            write([(name, DOUBLE.sub(r"default: \1]", text)) for name, text in shown], *given, **named)

        formatter.write_dl = write_rows
        try:
            super().format_options(ctx, formatter)
        finally:
            formatter.write_dl = write

    def get_short_help_str(self, limit: int = 45) -> str:
        """The summary in a list of commands; it is wrapped there, so nothing is cut off."""
        return summary_of(self.help or "")


class HelpfulGroup(TyperGroup):
    """The same for a group of commands."""

    def get_params(self, ctx: Any) -> list[Any]:
        return take_text_as_it_is(super().get_params(ctx))

    def get_short_help_str(self, limit: int = 45) -> str:
        return summary_of(self.help or "")
