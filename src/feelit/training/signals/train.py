"""Training of the signals model: faces and a teacher in, an ONNX file with its card out.

The folder of data holds train-*.parquet and val.parquet as for the face detector. The classifier's trunk is frozen; a small
branch on its activations and on the crop is trained. The run's folder receives the teacher's labels and last.pt, from which an
interrupted run resumes.
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
from feelit.training.optimizer import Learner, Optimizer
from feelit.training.signals.data import Batches, Crops, crop, read_faces, read_heads
from feelit.training.signals.network import OUTPUT, Branch, Tap, find_tap, join
from feelit.training.signals.teacher import Scale
from feelit.types import Float32, UInt8
from feelit.vision.session import open_session, run

log = logging.getLogger(__name__)

CALIBRATION_FACES = 320
"""Faces from which quantisation takes the ranges of activations."""

LEAST_SPREAD = {"share": 0.04, "degrees": 1.0}
"""The least standard deviation by which an output is normalised: of one that hardly varies, noise would be learnt."""

OUTPUT_WEIGHTS = {
    **dict.fromkeys(("pitch_deg", "yaw_deg", "roll_deg"), 4.0),
    **dict.fromkeys(("eye_yaw_deg", "eye_pitch_deg", "lip_gap"), 4.0),
    **dict.fromkeys(("jawOpen", "mouthSmileLeft", "mouthSmileRight", "eyeBlinkLeft", "eyeBlinkRight"), 2.0),
    **dict.fromkeys(("browInnerUp", "browDownLeft", "browDownRight", "browOuterUpLeft", "browOuterUpRight"), 2.0),
    **dict.fromkeys(("noseSneerLeft", "noseSneerRight"), 2.0),
}
"""Weights in the loss; the others have 1."""

COMPARED_UNIT = 50.0
"""Outputs in degrees and percent are compared with PyTorch in this unit, to a tolerance made for outputs of 0..1."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All settings of a run besides its data; stored in every checkpoint."""

    teacher: str = "face_landmarker.task"  # MediaPipe's task file: a path, or a name in the folder of data
    classifier: str = "expression"  # whose trunk is used: a name or a path
    layer: str = "/features/features.5/"  # after which the branch begins
    widths: tuple[int, ...] = (96, 128)
    dropout: float = 0.1
    least_px: float = 56.0  # smallest face to train on
    detail: int = 48  # channels computed from the crop's pixels
    heads: str = ""  # folder of rendered heads, relative to that of the data; none if empty
    heads_share: float = 0.4  # of every batch
    heads_count: float = 2.5  # weight of the ground truth of rendered heads, relative to the teacher's outputs
    start: str = ""  # checkpoint of another run whose averaged weights to start from; random weights if empty
    steps: int = 4000
    batch: int = 128
    rate: float = 0.002
    warmup: int = 100  # steps
    decay: float = 0.03
    average: float = 0.998  # decay per step of the averaged weights, which are served
    pitch_deg: float = 8.5  # this and the next four: see `teacher.Scale`
    pitch: float = 1.19
    yaw: float = 1.07
    eye: float = 2.5
    eye_down: float = 0.136
    seed: int = 1


def train(name: str, recipe: Recipe, data: Path, out: Path) -> Path:
    """Label, train, export and score; gives the path of the ONNX file `out`/`name`.onnx, with its card beside it.

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
        raise UsageError(f"{data} has no {missing}", "docs/models.md says what data the signals recipe needs")
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
        state.start_from(Path(recipe.start))
    _run_steps(state, source, out)
    path = out / f"{name}.onnx"
    served = _export(state, tap, source, path)
    scores = {"correlation with the teacher on val.parquet": correlations(served(valid.crop), valid)}
    write_card(_card(path, recipe, classifier, size_px, state, scores, data), path)
    log.info("%s: %s", path, scores)
    return path


def scale_of(recipe: Recipe) -> Scale:
    """The conversion of the teacher's units by a recipe."""
    return Scale(pitch_deg=recipe.pitch_deg, pitch=recipe.pitch, yaw=recipe.yaw, eye=recipe.eye, eye_up=-recipe.eye_down)


