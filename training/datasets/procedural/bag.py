# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The demo recording: a robot with a camera and a 2-D LiDAR drives through a furnished room."""
from __future__ import annotations

import math
from pathlib import Path

import cv2
from depth_ros.bags import message, stamp, Writer
from depth_ros.contracts import metres_to_millimetres
import numpy as np
import torch
from tqdm import tqdm
from training.datasets.procedural import (
    fittings,
    furniture,
    people,
    plants,
    textures,
    things,
    walls,
)
from training.datasets.procedural.packing import pack
from training.datasets.procedural.raycast import first_hit
from training.datasets.procedural.scene import Light, Material, material, Placer, Scene
from training.datasets.procedural.shading import render, View
from training.datasets.procedural.world import look

SEED = 12
WIDTH, HEIGHT, FOCAL = 320, 240, 195.0
RATE = 10.0
START_NS = 1_700_000_000_000_000_000
# Mounting on base_link (metres; the camera looks down by TILT radians).
CAMERA = (0.05, 0.0, 0.62)
LASER = (0.14, 0.0, 0.45)
TILT = 0.10
BEAMS, RANGE_MIN, RANGE_MAX, RANGE_NOISE = 720, 0.10, 12.0, 0.008


def demo_scene() -> Scene:
    """Build the room of the demo: 6.4 x 10 m, furniture along the walls, an aisle free."""
    rng = np.random.default_rng(SEED)
    scene = Scene(rng)
    w, d, height = 6.4, 10.0, 2.8
    walls.shell(scene, rng, w, d, height)
    for side, x in ((1, 4.4), (-1, -4.4)):
        scene.new_instance()
        scene.box((side * abs(x), 0, 1.4), (0.1, 9, 1.4), material(rng, ('brick', 'plain'), 0.4))
    scene.new_instance()
    scene.box((0, 8.5, 1.4), (9, 0.1, 1.4), material(rng, ('tile', 'plain'), 0.5))
    left, right = -math.pi / 2, math.pi / 2
    for build, x, y, yaw in (
            (furniture.shelf, -2.95, -3.6, left), (furniture.table, -2.5, -1.2, left),
            (furniture.chair, -1.75, -1.3, right), (furniture.cabinet, -2.8, 1.2, left),
            (plants.plant, -2.6, 2.6, 0.0), (fittings.kitchen_run, 2.85, -2.4, right),
            (furniture.dining, 2.1, 1.4, 0.4), (things.crates, 2.5, 3.6, 0.3),
            (people.person, -0.9, 3.4, 2.6), (furniture.sofa, -2.3, 4.1, left),
            (furniture.floor_lamp, 2.9, 4.6, 0.0), (things.bin_or_drum, 2.8, -4.5, 0.0),
            (furniture.shelf, 0.9, 4.8, math.pi)):
        build(Placer(scene, x, y, yaw), rng)
    for side, y in ((-1, 0.1), (-1, 3.2), (1, 0.6)):
        scene.new_instance()
        scene.box((side * (w / 2 - 0.01), y, 1.6), (0.012, 0.5, 0.35),
                  material(rng, ('poster', 'text'), 1.0, size=(0.7, 1.2), contrast=0.9))
    lamp = Material(np.ones(3), np.ones(3), emission=1.0)
    for y in (-2.5, 2.5):
        scene.new_instance()
        scene.box((0, y, height - 0.03), (0.6, 0.15, 0.03), lamp)
        scene.lights.append(Light(np.array([0.3, y, height - 0.25]),
                                  np.array([1.1, 1.05, 0.95])))
    scene.ambient = np.array([0.30, 0.31, 0.33])
    return scene


def robot_pose(seconds: float) -> tuple:
    """Where the robot is: x, y (metres) and heading (radians, 0 along +y), a gentle drive."""
    y = -4.2 + 0.42 * seconds - 0.12 * math.sin(0.9 * seconds)
    x = 0.25 * math.sin(0.55 * seconds)
    heading = 0.42 * math.sin(0.62 * seconds + 0.3) - 0.1
    return x, y, heading


