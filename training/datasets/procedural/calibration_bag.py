# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Recordings to calibrate with: a robot in a drawn room, exact mounting and clocks."""
from __future__ import annotations

from dataclasses import dataclass
import math
from pathlib import Path

import cv2
from depth_ros.bags import message, stamp, Writer
from depth_ros.contracts import InputError, metres_to_millimetres
from depth_ros.poses import quaternion_from
import numpy as np
import torch
from tqdm import tqdm
from training.datasets.procedural import (
    bag,
    fittings,
    furniture,
    people,
    plants,
    textures,
    things,
    walls,
    world,
)
from training.datasets.procedural.packing import pack
from training.datasets.procedural.raycast import first_hit
from training.datasets.procedural.scene import Light, Material, material, Placer, Scene
from training.datasets.procedural.shading import render, View

WIDTH, HEIGHT, FOCAL = 320, 240, 195.0
RATE, BEAMS, TOGETHER = 10.0, 720, 15  # beams of one moment: 2 ms of a turn of 0.1 s
RANGE_MIN, RANGE_MAX, RANGE_NOISE, LOST = 0.10, 12.0, 0.01, 0.02
SCAN_PHASE = 0.037  # seconds from an image to the first beam of the next turn
CLEAR = 0.3  # metres around the robot in which nothing stands
STARTS = 400


LONG_THINGS = (furniture.shelf, furniture.cabinet, furniture.table, furniture.sofa,
               fittings.kitchen_run)
SMALL_THINGS = (furniture.chair, plants.plant, people.person, things.crates, things.bin_or_drum,
                furniture.floor_lamp)


def furnished_room(rng) -> Scene:
    """Draw a room of 5.6-7 x 8-11 m: furniture along its walls, the middle free."""
    scene = Scene(rng)
    w, d, height = rng.uniform(5.6, 7.0), rng.uniform(8, 11), 2.8
    walls.shell(scene, rng, w, d, height)
    lamp = Material(np.ones(3), np.ones(3), emission=1.0)
    for side in (-1, 1):
        y = 0.7 - d / 2
        while y < d / 2 - 0.8:
            build = (LONG_THINGS if rng.random() < 0.55 else SMALL_THINGS)
            build = build[rng.integers(len(build))]
            inwards = rng.uniform(0.35, 0.8)
            build(Placer(scene, side * (w / 2 - inwards), y, -side * math.pi / 2
                         + rng.normal() * 0.1), rng)
            y += rng.uniform(1.0, 1.9)
        for _ in range(3):
            scene.new_instance()
            scene.box((side * (w / 2 - 0.01), rng.uniform(-0.45, 0.45) * d, 1.6),
                      (0.012, rng.uniform(0.25, 0.6), 0.35),
                      material(rng, ('poster', 'text'), 1.0, size=(0.7, 1.2), contrast=0.9))
        y = side * (d / 2 - 0.5)
        for x in (-1.2, 1.2):
            build = LONG_THINGS[rng.integers(3)]
            build(Placer(scene, x + rng.normal() * 0.3, y, 0.0 if side < 0 else math.pi), rng)
        scene.new_instance()
        scene.box((0, side * d / 4, height - 0.03), (0.6, 0.15, 0.03), lamp)
        scene.lights.append(Light(np.array([0.3, side * d / 4, height - 0.25]),
                                  np.array([1.1, 1.05, 0.95])))
    scene.ambient = np.array([0.30, 0.31, 0.33])
    return scene


@dataclass(frozen=True)
class Mounting:
    """Where the sensors are on the robot: base <- optical camera, base <- laser (4, 4)."""

    camera: np.ndarray
    laser: np.ndarray

    @property
    def extrinsics(self) -> np.ndarray:
        """Camera (optical) <- laser."""
        return np.linalg.inv(self.camera) @ self.laser


