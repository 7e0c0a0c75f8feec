"""Values of options on their way from the command line to a command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def take_text_as_it_is(parameters: list[Any]) -> list[Any]:
    """Have Typer convert only values that are no text already; gives the same parameters.

    Newer versions of it convert with pydantic, whose import and one adapter per option take a tenth of a second. Most options
    of this program are text, which their records convert, and most are not given.
    """
    for parameter in parameters:
        usual = getattr(parameter, "get_runtime_param", None)  # what converts its values; older versions have no such thing
        if usual is not None and not isinstance(getattr(usual, "__self__", None), _Converter):
            parameter.get_runtime_param = _Converter(usual).itself
    return parameters


class _Converter:
    """Stands in for what Typer makes of an option's type, and asks for that as late as it can."""

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
