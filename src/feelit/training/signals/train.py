"""The recipe of signals: labelled faces and a teacher in, an ONNX file with its card out.

The folder of data holds train-*.parquet and val.parquet like those of the detector's recipe. The classifier's trunk stays as
it is; what learns is a small branch on its bytes and those of the crop. The run's folder receives the teacher's labels and
last.pt, from which an interrupted run resumes.
"""

from __future__ import annotations

import copy
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow.parquet as pq
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from tqdm import trange

from feelit.errors import ModelError, UsageError
from feelit.models.card import ModelCard, read_card, sha256_of, write_card
from feelit.models.paths import model_path
from feelit.signals.columns import BLENDSHAPES, OUTPUTS
from feelit.training.checkpoint import CHECKPOINT, read_checkpoint, read_content, write_checkpoint
from feelit.training.export import count_parameters, export_onnx, quantize
from feelit.training.face.data import as_data
from feelit.training.optimizer import follow
from feelit.training.signals.data import Batches, Crops, crop, read_faces, read_heads
from feelit.training.signals.network import OUTPUT, Branch, Tap, find_tap, join
from feelit.training.signals.teacher import Scale
from feelit.types import Float32, UInt8
from feelit.vision.session import open_session, run

log = logging.getLogger(__name__)

QUANTIZED_BY = 320
"""So many faces give the ranges of the numbers in the branch."""

LEAST_SPREAD = {"share": 0.04, "degrees": 1.0}
"""What hardly ever moves is not stretched to the spread of the others, or its noise would be learnt."""

MATTERS = {
    **dict.fromkeys(("pitch_deg", "yaw_deg", "roll_deg"), 4.0),
    **dict.fromkeys(("eye_yaw_deg", "eye_pitch_deg", "lip_gap"), 4.0),
    **dict.fromkeys(("jawOpen", "mouthSmileLeft", "mouthSmileRight", "eyeBlinkLeft", "eyeBlinkRight"), 2.0),
    **dict.fromkeys(("browInnerUp", "browDownLeft", "browDownRight", "browOuterUpLeft", "browOuterUpRight"), 2.0),
    **dict.fromkeys(("noseSneerLeft", "noseSneerRight"), 2.0),
}
"""Weights in the loss; the others have 1."""

FAR = 50.0
"""Outputs in degrees and percent are compared with PyTorch in units of this, as shares are."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what comes out, besides the data."""

    teacher: str = "face_landmarker.task"  # MediaPipe's task file: a path, or a name in the folder of data
    classifier: str = "expression"  # whose trunk is used, a name or a path
    layer: str = "/features/features.5/"  # behind which the branch begins
    widths: tuple[int, ...] = (96, 128)
    dropout: float = 0.1
    least_px: float = 56.0  # smallest face that is learnt from
    detail: int = 48  # channels of what is made of the crop's pixels
    heads: str = ""  # folder of rendered heads, in that of the data or anywhere; none if empty
    heads_share: float = 0.4  # of every batch
    heads_count: float = 2.5  # what the truth of a rendered head counts, in outputs of the teacher
    start: str = ""  # the checkpoint of another run, whose average learning starts from; at random if empty
    steps: int = 4000
    batch: int = 128
    rate: float = 0.002
    warmup: int = 100  # steps
    decay: float = 0.03
    average: float = 0.998  # decay a step of the averaged weights, which are the ones that are served
    pitch_deg: float = 8.5  # this and the next four: see `teacher.Scale`
    pitch: float = 1.19
    yaw: float = 1.07
    eye: float = 2.5
    eye_down: float = 0.136
    seed: int = 1


def train(name: str, recipe: Recipe, data: Path, out: Path) -> Path:
    """Label, learn, export, join, score; gives the path of the ONNX file `out`/`name`.onnx, beside which its card lies.

    Raises
    ------
    UsageError
        if the data lack a file or the teacher, or the checkpoint belongs to another recipe.
    MissingExtraError
        if MediaPipe is not installed.
    """
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    files, check = sorted(data.glob("train-*.parquet")), data / "val.parquet"
    if not files or not check.exists():
        missing = "val.parquet" if files else "train-0.parquet"
        raise UsageError(f"{data} has no {missing}", "docs/models.md says what the recipe of signals wants")
    classifier = model_path(recipe.classifier)
    size_px = read_card(classifier).size_px or 64
    tap = find_tap(classifier, recipe.layer)
    teacher = Path(recipe.teacher) if Path(recipe.teacher).exists() else data / recipe.teacher
    scale = scale_of(recipe)
    faces = read_faces(files, recipe.least_px, teacher, scale, out / "train.npz")
    held = read_faces([check], recipe.least_px, teacher, scale, out / "val.npz")
    kinds = [(faces, 1.0)]
    if recipe.heads:
        heads = read_heads(data / recipe.heads, recipe.heads_count)
        kinds = [(faces, 1 - recipe.heads_share), (heads, recipe.heads_share)]
    source = Batches(kinds, tap, size_px, read_card(classifier).exposure, recipe.seed)
    valid = crop(held, size_px)
    state = _State(recipe, tap, source.some())
    if (out / CHECKPOINT).exists():
        state.load(out / CHECKPOINT)
    elif recipe.start:
        state.begin_from(Path(recipe.start))
    _learn(state, source, out)
    path = out / f"{name}.onnx"
    served = _publish(state, tap, source, path)
    scores = {"correlation with the teacher on val.parquet": correlations(served(valid.crop), valid)}
    write_card(_card(path, recipe, classifier, size_px, state, scores, data), path)
    log.info("%s: %s", path, scores)
    return path


