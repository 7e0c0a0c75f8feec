"""feelit models"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

import feelit
from feelit.cli.command import argument, with_options
from feelit.cli.help import HelpfulCommand, HelpfulGroup
from feelit.cli.texts import note
from feelit.options.models import PullOptions
from feelit.options.printing import JsonOptions, PullPrintOptions

if TYPE_CHECKING:
    from feelit.models.list import Listed

models = typer.Typer(
    cls=HelpfulGroup,
    no_args_is_help=True,
    help="List, describe, check and fetch models. Nothing is fetched unless `pull` is called.",
)


@models.command("list", cls=HelpfulCommand)
@with_options
def list_(printed: JsonOptions) -> None:
    """List the models that come with feelit, those in your cache, and those that can be fetched."""
    from dataclasses import asdict

    from feelit.cli.texts import write_json
    from feelit.storage.names import as_text

    listed = feelit.list_models()
    if printed.json:
        content = [asdict(model) | {"path": as_text(model.path) if model.path else None} for model in listed]
        write_json(content, indent=2)
    else:
        _print_table(listed)


@models.command(cls=HelpfulCommand)
@with_options
def info(
    model: Annotated[str, argument("A model of `feelit models list`, or an .onnx file.", "NAME|PATH")],
    printed: JsonOptions,
) -> None:
    """Show a model's card, and the inputs and outputs of its network."""
    from feelit.cli.texts import write, write_json

    found = feelit.describe_model(model)
    if printed.json:
        write_json(found.record(), indent=2)
    else:
        write(found.text(), None)


@models.command(cls=HelpfulCommand)
@with_options
def verify(
    printed: JsonOptions,
    given: Annotated[list[str] | None, argument("Which models.", "NAME|PATH", default="all that are on this computer")] = None,
) -> None:
    """Compare models with their checksums, load them, and check that they match their cards.

    Exit codes: 0 if all is well, 4 if anything is wrong.
    """
    from dataclasses import asdict

    from feelit.cli.texts import write_json
    from feelit.errors import ModelError
    from feelit.storage.names import one_line

    checked = feelit.verify_models(given or ())
    if printed.json:
        texts = [
            {key: one_line(value) if isinstance(value, str) else value for key, value in asdict(model).items()}
            for model in checked
        ]
        write_json(texts, indent=2)
    else:
        for model in checked:
            text = f"{'ok' if model.ok else 'error':<9}{model.name}: {model.message}"
            typer.echo(one_line(f"{text} ({model.remedy})" if model.remedy else text))
    raise typer.Exit(0 if all(model.ok for model in checked) else ModelError.exit_code)


@models.command(cls=HelpfulCommand)
@with_options
def pull(
    name: Annotated[str, argument("A model of the catalogue, see `feelit models list`.", "NAME")],
    options: PullOptions,
    printed: PullPrintOptions,
) -> None:
    """Fetch a model into your cache, and print where it is. An interrupted fetch goes on where it stopped.

    Only a file with the checksum of the catalogue is accepted. Then --detector NAME or --classifier NAME finds it.
    """
    from feelit.console import progress_bar
    from feelit.storage.names import one_line

    licence = next((model.licence for model in feelit.list_models() if model.name == name and model.origin != "built-in"), None)
    if licence and not printed.quiet:
        note(f"{name} has the licence: {licence}")
    with progress_bar(name, printed.quiet) as progress:
        path = feelit.pull_model(name, options=options, progress=progress)
    typer.echo(one_line(str(path)))


def _print_table(listed: list[Listed]) -> None:
    from feelit.analysis.table import TextTable
    from feelit.console import print_table

    headings = ("model", "task", "where", "licence", "source", "SHA-256", "MB")
    where = {"built-in": "built in", "cache": "in the cache", "catalogue": "to be pulled"}
    rows = []
    for model in listed:
        place = where[model.origin] if model.present or model.origin == "catalogue" else "missing"
        size = f"{model.size_bytes / 1e6:.1f}"
        rows.append(
            (model.name, model.task or "?", place, model.licence or "?", model.source or "?", model.sha256[:12] or "?", size)
        )
    print_table(TextTable("models", headings, rows, 6, ("source", "SHA-256")))