class _State(Learner[Branch]):
    """A run between two steps; `mean` and `spread`, (58,) both, normalise the outputs."""

    def __init__(self, recipe: Recipe, tap: Tap, crops: Crops) -> None:
        if len(recipe.widths) != 2:
            raise UsageError(f"recipe: widths cannot be {list(recipe.widths)}", "give two, multiples of 16")
        network = Branch(tap.channels, (recipe.widths[0], recipe.widths[1]), tap.step, recipe.dropout, recipe.detail)
        super().__init__(network, Optimizer.adamw(network, recipe.decay), recipe.average)
        self.recipe, self.most_steps = recipe, max(1, recipe.steps)
        total = crops.weight.sum(axis=0) + 1e-9
        self.mean = (crops.target * crops.weight).sum(axis=0) / total
        self.spread = np.sqrt((crops.weight * (crops.target - self.mean) ** 2).sum(axis=0) / total)
        least = [LEAST_SPREAD["share"]] * len(BLENDSHAPES) + [LEAST_SPREAD["degrees"]] * (len(OUTPUTS) - len(BLENDSHAPES))
        self.spread = np.maximum(self.spread, np.array(least, np.float32))
        self.output_weights = torch.tensor([OUTPUT_WEIGHTS.get(name, 1.0) for name in OUTPUTS])

    def advance(self, trunk: UInt8, target: Float32, weight: Float32) -> float:
        """One step on a batch; returns the loss."""
        self.network.train()
        normalised = torch.from_numpy((target - self.mean) / self.spread)
        weights = torch.from_numpy(weight) * self.output_weights
        found: Tensor = self.network(torch.from_numpy(trunk))
        errors = nn.functional.smooth_l1_loss(found, normalised, reduction="none")
        loss = (errors * weights).sum() / weights.sum().clamp(min=1e-6)
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not say what it returns
        warmup = min(1.0, (self.steps + 1) / self.recipe.warmup)
        self.update(self.recipe.rate * warmup * 0.5 * (1 + math.cos(math.pi * self.steps / self.most_steps)))
        return float(loss.detach())

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        units = {"mean": torch.from_numpy(self.mean), "spread": torch.from_numpy(self.spread)}
        write_checkpoint(path, self.recipe, self.state_dict() | units)

    def load(self, path: Path) -> None:
        """Resume from a checkpoint of the same recipe."""
        recipe, content = read_checkpoint(path, Recipe, {})
        if recipe != self.recipe:
            raise UsageError(f"{path} belongs to another recipe: {recipe}", "choose another --out, or delete it")
        if "step" in content:  # of an older checkpoint
            content |= {"steps": content["step"], "optimizer": [content["optimizer"]]}
        self.load_state_dict(content)

    def start_from(self, path: Path) -> None:
        """Start from the averaged weights of another run, converted to the normalisation of this one."""
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


