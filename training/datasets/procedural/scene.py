# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Scenes as lists of primitives: what the builders write and the renderer reads."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

import numpy as np

# Kinds of primitives. A pane is a rectangle without thickness that may have holes; glass is a
# pane that the camera and the LiDAR look through.
BOX, CYLINDER, ELLIPSOID, PANE, GLASS = range(5)
PATTERNS = (
    'plain', 'noise', 'grain', 'cloud', 'wood', 'planks', 'tile', 'brick', 'checker', 'stripe',
    'text', 'books', 'poster', 'facade', 'weave', 'leaf', 'asphalt', 'marble', 'slats', 'dots',
    'gravel', 'crack', 'lines', 'letters', 'photo')
# Patterns of many hues, and those that hang one way up.
PRINTS = ('poster', 'photo', 'books', 'letters', 'dots', 'text')
UPRIGHT = ('facade', 'photo', 'letters', 'books', 'brick')
# Where a pane is solid: 'full' everywhere.
MASKS = ('full', 'leaves', 'branches', 'grass', 'mesh', 'bars', 'lattice', 'cables', 'wheel',
         'round', 'rags', 'perforated')


@dataclass
class Material:
    """
    Two colours (linear, 0..1) mixed by a pattern; `size` is metres per pattern repeat.

    mirror: share of light reflected as by a mirror (flat faces); hidden: chance that a LiDAR
    gets no return; palette: how far the hue wanders over the pattern (prints, posters).
    """

    colour_a: np.ndarray
    colour_b: np.ndarray
    pattern: int = 0
    size: float = 1.0
    dirt: float = 0.0
    gloss: float = 0.0
    emission: float = 0.0
    turned: bool = False
    mirror: float = 0.0
    hidden: float = 0.0
    palette: float = 0.0


@dataclass
class Light:
    """
    Position (3) for a lamp or unit direction towards the sun; colour (3) linear.

    beam: unit direction in which a spot light shines, `cosine` of its half angle.
    """

    position: np.ndarray
    colour: np.ndarray
    sun: bool = False
    beam: Optional[np.ndarray] = None
    cosine: float = -1.0


@dataclass
class Scene:
    """
    Primitives, lights and sky of one world; metres, x and y level, z up.

    haze: extinction per metre; cloud: cover 0..1; night: 1 with a dark sky.
    """

    rng: np.random.Generator
    kinds: list = field(default_factory=list)
    centres: list = field(default_factory=list)
    halves: list = field(default_factory=list)
    rotations: list = field(default_factory=list)
    materials: list = field(default_factory=list)
    instances: list = field(default_factory=list)
    holes: list = field(default_factory=list)
    lights: list = field(default_factory=list)
    ambient: np.ndarray = field(default_factory=lambda: np.full(3, 0.35))
    sky: np.ndarray = field(default_factory=lambda: np.array(
        [[0.35, 0.5, 0.8], [0.75, 0.8, 0.85]]))
    haze: float = 0.0
    cloud: float = 0.0
    night: float = 0.0
    instance: int = 0

    def new_instance(self) -> int:
        """Start a new object: primitives added from now on carry its id."""
        self.instance += 1
        return self.instance

    def add(self, kind, centre, half, material, yaw=0.0, rotation=None, holes=(0, 1, 1)):
        """Add a primitive given its centre (3), half sizes (3) and yaw or rotation (3, 3)."""
        self.kinds.append(kind)
        self.centres.append(np.asarray(centre, dtype=np.float64))
        self.halves.append(np.maximum(np.asarray(half, dtype=np.float64), 1e-3))
        self.rotations.append(turn(yaw) if rotation is None else rotation)
        self.materials.append(material)
        self.instances.append(self.instance)
        self.holes.append(holes)

    def box(self, centre, half, material, yaw=0.0, rotation=None):
        """Add a box."""
        self.add(BOX, centre, half, material, yaw, rotation)

    def cylinder(self, centre, radius, half_height, material, rotation=None):
        """Add an upright cylinder, or one turned by `rotation`."""
        self.add(CYLINDER, centre, (radius, radius, half_height), material, rotation=rotation)

    def ellipsoid(self, centre, half, material, yaw=0.0):
        """Add an ellipsoid."""
        self.add(ELLIPSOID, centre, half, material, yaw)

    def pane(self, centre, width, height, material, yaw=0.0, rotation=None, holes=None,
             repeat=(1, 1), glass=False):
        """
        Add an upright rectangle of full sizes, facing local y.

        :param holes: name of a mask that tells where it is solid, repeated `repeat` times
            along x and z; glass: clear, a surface for reflections only.
        """
        row = 0 if holes is None else MASKS.index(holes)
        self.add(GLASS if glass else PANE, centre, (width / 2, 1.0, height / 2), material, yaw,
                 rotation, (row, *repeat))

    def inside(self, point, margin=0.0) -> bool:
        """Tell whether a point (3) lies in (or within `margin` metres of) any primitive."""
        rotation = np.stack(self.rotations)
        offset = np.asarray(point) - np.stack(self.centres)
        local = np.einsum('nji,nj->ni', rotation, offset) / (np.stack(self.halves) + margin)
        kind = np.asarray(self.kinds)
        square = local ** 2
        box = np.abs(local).max(axis=1) < 1
        tube = (square[:, :2].sum(axis=1) < 1) & (np.abs(local[:, 2]) < 1)
        ball = square.sum(axis=1) < 1
        body = np.where(kind == BOX, box, np.where(kind == CYLINDER, tube, ball))
        return bool((body & (kind < PANE)).any())