def tour_pose(seconds: float) -> tuple:
    """Up and down the aisle for as long as one likes, no lap like the other; see robot_pose."""
    lap, turn = 26.0, 0.16  # seconds up and down; share of each half that turns
    half, share = divmod(seconds / (lap / 2), 1.0)
    back = half % 2
    way = min(share / (1 - turn), 1.0)
    way = way * way * (3 - 2 * way)
    y = -3.9 + 6.6 * (1 - way if back else way)
    turned = max(0.0, (share - (1 - turn)) / turn)
    heading = math.pi * (half + turned * turned * (3 - 2 * turned))
    x = 0.15 + 0.3 * math.sin(0.117 * seconds) + 0.1 * math.sin(0.55 * seconds)
    return x, y, heading + 0.38 * math.sin(0.62 * seconds + 0.3) - 0.05


def _place(pose, offset):
    """World position of a point given on base_link."""
    x, y, heading = pose
    forward = np.array([-math.sin(heading), math.cos(heading)])
    left = np.array([-math.cos(heading), -math.sin(heading)])
    return np.array([*(np.array([x, y]) + offset[0] * forward + offset[1] * left), offset[2]])


def camera_view(pose, scale: int = 1) -> View:
    """Camera of the robot at a pose; `scale` times the recorded resolution."""
    return View(WIDTH * scale, HEIGHT * scale, FOCAL * scale, FOCAL * scale,
                (WIDTH * scale - 1) / 2, (HEIGHT * scale - 1) / 2,
                look(_place(pose, CAMERA), pose[2], TILT, 0.0))


def scan_ranges(scenes, pose, rng) -> np.ndarray:
    """Cast one revolution: ranges (BEAMS) metres, inf where nothing is within RANGE_MAX."""
    angle = -math.pi + np.arange(BEAMS) * 2 * math.pi / BEAMS
    world = pose[2] + math.pi / 2 + angle  # the laser's x axis is the heading
    direction = np.stack([np.cos(world), np.sin(world), np.zeros(BEAMS)])
    origin = torch.as_tensor(_place(pose, LASER), dtype=torch.float32)[None, :, None]
    rays = torch.as_tensor(direction, dtype=torch.float32)[None]
    every = torch.ones(1, scenes.unit.shape[1], dtype=torch.bool)
    first = torch.zeros(1, dtype=torch.int64)
    ranges = first_hit(scenes, first, origin, rays, every)[0][0].numpy().astype(np.float64)
    ranges = ranges + rng.normal(size=BEAMS) * RANGE_NOISE
    ranges[rng.random(BEAMS) < 0.01] = np.inf
    return np.where((ranges > RANGE_MIN) & (ranges < RANGE_MAX), ranges, np.inf)


def _quaternion(rotation):
    """Quaternion x, y, z, w of a rotation (3, 3) with positive trace or general."""
    w = math.sqrt(max(0.0, 1 + rotation[0, 0] + rotation[1, 1] + rotation[2, 2])) / 2
    x, y, z = (rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0],
               rotation[1, 0] - rotation[0, 1])
    return {'x': x / (4 * w), 'y': y / (4 * w), 'z': z / (4 * w), 'w': w}


def _static_transforms(time):
    """Give base_link -> laser and base_link -> camera_optical_frame."""
    c, s = math.cos(TILT), math.sin(TILT)
    # Columns: the optical axes (right, down, forward) in base_link (forward, left, up).
    optical = np.array([[0.0, -s, c], [-1.0, 0.0, 0.0], [0.0, -c, -s]])

    def transform(child, offset, rotation):
        x, y, z = offset
        return message('geometry_msgs/msg/TransformStamped',
                       header={'stamp': time, 'frame_id': 'base_link'}, child_frame_id=child,
                       transform={'translation': {'x': x, 'y': y, 'z': z},
                                  'rotation': _quaternion(rotation)})
    return message('tf2_msgs/msg/TFMessage', transforms=[
        transform('laser', LASER, np.eye(3)),
        transform('camera_optical_frame', CAMERA, optical)])


