"""feelit train"""

from __future__ import annotations

from typing import Annotated

import feelit
from feelit.cli.command import argument, with_options
from feelit.options.models import TrainOptions
from feelit.options.printing import JsonOptions


@with_options
def train(
    recipe: Annotated[
        str,
        argument(
            "A built-in recipe (expression, face, identity, signals, hog, cnn3, cnn4, cnn4-dropout, mini-xception, "
            "vgg16, vgg16-48px, vgg16-32px, resnet50), or a .toml file."
        ),
    ],
    options: TrainOptions,
    printed: JsonOptions,
) -> None:
    """Train your own model, by the recipes of the built-in models and of published architectures, or by yours."""
    from feelit.cli.texts import write, write_json
    from feelit.storage.names import as_text

    trained = feelit.train(recipe, options=options)
    if printed.json:
        write_json({"model": as_text(trained.model), "recipe": trained.recipe})
    else:
        write(f"{trained.model}\n", None)