class Placer:
    """Local frame on the floor: adds primitives turned by one yaw around one point."""

    def __init__(self, scene: Scene, x: float, y: float, yaw: float = 0.0, z: float = 0.0):
        """Place the frame at (x, y, z) metres; its +y axis is the object's front."""
        self.scene, self.yaw = scene, yaw
        self.origin = np.array([x, y, z])
        self.rotation = turn(yaw)
        scene.new_instance()

    def point(self, x, y, z) -> np.ndarray:
        """Give world coordinates of a local point."""
        return self.origin + self.rotation @ np.array([x, y, z])

    def box(self, x, y, z, w, d, h, material, tilt=None):
        """Add a box with its BOTTOM centre at (x, y, z) and full sizes w, d, h."""
        rotation = self.rotation if tilt is None else self.rotation @ tilt
        self.scene.box(self.point(x, y, z + h / 2), (w / 2, d / 2, h / 2), material,
                       rotation=rotation)

    def tube(self, x, y, z, radius, height, material, tilt=None):
        """Add a cylinder standing on (x, y, z)."""
        rotation = self.rotation if tilt is None else self.rotation @ tilt
        self.scene.cylinder(self.point(x, y, z + height / 2), radius, height / 2, material,
                            rotation=rotation)

    def pane(self, x, y, z, w, h, material, turn_by=0.0, tilt=None, **options):
        """Add an upright pane with its BOTTOM centre at (x, y, z), turned by `turn_by`."""
        rotation = self.rotation @ turn(turn_by)
        rotation = rotation if tilt is None else rotation @ tilt
        self.scene.pane(self.point(x, y, z + h / 2), w, h, material, rotation=rotation, **options)

    def ball(self, x, y, z, rx, ry, rz, material):
        """Add an ellipsoid centred at (x, y, z)."""
        self.scene.ellipsoid(self.point(x, y, z), (rx, ry, rz), material, self.yaw)


def turn(yaw: float) -> np.ndarray:
    """Return the rotation (3, 3) about the vertical by `yaw` radians."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def lean(angle: float, axis: int = 0) -> np.ndarray:
    """Return the rotation (3, 3) about local x (axis 0) or y (axis 1) by `angle` radians."""
    c, s = np.cos(angle), np.sin(angle)
    if axis == 0:
        return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def colour(rng: np.random.Generator, saturation=0.5, low=0.05, high=0.9) -> np.ndarray:
    """Draw a linear RGB triple of limited saturation."""
    value = low + (high - low) * rng.random() ** 2
    tint = rng.uniform(0, 1, 3) ** 1.5
    tint = tint / tint.max()
    s = rng.uniform(0, saturation)
    return value * (1 - s + s * tint)


def material(rng, patterns=None, saturation=0.5, low=0.05, high=0.9, size=(0.2, 1.5),
             contrast=0.5, gloss=0.2) -> Material:
    """Draw a material; `patterns` names the choices (None: any), `size` metres per repeat."""
    names = PATTERNS if patterns is None else patterns
    a = colour(rng, min(1.0, 1.4 * saturation), low, high)
    b = a * rng.uniform(1 - contrast, 1 + contrast)
    if rng.random() < 0.25:
        b = colour(rng, saturation, low, high)
    name = names[rng.integers(len(names))]
    palette = rng.random() * saturation if name in PRINTS else 0.0
    return Material(
        a, np.clip(b, 0.01, 1.0), PATTERNS.index(name),
        float(np.exp(rng.uniform(np.log(size[0]), np.log(size[1])))), 0.5 * rng.random() ** 2,
        gloss * rng.random() ** 2, 0.0, name not in UPRIGHT and rng.random() < 0.5,
        palette=palette)