def scale_of(recipe: Recipe) -> Scale:
    """What a recipe makes of the teacher's units."""
    eye = (recipe.eye, recipe.eye)
    return Scale(pitch_deg=recipe.pitch_deg, pitch=recipe.pitch, yaw=recipe.yaw, eye=eye, eye_up=-recipe.eye_down)


class _State:
    """A run between two steps."""

    def __init__(self, recipe: Recipe, tap: Tap, crops: Crops) -> None:
        if len(recipe.widths) != 2:
            raise UsageError(f"recipe: widths cannot be {list(recipe.widths)}", "give two, multiples of 16")
        self.recipe = recipe
        self.network = Branch(tap.channels, (recipe.widths[0], recipe.widths[1]), tap.step, recipe.dropout, recipe.detail)
        self.average = copy.deepcopy(self.network).eval()
        self.optimizer = torch.optim.AdamW(self.network.parameters(), recipe.rate, weight_decay=recipe.decay)
        self.step = 0
        self.steps = max(1, recipe.steps)
        total = crops.weight.sum(axis=0) + 1e-9
        self.mean = (crops.target * crops.weight).sum(axis=0) / total
        self.spread = np.sqrt((crops.weight * (crops.target - self.mean) ** 2).sum(axis=0) / total)
        least = [LEAST_SPREAD["share"]] * len(BLENDSHAPES) + [LEAST_SPREAD["degrees"]] * (len(OUTPUTS) - len(BLENDSHAPES))
        self.spread = np.maximum(self.spread, np.array(least, np.float32))
        self.matters = torch.tensor([MATTERS.get(name, 1.0) for name in OUTPUTS])

    def advance(self, trunk: UInt8, target: Float32, weight: Float32) -> float:
        """One step on a batch; returns the loss."""
        self.network.train()
        wanted = torch.from_numpy((target - self.mean) / self.spread)
        counts = torch.from_numpy(weight) * self.matters
        found: Tensor = self.network(torch.from_numpy(trunk))
        loss = (nn.functional.smooth_l1_loss(found, wanted, reduction="none") * counts).sum() / counts.sum().clamp(min=1e-6)
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not say what it returns
        rise = min(1.0, (self.step + 1) / self.recipe.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate * rise * 0.5 * (1 + math.cos(math.pi * self.step / self.steps))
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        follow(self.average, self.network, min(self.recipe.average, self.step / (self.step + 10)))
        return float(loss.detach())

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        parts = {"network": self.network, "average": self.average, "optimizer": self.optimizer}
        content: dict[str, Any] = {name: part.state_dict() for name, part in parts.items()}
        units = {"mean": torch.from_numpy(self.mean), "spread": torch.from_numpy(self.spread)}
        write_checkpoint(path, self.recipe, content | units | {"step": self.step})

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same recipe."""
        recipe, content = read_checkpoint(path, Recipe, {})
        if recipe != self.recipe:
            raise UsageError(f"{path} belongs to another recipe: {recipe}", "choose another --out, or delete it")
        self.network.load_state_dict(content["network"])
        self.average.load_state_dict(content["average"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.step = content["step"]

    def begin_from(self, path: Path) -> None:
        """Take the averaged weights of another run, in the units of this one."""
        content = read_content(path)
        try:
            missing, more = self.network.load_state_dict(content["average"], strict=False)
            if more or any(not name.startswith("detail.") for name in missing):
                raise KeyError(more)
            mean, spread = (content[name].float() for name in ("mean", "spread"))
        except (KeyError, RuntimeError) as error:
            raise UsageError(f"{path} is of another network", "start from a run with the same widths") from error
        own = torch.from_numpy(self.spread).float()
        out = self.network.out
        out.weight.data *= (spread / own)[:, None]
        out.bias.data = (out.bias.data * spread + mean - torch.from_numpy(self.mean).float()) / own
        self.average.load_state_dict(self.network.state_dict())


def _learn(state: _State, source: Batches, out: Path) -> None:
    """Run to the last step; save now and then."""
    losses: list[float] = []
    every = max(1, state.steps // 20)
    for _ in trange(state.step, state.steps, initial=state.step, total=state.steps, desc="steps", disable=None):
        losses.append(state.advance(*source.batch(state.step, state.recipe.batch)))
        if state.step % every == 0 or state.step == state.steps:
            log.info("step %d of %d: loss %.4f", state.step, state.steps, np.mean(losses))
            state.save(out / CHECKPOINT)
            losses.clear()


def _publish(state: _State, tap: Tap, source: Batches, path: Path) -> Any:
    """Write the file; gives the function that runs it: (N, S, S) uint8 crops -> (N, 58) float32."""
    branch = copy.deepcopy(state.average).eval()
    branch.fold(torch.from_numpy(state.mean).float(), torch.from_numpy(state.spread).float())
    pictures, _, _ = source.batch(state.steps, QUANTIZED_BY)
    exact, integers = path.with_name("branch-float32.onnx"), path.with_name("branch.onnx")
    _export(branch, torch.from_numpy(pictures[:32]), exact)
    quantize(exact, integers, pictures, (), ("Conv", "Relu"))
    join(tap, integers, path)
    session, before = open_session(path, "cpu"), open_session(tap.path, "cpu")
    name = session.get_inputs()[0].name

    def served(crops: UInt8) -> Float32:
        parts = [run(session, path.name, [OUTPUT], {name: crops[i : i + 64, None]})[0] for i in range(0, len(crops), 64)]
        return np.concatenate(parts)

    noise = np.random.default_rng(1).integers(0, 256, (64, *session.get_inputs()[0].shape[1:]), np.uint8)
    kept = [port.name for port in before.get_outputs()]
    for one, other in zip(
        run(before, tap.path.name, kept, {name: noise}), run(session, path.name, kept, {name: noise}), strict=True
    ):
        if not np.array_equal(one, other):
            raise ModelError(f"{path.name} changes what {tap.path.name} gives", "use the same ONNX Runtime for both")
    return served


def _export(branch: Branch, example: Tensor, path: Path) -> None:
    """Write the branch in float32. Its outputs, up to 90 degrees, are compared in units of FAR."""
    unit = torch.tensor([1.0] * len(BLENDSHAPES) + [FAR] * (len(OUTPUTS) - len(BLENDSHAPES)))
    scaled = copy.deepcopy(branch)
    scaled.out.weight.data /= unit[:, None]
    scaled.out.bias.data /= unit
    export_onnx(scaled, example, path, (OUTPUT,), "trunk")
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        for name, values in (("out.weight", branch.out.weight), ("out.bias", branch.out.bias)):
            if tensor.name == name:
                tensor.CopyFrom(numpy_helper.from_array(values.detach().numpy(), name))
    onnx.save(model, path)


def correlations(found: Float32, held: Crops) -> dict[str, float]:
    """Pearson's correlation of each output with its target; those that hardly move are left out."""
    result = {}
    for i, name in enumerate(OUTPUTS):
        if held.target[:, i].std() > LEAST_SPREAD["share"] / 2 and found[:, i].std() > 0:
            result[name] = round(float(np.corrcoef(found[:, i], held.target[:, i])[0, 1]), 3)
    return result


def _card(
    path: Path, recipe: Recipe, classifier: Path, size_px: int, state: _State, scores: dict[str, Any], data: Path
) -> ModelCard:
    held = read_card(classifier)
    return ModelCard(
        name=path.stem,
        task="signals",
        adapter="feelit",
        licence=f"weights: as the pictures that they were trained on, and as {held.name}; teacher and code: Apache-2.0",
        description=(
            f"Head pose, eyes, lips and 52 blendshapes of one aligned {size_px} px face, beside all that {held.name} gives. "
            f"Input luma: (N, 1, {size_px}, {size_px}) uint8, full range 0..255; output signals: (N, {len(OUTPUTS)}) float32, "
            "the labels in order: blendshapes 0..1, angles in degrees, the gap of the lips in percent of nose bridge to chin."
        ),
        size_px=size_px,
        labels=OUTPUTS,
        temperature=None,
        exposure=held.exposure,
        parameters=count_parameters(state.network) + held.parameters,
        training_data=(
            {
                "name": "MediaPipe Face Landmarker",
                "part": "the teacher: landmarks, blendshapes, matrix",
                "licence": "Apache-2.0",
            },
            *as_data(_sources(data)),
        ),
        scores=scores,
        limitations=LIMITATIONS,
        recipe=f"feelit train signals: {recipe}",
        trunk=sha256_of(classifier),
    )


LIMITATIONS = (
    "It repeats what MediaPipe's landmarker says of a face, with its errors: profiles, covered faces and faces below 48 px are "
    "read less well.",
    "Blendshapes are no action units: docs/signals.md says how units are computed from them, and no coder checked them.",
    "The teacher's cheekSquint and noseSneer stay at 0: AU06 is a smile with narrowed eyes, and wrinkled noses are known from "
    "rendered heads alone.",
    "Gaze is that of both eyes together, good to several degrees at best, and unknown where they are closed.",
    "Faces of the training data are mostly photographs of adults; scores for groups of people were not measured.",
)


def _sources(data: Path) -> set[str]:
    columns = [pq.read_table(path, columns=["source"]).column(0) for path in data.glob("train-*.parquet")]
    return {source for column in columns for source in column.to_pylist()}
