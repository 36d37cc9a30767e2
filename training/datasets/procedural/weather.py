# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Light out of doors: sun, overcast, dusk, night with lamps and headlights, haze and fog."""
from __future__ import annotations

import numpy as np
from training.datasets.procedural.scene import Light, Scene

WARM = np.array([1.0, 0.72, 0.42])


def _sun(scene, rng, low, high, power):
    height = rng.uniform(low, high)
    direction = np.array([*rng.normal(size=2), height * 1.4])
    tint = np.array([1.0, rng.uniform(0.8, 1.0), rng.uniform(0.6, 1.0)])
    if height < 0.15:
        tint = tint * (1.0, 0.75, 0.5)
    scene.lights.append(Light(direction / np.linalg.norm(direction), tint * power, True))


def daylight(scene: Scene, rng) -> str:
    """Draw the weather; returns 'clear', 'overcast', 'dusk', 'night'."""
    kind = str(rng.choice(['clear', 'overcast', 'dusk', 'night'], p=[0.53, 0.25, 0.1, 0.12]))
    blue = np.array([rng.uniform(0.1, 0.5), rng.uniform(0.3, 0.6), rng.uniform(0.6, 1.0)])
    grey = np.full(3, rng.uniform(0.5, 1.0))
    horizon = np.clip(grey * rng.uniform(0.8, 1.25), 0, 1.3)
    scene.cloud = rng.random()
    if kind == 'clear':
        _sun(scene, rng, 0.1, 1.0, rng.uniform(0.9, 2.8))
        scene.sky = np.stack([blue, horizon])
    elif kind == 'overcast':
        _sun(scene, rng, 0.3, 1.0, 0.08)
        scene.sky = np.stack([grey, horizon])
        scene.cloud = rng.uniform(0.4, 1.0)
    elif kind == 'dusk':
        _sun(scene, rng, 0.02, 0.15, rng.uniform(0.1, 0.8))
        scene.sky = np.stack([blue * 0.25, np.array([0.9, rng.uniform(0.4, 0.7), 0.35])
                              * rng.uniform(0.2, 0.8)])
    else:
        scene.night = 1.0
        scene.sky = np.stack([np.array([0.01, 0.012, 0.02]), np.array([0.05, 0.04, 0.03])])
        scene.sky = scene.sky * rng.uniform(0.2, 2.0)
    scene.ambient = scene.sky.mean(axis=0) * rng.uniform(0.3, 0.7)
    if kind == 'night':
        scene.ambient = scene.ambient + rng.uniform(0.002, 0.03)
    # Extinction a metre: clear air, haze, and now and then a fog that hides what is 15 m off.
    scene.haze = rng.uniform(0, 0.003)
    if rng.random() < 0.14:
        scene.haze = 3.0 / np.exp(rng.uniform(np.log(15), np.log(200)))
    return kind


def headlights(scene: Scene, rng, position, yaw):
    """Lamps at the camera that shine ahead: a vehicle's, or a robot's single one."""
    x, y, z = position
    ahead = np.array([-np.sin(yaw), np.cos(yaw), -rng.uniform(0.02, 0.15)])
    aside = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    power = np.array([1.0, 0.95, 0.85]) * rng.uniform(4, 40)
    sides = (-0.6, 0.6) if rng.random() < 0.6 else (rng.uniform(-0.2, 0.2),)
    for side in sides:
        place = np.array([x, y, max(0.2, z - rng.uniform(0.1, 0.9))]) + side * aside
        scene.lights.append(Light(place, power, False, ahead / np.linalg.norm(ahead),
                                  np.cos(rng.uniform(0.2, 0.6))))


def street_lamp(scene: Scene, rng, place):
    """Light of a lamp post or a lit entrance at `place` (3) metres."""
    scene.lights.append(Light(np.asarray(place, dtype=float), WARM ** rng.uniform(0, 1)
                              * rng.uniform(3, 15)))
