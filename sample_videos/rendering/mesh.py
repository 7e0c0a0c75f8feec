"""The mesh of head and shoulders: which quads, subdivision by Catmull and Clark, and fields over the canonical head.

"Canonical" is the base mesh before any target: what is painted or grown is placed there, so that it sits at the same
feature on every head. Units are decimetres; x to the subject's left, y up, z forward.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, vstack

from .assets import Assets, Float, Int

BUST_BELOW_DM, BUST_SIDE_DM = 3.3, 2.7
NECK = np.array([0.0, 6.05, 0.1], np.float32)  # the head turns about this point
AXIS_Z = 0.35  # of the cylinder that textures are wrapped on
TOP_DM, BOTTOM_DM = 8.7, 5.0  # of the texture


@dataclass(frozen=True, kw_only=True)
class Topology:
    """What stays when the head changes.

    Attributes
    ----------
    used : (n,) int32: vertices of the base mesh in the bust's control mesh
    quads : (m, 4) int32 into `used`
    fine_quads : (4 m, 4) int32 into the subdivided vertices
    subdivide : (fine, n) sparse: control vertices -> subdivided vertices
    canon : (fine, 3) float32: where each subdivided vertex lies on the base mesh
    """

    used: Int
    quads: Int
    fine_quads: Int
    subdivide: csr_matrix
    canon: Float


def catmull_clark(quads: Int, count: int) -> tuple[csr_matrix, Int]:
    """One step for quads with borders: (fine, count) matrix and the new quads."""
    faces = len(quads)
    edges = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    unique, edge_of, uses = np.unique(edges, axis=0, return_inverse=True, return_counts=True)
    edge_of = edge_of.reshape(faces, 4)
    face_rows = coo_matrix((np.full(4 * faces, 0.25), (np.repeat(np.arange(faces), 4), quads.ravel())), shape=(faces, count))
    inner = uses == 2
    number = len(unique)
    ends = coo_matrix(
        (np.repeat(np.where(inner, 0.25, 0.5), 2), (np.repeat(np.arange(number), 2), unique.ravel())), shape=(number, count)
    )
    per_edge = coo_matrix(
        (np.ones(4 * faces), (edge_of.ravel(), np.repeat(np.arange(faces), 4))), shape=(number, faces)
    ).tocsr()
    scale = coo_matrix((np.where(inner, 0.25, 0.0), (np.arange(number), np.arange(number))), shape=(number, number))
    edge_rows = ends.tocsr() + scale.tocsr() @ per_edge @ face_rows.tocsr()
    valence = np.bincount(quads.ravel(), minlength=count).astype(float)
    border = np.zeros(count, bool)
    border[unique[~inner].ravel()] = True
    faces_at = coo_matrix((np.ones(4 * faces), (quads.ravel(), np.repeat(np.arange(faces), 4))), shape=(count, faces)).tocsr()
    n = np.maximum(valence, 1)
    all_ends = np.concatenate([unique, unique[:, ::-1]])
    around = coo_matrix((np.ones(len(all_ends)), (all_ends[:, 0], all_ends[:, 1])), shape=(count, count)).tocsr()

    def diagonal(values: np.ndarray) -> csr_matrix:
        return coo_matrix((values, (np.arange(count), np.arange(count))), shape=(count, count)).tocsr()

    inside = diagonal(np.where(border, 0, 1 / n**2)) @ (faces_at @ face_rows.tocsr())
    inside = inside + diagonal(np.where(border, 0, 1 / n**2)) @ around + diagonal(np.where(border, 0, (n - 2) / n))
    rim = np.concatenate([unique[~inner], unique[~inner][:, ::-1]])
    rim_rows = coo_matrix((np.full(len(rim), 0.125), (rim[:, 0], rim[:, 1])), shape=(count, count)).tocsr()
    vertex_rows = inside + rim_rows + diagonal(np.where(border, 0.75, 0))
    matrix = vstack([vertex_rows, edge_rows, face_rows.tocsr()]).tocsr().astype(np.float32)
    fine = [
        np.stack(
            [quads[:, k], count + edge_of[:, k], count + number + np.arange(faces), count + edge_of[:, (k - 1) % 4]], axis=1
        )
        for k in range(4)
    ]
    return matrix, np.concatenate(fine).astype(np.int32)


def build_topology(assets: Assets) -> Topology:
    """Head, neck, shoulders and chest of the base mesh."""
    body = assets.groups["body"]
    centre = assets.vertices[body].mean(axis=1)
    kept = body[(centre[:, 1] > BUST_BELOW_DM) & (np.abs(centre[:, 0]) < BUST_SIDE_DM)]
    used, quads = np.unique(kept, return_inverse=True)
    quads = quads.reshape(kept.shape).astype(np.int32)
    matrix, fine = catmull_clark(quads, len(used))
    return Topology(
        used=used.astype(np.int32),
        quads=quads,
        fine_quads=fine,
        subdivide=matrix,
        canon=(matrix @ assets.vertices[used]).astype(np.float32),
    )


def smooth_step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def head_share(canon: Float) -> Float:
    """(n,) float32: how much of the head's turn each point takes part in; 1 on the skull, 0 on the shoulders."""
    lifted = canon[:, 1] - 0.6 * np.clip(np.abs(canon[:, 0]) - 0.62, 0, 1) - 0.28 * np.clip(0.6 - canon[:, 2], 0, 1.2)
    return smooth_step(5.15, 6.05, lifted).astype(np.float32)


def arm_share(canon: Float) -> Float:
    """(n,) float32: how much of the arm's turn each point takes part in."""
    reach = np.abs(canon[:, 0]) - 0.25 * np.clip(canon[:, 1] - 5.2, -1, 1)
    return smooth_step(1.15, 2.1, reach).astype(np.float32)


def rotation(yaw: float, pitch: float, roll: float) -> Float:
    """(3, 3) float32 from degrees: yaw to the subject's left, pitch up, roll towards the subject's left shoulder."""
    y, p, r = np.radians([yaw, -pitch, -roll])
    turn_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    turn_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    turn_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return (turn_y @ turn_x @ turn_z).astype(np.float32)


def triangles(quads: Int) -> Int:
    """(2 n, 3) int32."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)


def relax(points: Float, quads: Int, steps: int, share: np.ndarray | float = 0.6) -> Float:
    """Move each point towards the mean of its neighbours."""
    ends = np.concatenate([np.stack([quads[:, k], quads[:, (k + 1) % 4]], 1) for k in range(4)])
    ends = np.concatenate([ends, ends[:, ::-1]])
    near = coo_matrix((np.ones(len(ends), np.float32), (ends[:, 0], ends[:, 1])), shape=(len(points), len(points))).tocsr()
    degree = np.maximum(np.asarray(near.sum(axis=1)), 1)
    weight = np.broadcast_to(np.asarray(share, np.float32).reshape(-1, 1), (len(points), 1))
    for _ in range(steps):
        points = points + weight * ((near @ points) / degree - points)
    return points.astype(np.float32)


def normals(points: Float, quads: Int) -> Float:
    """(n, 3) float32 unit normals."""
    corner = points[quads]
    face = np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1])
    out = np.zeros_like(points)
    for k in range(4):
        np.add.at(out, quads[:, k], face)
    return (out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)).astype(np.float32)