def draw_mounting(rng) -> Mounting:
    """Draw a camera that looks ahead and a little down, and a level LiDAR below it."""
    tilt, aside, roll = rng.uniform(0.0, 0.2), rng.normal() * 0.05, rng.normal() * 0.02
    camera = world.look((0.0, 0.0, 0.0), aside, tilt, roll)
    # `look` has 0 along +y; the base looks along +x.
    turn = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    camera[:3, :3] = turn @ camera[:3, :3]
    height = rng.uniform(0.65, 1.0)
    camera[:3, 3] = rng.uniform(0.0, 0.1), rng.normal() * 0.03, height
    yaw, laser = rng.normal() * 0.05, np.eye(4)
    laser[:2, :2] = [[math.cos(yaw), -math.sin(yaw)], [math.sin(yaw), math.cos(yaw)]]
    laser[:3, 3] = rng.uniform(0.0, 0.2), rng.normal() * 0.03, height - rng.uniform(0.1, 0.3)
    return Mounting(camera, laser)


class Drive:
    """A winding way: pose of the base in the world at any time."""

    def __init__(self, rng, x, y, heading, speed):
        """Draw how it winds; x, y metres, heading radians (0 along +x), speed m/s."""
        self.swing = rng.uniform(0.35, 0.6, 2) * (1, 0.4)
        self.rates, self.phases = rng.uniform(0.8, 1.4, 2) * (1, 2.3), rng.uniform(0, 6.3, 2)
        self.heading, self.speed = heading, speed
        self.times = np.arange(-0.5, 60.0, 0.01)
        angle = self._angle(self.times)
        step = 0.01 * speed * np.stack([np.cos(angle), np.sin(angle)], 1)
        self.way = np.cumsum(step, 0) + (x, y)

    def _angle(self, seconds):
        seconds = np.asarray(seconds)[..., None]
        return self.heading + (self.swing * np.sin(self.rates * seconds + self.phases)).sum(-1)

    def pose(self, seconds: float) -> np.ndarray:
        """Give world <- base (4, 4)."""
        pose, angle = np.eye(4), float(self._angle(seconds))
        pose[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        pose[:2, 3] = [np.interp(seconds, self.times, axis) for axis in self.way.T]
        return pose


def draw_drive(rng, scene, mounting, inside, seconds: float) -> Drive:
    """
    Draw a drive on which nothing is hit.

    :param inside: x, y (metres) of a place in the room, from which the start can be reached.
    :raises InputError: the room has no such way.
    """
    heights = mounting.camera[2, 3], mounting.laser[2, 3]
    inside = np.asarray(inside)
    for number in range(STARTS):
        speed = rng.uniform(0.3, 0.5) * 0.5 ** (number * 3 // STARTS)
        first = inside + rng.normal(size=2) * 0.7
        drive = Drive(rng, *first, rng.uniform(0, 6.3), speed)
        places = [drive.pose(t)[:2, 3] for t in np.arange(-0.2, seconds + 0.3, 0.4)]
        # From inside to the first place there is no wall either.
        places += list(np.linspace(first, inside, 10)[:-1])
        if not any(scene.inside((*place, z), CLEAR) for place in places for z in heights):
            return drive
    raise InputError('this room is too full to drive in: take another seed')


def cast(scenes, drive, mounting, start: float, rng) -> np.ndarray:
    """Cast one turn, each beam from where the LiDAR is then; ranges (BEAMS), inf: nothing."""
    count = BEAMS // TOGETHER
    angle = (-math.pi + np.arange(BEAMS) * 2 * math.pi / BEAMS).reshape(count, TOGETHER)
    times = start + (np.arange(count) + 0.5) * TOGETHER / BEAMS / RATE
    poses = np.stack([drive.pose(float(t)) @ mounting.laser for t in times])
    local = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], 1)
    rays = torch.as_tensor(poses[:, :3, :3] @ local, dtype=torch.float32)
    origins = torch.as_tensor(poses[:, :3, 3:], dtype=torch.float32)
    every = torch.ones(count, scenes.unit.shape[1], dtype=torch.bool)
    owner = torch.zeros(count, dtype=torch.int64)
    ranges = first_hit(scenes, owner, origins, rays, every)[0].numpy().astype(float).ravel()
    ranges = ranges + rng.normal(size=BEAMS) * RANGE_NOISE
    ranges[rng.random(BEAMS) < LOST] = np.inf
    return np.where((ranges > RANGE_MIN) & (ranges < RANGE_MAX), ranges, np.inf)