def _camera_info(header):
    k = [FOCAL, 0, (WIDTH - 1) / 2, 0, FOCAL, (HEIGHT - 1) / 2, 0, 0, 1]
    p = [*k[:3], 0, *k[3:6], 0, *k[6:], 0]
    return message('sensor_msgs/msg/CameraInfo', header=header, height=HEIGHT, width=WIDTH,
                   distortion_model='plumb_bob', d=np.zeros(5), k=np.array(k, dtype=float),
                   r=np.eye(3).ravel(), p=np.array(p, dtype=float))


def _picture(scenes, pose, gain, scale):
    """Render the colour image (H, W, 3) uint8 RGB, scale^2 samples a pixel, and its gain."""
    light = render(scenes, [camera_view(pose, scale)])['image'][0].numpy()
    if gain is None:
        gain = 0.5 / np.quantile(light.mean(-1), 0.7)
    light = light * gain
    light = np.where(light > 0.8, 1 - 0.2 * np.exp(-(light - 0.8) / 0.2), light)
    image = np.clip(light, 0, 1) ** (1 / 2.2) * 255
    return cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), gain


def _compressed(header, form, extension, pixels, options=()):
    data = cv2.imencode(extension, pixels, list(options))[1]
    return message('sensor_msgs/msg/CompressedImage', header=header, format=form,
                   data=data.ravel())


def render_bag(folder, frames: int = 120, rate: float = RATE, tour: bool = False,
               scale: int = 2) -> Path:
    """
    Write the demo recording (mcap): image, camera_info, scan, tf_static, true depth.

    :param folder: must not exist yet; frames: images, at `rate` Hz, each with one scan.
    :param tour: drive up and down without end; scale: samples a pixel in each direction.
    """
    drive = tour_pose if tour else robot_pose
    folder = Path(folder)
    scenes = pack([demo_scene()], textures.VARIANTS)
    rng, gain = np.random.default_rng(SEED + 1), None
    with Writer(folder) as bag:
        bag.write('/tf_static', START_NS, _static_transforms(stamp(START_NS)))
        for k in tqdm(range(frames), unit='frame', disable=None):
            seconds = k / rate
            now = START_NS + int(seconds * 1e9)
            late = now + 12_000_000  # the scan ends a little after the image
            ranges = scan_ranges(scenes, drive(seconds + 0.012), rng)
            pose = drive(seconds)
            image, gain = _picture(scenes, pose, gain, scale)
            image = np.clip(image + rng.normal(size=image.shape) * 1.5, 0, 255).astype(np.uint8)
            depth = render(scenes, [camera_view(pose)], colour=False)['depth'][0].numpy()
            header = {'stamp': stamp(now), 'frame_id': 'camera_optical_frame'}
            bag.write('/camera/image/compressed', now, _compressed(
                header, 'rgb8; jpeg compressed bgr8', '.jpg',
                cv2.cvtColor(image, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, 90)))
            bag.write('/camera/camera_info', now, _camera_info(header))
            bag.write('/ground_truth/depth/compressed', now, _compressed(
                header, '16UC1; png', '.png', metres_to_millimetres(depth)))
            bag.write('/scan', late, message(
                'sensor_msgs/msg/LaserScan',
                header={'stamp': stamp(late), 'frame_id': 'laser'}, angle_min=-math.pi,
                angle_max=-math.pi + (BEAMS - 1) * 2 * math.pi / BEAMS,
                angle_increment=2 * math.pi / BEAMS, time_increment=0.0, scan_time=1 / rate,
                range_min=RANGE_MIN, range_max=RANGE_MAX, ranges=ranges.astype(np.float32),
                intensities=np.zeros(0, np.float32)))
    return folder
