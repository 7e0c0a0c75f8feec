"""feelit train"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feelit.cli.command import with_options


@with_options
def train(
    recipe: Annotated[
        str,
        typer.Argument(
            help="A built-in recipe (expression, face, identity, signals, hog, cnn3, cnn4, mini-xception, vgg16, resnet50), or "
            "a .toml file.",
            show_default=False,
        ),
    ],
    data: Annotated[
        Path, typer.Option(help="Labelled images, with splits to learn from and to check with.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Option(help="A folder for checkpoints, curves, model and card; a run that it holds goes on.", show_default=False),
    ],
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a value of the recipe; may be repeated.")
    ] = None,
    json_object: Annotated[
        bool, typer.Option("--json", help="Print the recipe and where the model is as a JSON object.")
    ] = False,
) -> None:
    """Train a model of your own: by the recipes that made the built-in ones and their rivals, or by yours."""
    from feelit.cli.texts import write, write_json
    from feelit.options.kinds import expanded
    from feelit.storage.names import as_text
    from feelit.training.run import run_recipe

    model, values = run_recipe(expanded(recipe), changes or [], data, out)
    content = {"model": as_text(model), "recipe": values}
    if json_object:
        write_json(content)
    else:
        write(f"{model}\n", None)
