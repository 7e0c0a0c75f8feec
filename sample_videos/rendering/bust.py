"""Build one person's mesh from targets, and pose it: from numbers to the arrays that `raster.cpp` draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from .assets import Assets, Float, Int
from .base import Base, base
from .hair import LASH, POINTS, Skin, Strands, grow, hair_line
from .mesh import NECK, Topology, arm_share, head_share, normals, rotation, smooth_step, triangles
from .people import Head, Pose
from .skin import paint
from .wear import MASK, Extra, cloth, glasses, mask, scarf, sphere

EYES = np.array([0.0, 7.284, 1.245], np.float32)
SKIN, EYE, TEETH, TONGUE = 1, 2, 3, 4  # materials of raster.cpp
UNITS = [
    "eye-left-closure",
    "eye-left-opened-up",
    "eye-left-slit",
    "eye-right-closure",
    "eye-right-opened-up",
    "eye-right-slit",
    "eyebrows-left-down",
    "eyebrows-left-extern-up",
    "eyebrows-left-inner-up",
    "eyebrows-left-up",
    "eyebrows-right-down",
    "eyebrows-right-extern-up",
    "eyebrows-right-inner-up",
    "eyebrows-right-up",
    "mouth-compression",
    "mouth-corner-puller",
    "mouth-depression-retraction",
    "mouth-depression",
    "mouth-elevation",
    "mouth-eversion",
    "mouth-open",
    "mouth-parling",
    "mouth-part-later",
    "mouth-protusion",
    "mouth-pursing",
    "mouth-retraction",
    "mouth-upward-retraction",
    "neck-platysma",
    "nose-compression",
    "nose-depression",
    "nose-left-dilatation",
    "nose-left-elevation",
    "nose-right-dilatation",
    "nose-right-elevation",
]


@dataclass(frozen=True, kw_only=True)
class Model:
    """One person, ready to be posed."""

    head: Head
    control: Float  # (19158, 3): all vertices of the base mesh, shaped
    units: Float  # (34, 19158, 3)
    strands: list[Strands]
    texture: np.ndarray
    grooves: Float
    extras: list[Extra]
    skin_quads: Int  # without what is deep below cloth


def shape(assets: Assets, head: Head) -> Float:
    """(19158, 3) float32: the base mesh with the targets of one head."""
    out = assets.vertices.copy()
    total = head.african + head.asian + head.caucasian
    for sex, s in (("female", head.female), ("male", 1 - head.female)):
        for age, a in (("old", head.age), ("young", 1 - head.age)):
            for name, e in (("african", head.african), ("asian", head.asian), ("caucasian", head.caucasian)):
                if s * a * e:
                    out += s * a * e / total * assets.target(f"macrodetails/{name}-{sex}-{age}")
            weight = "maxweight" if head.heavy > 0 else "minweight"
            if s * a * head.heavy:
                out += s * a * abs(head.heavy) * assets.target(f"macrodetails/universal-{sex}-{age}-averagemuscle-{weight}")
    for name, w in head.shape.items():
        names = [name.replace("/*-", f"/{side}-") for side in "lr"] if "/*-" in name else [name]
        for one in names:
            out += w * assets.target(one)
    eyes = (out[13606:13614].mean(axis=0) + out[13614:13622].mean(axis=0)) / 2  # every head sits at the same place
    return (out + (EYES - eyes)).astype(np.float32)


@cache
def expression_units(path: Path | None, african: float, asian: float, caucasian: float) -> Float:
    """(34, 19158, 3) float32 for a mixture of ancestries."""
    assets = base(path).assets
    out = np.zeros((len(UNITS), *assets.vertices.shape), np.float32)
    for k, unit in enumerate(UNITS):
        for name, share in (("african", african), ("asian", asian), ("caucasian", caucasian)):
            if share:
                out[k] += share * assets.target(f"expression/units/{name}/{unit}")
    return out


def build(head: Head, path: Path | None = None) -> Model:
    """Shape, paint and dress one head. About two seconds."""
    b = base(path)
    control = shape(b.assets, head)
    fine = _arms_down(b.bust, (b.bust.subdivide @ control[b.bust.used]).astype(np.float32), control)
    normal = normals(fine, b.bust.fine_quads)
    texture, grooves = paint(head, b.place)
    strands = grow(head, Skin(points=fine, normal=normal, canon=b.bust.canon, quads=b.bust.fine_quads, ears=b.ears))
    extras = [cloth(head, b, fine, normal)]
    if head.mask:
        extras.append(mask(b, fine, normal))
    if head.scarf is not None:
        extras.append(scarf(b, fine, normal))
    if head.glasses:
        extras.append(glasses(b, control, fine))
    return Model(
        head=head,
        control=control,
        units=expression_units(path, head.african, head.asian, head.caucasian),
        strands=strands,
        texture=texture,
        grooves=grooves,
        extras=extras,
        skin_quads=_uncovered(b, extras[0]),
    )


def _uncovered(b: Base, cloth: Extra) -> Int:
    deep = np.zeros(len(b.bust.canon), bool)
    assert cloth.follow is not None
    deep[cloth.follow] = cloth.clip > 0.12
    return b.bust.fine_quads[~deep[b.bust.fine_quads].all(axis=1)]


def _arms_down(bust: Topology, fine: Float, control: Float) -> Float:
    share = arm_share(bust.canon)
    out = fine.copy()
    for side in (1, -1):
        joint = control[14046:14054].mean(axis=0) * [side, 1, 1]
        turn = rotation(0, 0, 27 * side)
        mine = (bust.canon[:, 0] * side > 0) & (share > 0)
        moved = (fine[mine] - joint) @ turn.T + joint
        out[mine] = fine[mine] + share[mine, None] * (moved - fine[mine])
    return out.astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Posed:
    """All arrays of one moment, in decimetres of the scene (not yet of the camera)."""

    points: Float
    canon: Float
    attribute: Float
    triangles: Int
    material: np.ndarray
    strands: Float
    look: Float
    eyes: Float
    head: Float
    groove_weight: Float
    fine: Float  # the skin's vertices, for landmarks
    turn: Float
    shift: Float


def pose(model: Model, at: Pose, path: Path | None = None) -> Posed:
    """Bend the face by its units, turn the head, move the eyes."""
    b, head = base(path), model.head
    weights = np.array([at.units.get(u, 0.0) for u in UNITS], np.float32)
    control = model.control + np.tensordot(weights, model.units, 1)
    rest_fine = _arms_down(b.bust, (b.bust.subdivide @ control[b.bust.used]).astype(np.float32), model.control)
    neutral = _arms_down(b.bust, (b.bust.subdivide @ model.control[b.bust.used]).astype(np.float32), model.control)
    turn, shift = rotation(at.yaw, at.pitch, at.roll), np.asarray(at.lean, np.float32)

    def place(points: Float, share: np.ndarray | float) -> Float:
        s = np.broadcast_to(np.asarray(share, np.float32), (len(points),))[:, None]
        return (points + s * ((points - NECK) @ turn.T + NECK - points) + shift).astype(np.float32)

    share = head_share(b.bust.canon)
    fine = place(rest_fine, share)
    points, canon, attribute, quads, material = (
        [fine],
        [b.bust.canon],
        [],
        [model.skin_quads],
        [np.full(len(model.skin_quads), SKIN)],
    )
    zeros = np.zeros(len(fine), np.float32)
    attribute.append(
        np.stack([b.lips, b.inside, hair_line(head)(b.bust.canon) * (b.ears < 0.05) * (head.style != "receding"), zeros + 1], 1)
    )
    count = len(fine)

    def add(p: Float, c: Float, a: Float, q: Int, m: int) -> None:
        nonlocal count
        points.append(p)
        canon.append(c)
        attribute.append(a)
        quads.append(q + count)
        material.append(np.full(len(q), m))
        count += len(p)

    ball, ball_quads = sphere()
    eyes = []
    for side, joint, helper in ((1, slice(13606, 13614), slice(14598, 14668)), (-1, slice(13614, 13622), slice(14670, 14740))):
        mesh = model.control[helper]
        centre = (mesh.max(axis=0) + mesh.min(axis=0)) / 2
        radius = float((mesh.max(axis=0) - mesh.min(axis=0)).mean() / 2)
        del joint
        gaze = turn @ rotation(at.gaze_yaw - side * 1.5, at.gaze_pitch, 0) @ np.array([0, 0, 1], np.float32)
        placed = place(centre[None] + ball * radius, 1)
        lifted = np.broadcast_to(b.assets.vertices[helper].mean(axis=0) * [1, 1, 1], placed.shape)
        add(placed, lifted.astype(np.float32), np.tile(np.array([0, 0, 0, 1], np.float32), (len(ball), 1)), ball_quads, EYE)
        iris = (np.asarray(head.iris) / 255) ** 2.2
        eyes.append([*place(centre[None], 1)[0], *gaze, radius, *iris])
    for name, m in (("helper-upper-teeth", TEETH), ("helper-lower-teeth", TEETH), ("helper-tongue", TONGUE)):
        used, q = np.unique(b.assets.groups[name], return_inverse=True)
        c = b.assets.vertices[used]
        dark = smooth_step(1.42, 1.02, c[:, 2])
        a = np.stack([0 * dark, dark, 0 * dark, 0 * dark + 1], 1).astype(np.float32)
        back = np.array([0, -0.05, -0.07], np.float32) if name == "helper-lower-teeth" else np.array([0, 0, 0], np.float32)
        add(place(control[used] + back, 1), c, a, q.reshape(-1, 4).astype(np.int32), m)
    for extra in model.extras:
        p = extra.points
        if extra.follow is not None and extra.material == MASK:
            p = p + 0.5 * (rest_fine - neutral)[extra.follow]
        a = np.stack([0 * extra.clip, 0 * extra.clip, 0 * extra.clip, extra.clip], 1).astype(np.float32)
        add(place(p, extra.share), extra.canon, a, extra.quads, extra.material)

    strands, looks = [_lashes(b, control, place, head)[0]], [_lashes(b, control, place, head)[1]]
    for s in model.strands:
        rest = rest_fine[s.root][:, None] + s.offset
        own = share[s.root] + 0 * s.root
        flat = rest.reshape(-1, 3)
        hang = smooth_step(5.2, 6.3, flat[:, 1]) * np.repeat(own, POINTS)
        strands.append(place(flat, hang).reshape(-1, POINTS, 3))
        looks.append(s.look)
    u = dict(zip(UNITS, weights, strict=True))
    lift = max(u["eyebrows-left-up"], u["eyebrows-right-up"], 0.8 * u["eyebrows-left-inner-up"])
    frown = max(u["eyebrows-left-down"], 0.6 * u["eyebrows-left-inner-up"])
    smile = max(
        u["mouth-corner-puller"],
        0.8 * u["mouth-upward-retraction"],
        u["nose-left-elevation"] * 0.8,
        0.5 * u["mouth-retraction"],
    )
    squint = max(0.8 * u["eye-left-slit"], 0.7 * u["mouth-corner-puller"], u["nose-left-elevation"])
    crown = place(model.control[[14070]], 1)[0]
    return Posed(
        points=np.concatenate(points).astype(np.float32),
        canon=np.concatenate(canon).astype(np.float32),
        attribute=np.concatenate(attribute).astype(np.float32),
        triangles=triangles(np.concatenate(quads)),
        material=np.tile(np.concatenate(material), 2).astype(np.uint8),
        strands=np.concatenate(strands).astype(np.float32),
        look=np.concatenate(looks).astype(np.float32),
        eyes=np.asarray(eyes, np.float32),
        head=np.asarray([*(crown + turn @ [0, 0.25, 0.25]), 1.0, *turn[:, 1]], np.float32),
        groove_weight=np.asarray([1, lift, frown, smile, squint], np.float32),
        fine=fine,
        turn=turn,
        shift=shift,
    )


def _lashes(b: Base, control: Float, place, head: Head) -> tuple[Float, Float]:  # type: ignore[no-untyped-def]
    """Strands along the lash helpers: from the lid outwards."""
    out, looks = [], []
    scale = 0.75 if head.female > 0.5 else 0.45
    for side in ("l", "r"):
        centre = control[slice(14598, 14668) if side == "l" else slice(14670, 14740)].mean(axis=0)
        for row, far in (("2", scale), ("1", scale * 0.25)):
            quads = b.assets.groups[f"helper-{side}-eyelashes-{row}"]
            corner = control[quads]
            reach = np.linalg.norm(corner - centre, axis=2)
            order = np.argsort(reach, axis=1, kind="stable")
            roots, tips = np.take_along_axis(corner, order[:, :2, None], 1), np.take_along_axis(corner, order[:, 2:, None], 1)
            swap = np.linalg.norm(roots[:, 0] - tips[:, 0], axis=1) > np.linalg.norm(roots[:, 0] - tips[:, 1], axis=1)
            tips[swap] = tips[swap][:, ::-1]
            for t in (0.1, 0.3, 0.5, 0.7, 0.9):
                root, tip = roots[:, 0] * (1 - t) + roots[:, 1] * t, tips[:, 0] * (1 - t) + tips[:, 1] * t
                steps = np.linspace(0, 1, POINTS)[None, :, None]
                out.append(root[:, None] + steps * far * (tip - root)[:, None])
    points = np.concatenate(out).astype(np.float32)
    looks.append(np.tile(np.array([0.006, 1, LASH, 0], np.float32), (len(points), 1)))
    return place(points.reshape(-1, 3), 1).reshape(-1, POINTS, 3), np.concatenate(looks)