def _run_steps(state: _State, source: Batches, out: Path) -> None:
    """Run to the last step; save twenty times on the way."""
    losses: list[float] = []
    last, every = state.most_steps, max(1, state.most_steps // 20)
    for _ in trange(state.steps, last, initial=state.steps, total=last, desc="steps", disable=None):
        losses.append(state.advance(*source.batch(state.steps, state.recipe.batch)))
        if state.steps % every == 0 or state.steps == last:
            log.info("step %d of %d: loss %.4f", state.steps, last, np.mean(losses))
            state.save(out / CHECKPOINT)
            losses.clear()


def _export(state: _State, tap: Tap, source: Batches, path: Path) -> Any:
    """Write the ONNX file; gives the function that runs it: (N, S, S) uint8 crops -> (N, 58) float32."""
    branch = copy.deepcopy(state.average).eval()
    branch.fold(torch.from_numpy(state.mean).float(), torch.from_numpy(state.spread).float())
    inputs, _, _ = source.batch(state.most_steps, CALIBRATION_FACES)
    exact, integers = path.with_name("branch-float32.onnx"), path.with_name("branch.onnx")
    _export_branch(branch, torch.from_numpy(inputs[:32]), exact)
    quantize(exact, integers, inputs, (), ("Conv", "Relu"))
    join(tap, integers, path)
    session, before = open_session(path, "cpu"), open_session(tap.path, "cpu")
    name = session.get_inputs()[0].name

    def served(crops: UInt8) -> Float32:
        parts = [run(session, path.name, [OUTPUT], {name: crops[i : i + 64, None]})[0] for i in range(0, len(crops), 64)]
        return np.concatenate(parts)

    noise = np.random.default_rng(1).integers(0, 256, (64, *session.get_inputs()[0].shape[1:]), np.uint8)
    outputs = [port.name for port in before.get_outputs()]
    own, joined = (run(s, p.name, outputs, {name: noise}) for s, p in ((before, tap.path), (session, path)))
    if not all(np.array_equal(one, other) for one, other in zip(own, joined, strict=True)):
        raise ModelError(f"{path.name} changes what {tap.path.name} gives", "use the same ONNX Runtime for both")
    return served


def _export_branch(branch: Branch, example: Tensor, path: Path) -> None:
    """Write the branch in float32. Its outputs, up to 90 degrees, are compared in units of COMPARED_UNIT."""
    unit = torch.tensor([1.0] * len(BLENDSHAPES) + [COMPARED_UNIT] * (len(OUTPUTS) - len(BLENDSHAPES)))
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
    """Pearson's correlation of each output with its target; outputs that hardly vary are left out."""
    result = {}
    for i, name in enumerate(OUTPUTS):
        if held.target[:, i].std() > LEAST_SPREAD["share"] / 2 and found[:, i].std() > 0:
            result[name] = round(float(np.corrcoef(found[:, i], held.target[:, i])[0, 1]), 3)
    return result


def _card(
    path: Path, recipe: Recipe, classifier: Path, size_px: int, state: _State, scores: dict[str, Any], data: Path
) -> ModelCard:
    held = read_card(classifier)
    tables = [pq.read_table(table, columns=["source"]) for table in data.glob("train-*.parquet")]
    sources = {source for table in tables for source in table.column(0).to_pylist()}
    return ModelCard(
        name=path.stem,
        task="signals",
        adapter="feelit",
        licence=f"weights: as the pictures that they were trained on, and as {held.name}; teacher and code: Apache-2.0",
        description=(
            f"Head pose, gaze, lips and 52 blendshapes of one aligned {size_px} px face crop, in addition to the outputs of "
            f"{held.name}, which are equal bit for bit. Input luma: (N, 1, {size_px}, {size_px}) uint8, full range 0..255; "
            f"output signals: (N, {len(OUTPUTS)}) float32, in the order of the labels: blendshapes 0..1, angles in degrees, "
            "the gap between the lips in percent of the distance from nose bridge to chin."
        ),
        size_px=size_px,
        labels=OUTPUTS,
        temperature=None,
        exposure=held.exposure,
        parameters=count_parameters(state.network) + held.parameters,
        training_data=(
            {
                "name": "MediaPipe Face Landmarker",
                "part": "teacher: landmarks, blendshapes and transformation matrix of every picture",
                "licence": "Apache-2.0",
            },
            *as_data(sources),
        ),
        scores=scores,
        limitations=LIMITATIONS,
        recipe=f"feelit train signals: {recipe}",
        trunk=sha256_of(classifier),
    )


LIMITATIONS = (
    "It imitates MediaPipe's face landmarker, including its errors. It is less accurate for profiles, covered faces and faces "
    "below 48 px.",
    "Blendshapes are not action units: docs/signals.md describes how action units are computed from them. They were not "
    "validated against human coders.",
    "The teacher's cheekSquint and noseSneer are always 0, so AU06 is computed as a smile with narrowed eyes. noseSneer was "
    "learnt from rendered heads only.",
    "Gaze is one direction for both eyes, accurate to several degrees at best, and undefined for closed eyes.",
    "The training faces are mostly photographs of adults. Errors by group of people were not measured.",
)
