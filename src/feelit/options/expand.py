"""Functions that take records of options, with one keyword per option instead."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from inspect import Parameter, Signature
from types import FunctionType
from typing import Any, TypeVar

from feelit.options.declare import Option, Options, options_of

Result = TypeVar("Result")

COMMON = {
    "timelines": "timelines : timeline files, folders of them, recordings, data frames or Arrow tables: one or several",
    "progress": "progress : called with the share that is done, 0..1",
}
"""Parameters of many functions, as their docstrings describe them."""

RAISES = "Raises\n------\nFeelitError\n    of the kinds that docs/python.md lists."


def records_of(function: FunctionType) -> dict[str, type[Options]]:
    """The parameters of a function that are records of options, by their names. Its annotations are texts, as everywhere."""
    known = {name: function.__globals__.get(str(hint)) for name, hint in function.__annotations__.items()}
    return {name: kind for name, kind in known.items() if isinstance(kind, type) and issubclass(kind, Options)}


def expanded_options(function: FunctionType) -> Iterator[tuple[str, Option]]:
    """The options of all records that a function takes, each with the name of the parameter that its record is.

    An option with the name of a parameter that the function has itself is left to that.
    """
    own = inspect.signature(function).parameters
    for parameter, record in records_of(function).items():
        yield from ((parameter, option) for option in options_of(record) if option.name not in own)


def keywords(**defaults: Any) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Decorate a function of the Python API: each option becomes a keyword argument, with its help in the docstring.

    A whole record may be given by the name of its parameter as well; keywords then change it. `defaults` are those that differ
    from the command line's.
    """

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        assert isinstance(function, FunctionType)
        expanded = list(expanded_options(function))
        records, signature = records_of(function), _signature(function, expanded, defaults)

        @functools.wraps(function)
        def call(*positional: Any, **given: Any) -> Result:
            complete = any(given.get(parameter) is not None for parameter in records)  # then no option has to be given
            try:
                values = (signature.bind_partial if complete else signature.bind)(*positional, **given).arguments
            except TypeError as error:
                raise TypeError(f"{function.__name__}(): {error}") from None
            for parameter, record in records.items():
                names = [option.name for owner, option in expanded if owner == parameter]
                whole = values.get(parameter)
                usual = defaults if whole is None else {}  # a whole record has values for all
                chosen = {name: values.pop(name, usual.get(name)) for name in names}
                chosen = {name: value for name, value in chosen.items() if value is not None}
                values[parameter] = record(**chosen) if whole is None else replace(whole, **chosen)
            result: Result = function(**values)
            return result

        call.__signature__ = signature  # type: ignore[attr-defined]  # what help() and notebooks look at
        call.__doc__ = documented(function, expanded, defaults)
        return call

    return decorate


def _signature(function: FunctionType, expanded: list[tuple[str, Option]], defaults: Mapping[str, Any]) -> Signature:
    plain = inspect.signature(function)
    first: list[Parameter] = []
    last: list[Parameter] = []
    whole: list[Parameter] = []
    for name, parameter in plain.parameters.items():
        if name in records_of(function):
            last += [_keyword(option, defaults) for owner, option in expanded if owner == name]
            whole.append(Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=f"{parameter.annotation} | None"))
        elif parameter.kind is Parameter.KEYWORD_ONLY:
            last.append(parameter)
        else:
            first.append(parameter)
    return plain.replace(parameters=[*first, *last, *whole])


def _keyword(option: Option, defaults: Mapping[str, Any]) -> Parameter:
    default = Parameter.empty if option.required else defaults.get(option.name, option.default)
    annotation = option.values.python + (" | None" if default is None else "")
    return Parameter(option.name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def documented(function: FunctionType, expanded: list[tuple[str, Option]], defaults: Mapping[str, Any]) -> str:
    """Its docstring with what it does not say itself: parameters of many functions, options, and the errors of all."""
    head, *sections = re.split(r"^(?=\w+\n-{3,}$)", inspect.getdoc(function) or "", flags=re.MULTILINE)
    titled = {section.partition("\n")[0]: section.strip() for section in sections}
    own = COMMON | {entry.split(" : ")[0]: entry for entry in re.split(r"\n(?=\S)", titled.pop("Parameters", ""))[2:]}
    parameters = [own[name] for name in inspect.signature(function).parameters if name in own]
    options = [f"{option.name} : {described(option, defaults)}" for _, option in expanded]
    titled.setdefault("Raises", RAISES)
    return "\n\n".join((head.strip(), "\n".join(["Parameters", "----------", *parameters, *options]), *titled.values())) + "\n"


def described(option: Option, defaults: Mapping[str, Any]) -> str:
    """The help of an option as a line of a docstring: with its bounds and its default, where that is not a value."""
    text = option.help[0].lower() + option.help[1:].rstrip(".") if option.help[1:2].islower() else option.help.rstrip(".")
    extra = [str(option.bounds)] if option.bounds is not None else []
    if option.default_text and option.name not in defaults:
        extra.append(f"default: {option.default_text}")
    return f"{text} ({'; '.join(extra)})" if extra else text