def _view(pose, scale=1):
    return View(WIDTH * scale, HEIGHT * scale, FOCAL * scale, FOCAL * scale,
                (WIDTH * scale - 1) / 2, (HEIGHT * scale - 1) / 2, pose)


def _picture(scenes, pose, gain, scale, rng):
    light = render(scenes, [_view(pose, scale)])['image'][0].numpy()
    gain = gain or 0.5 / max(float(np.quantile(light.mean(-1), 0.7)), 1e-3)
    image = np.clip(light * gain, 0, 1) ** (1 / 2.2) * 255
    image = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.clip(image + rng.normal(size=image.shape) * 1.5, 0, 255).astype(np.uint8), gain


def _info(header):
    k = [FOCAL, 0, (WIDTH - 1) / 2, 0, FOCAL, (HEIGHT - 1) / 2, 0, 0, 1]
    return message('sensor_msgs/msg/CameraInfo', header=header, height=HEIGHT, width=WIDTH,
                   distortion_model='plumb_bob', d=np.zeros(5), k=np.array(k),
                   r=np.eye(3).ravel(), p=np.array([*k[:3], 0, *k[3:6], 0, *k[6:], 0]))


def _mounted(child, pose):
    return message('geometry_msgs/msg/TransformStamped', header={'frame_id': 'base_link'},
                   child_frame_id=child, transform={
                       'translation': dict(zip('xyz', pose[:3, 3])),
                       'rotation': dict(zip('xyzw', quaternion_from(pose)))})


def render_calibration_bag(folder, seed: int, frames: int = 80,
                           offset: float = 0.0, wrong=None, scale: int = 2) -> Mounting:
    """
    Write a recording (mcap): image, camera_info, scan, tf_static, true depth.

    :param offset: seconds that the stamps of the scans are too early by: what must be added.
    :param wrong: camera <- laser as it is recorded; None records the true one.
    :returns: the true mounting.
    """
    rng = np.random.default_rng([seed, 91])
    scene = furnished_room(rng)
    mounting = draw_mounting(rng)
    drive = draw_drive(rng, scene, mounting, (0.0, 0.0), frames / RATE)
    scenes, gain = pack([scene], textures.VARIANTS), None
    recorded = mounting.extrinsics if wrong is None else np.asarray(wrong)
    with Writer(Path(folder)) as out:
        out.write('/tf_static', bag.START_NS, message('tf2_msgs/msg/TFMessage', transforms=[
            _mounted('camera', mounting.camera),
            _mounted('laser', mounting.camera @ recorded)]))
        for k in tqdm(range(frames), unit='frame', disable=None, leave=False):
            now = bag.START_NS + int((k + 1) / RATE * 1e9)
            pose = drive.pose((k + 1) / RATE) @ mounting.camera
            image, gain = _picture(scenes, pose, gain, scale, rng)
            depth = render(scenes, [_view(pose)], colour=False)['depth'][0].numpy()
            header = {'stamp': stamp(now), 'frame_id': 'camera'}
            out.write('/camera/image/compressed', now, bag._compressed(
                header, 'rgb8; jpeg compressed bgr8', '.jpg',
                cv2.cvtColor(image, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, 92)))
            out.write('/camera/camera_info', now, _info(header))
            out.write('/ground_truth/depth/compressed', now, bag._compressed(
                header, '16UC1; png', '.png', metres_to_millimetres(depth)))
            start = (k + 1) / RATE + SCAN_PHASE
            ranges = cast(scenes, drive, mounting, start, rng)
            stamped = bag.START_NS + int((start - offset) * 1e9)
            out.write('/scan', now + int(0.05e9), message(
                'sensor_msgs/msg/LaserScan',
                header={'stamp': stamp(stamped), 'frame_id': 'laser'}, angle_min=-math.pi,
                angle_max=-math.pi + (BEAMS - 1) * 2 * math.pi / BEAMS,
                angle_increment=2 * math.pi / BEAMS, time_increment=1 / RATE / BEAMS,
                scan_time=1 / RATE, range_min=RANGE_MIN, range_max=RANGE_MAX,
                ranges=ranges.astype(np.float32), intensities=np.zeros(0, np.float32)))
    return mounting
