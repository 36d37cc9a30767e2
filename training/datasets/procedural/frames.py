# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames by number: drawing worlds (on CPU cores), rendering them (anywhere), exposing them."""
from __future__ import annotations

from dataclasses import dataclass
import pickle

import torch
import torch.nn.functional as functional
from torch.utils.data import DataLoader, get_worker_info, IterableDataset
from training.datasets.procedural import cameras, scanner, textures, world
from training.datasets.procedural.cameras import Cameras
from training.datasets.procedural.packing import pack, PackedScenes
from training.datasets.procedural.shading import render

SCANNERS = 3


@dataclass
class Shots:
    """Descriptions of B frames: what a CPU core draws and what is rendered from it."""

    numbers: list
    kinds: list
    scenes: PackedScenes
    cameras: Cameras
    scanners: scanner.Scanners
    level: torch.Tensor
    glow: torch.Tensor


@dataclass
class Frame:
    """
    One rendered frame; tensors on the device that rendered it.

    image (H, W, 3) uint8; depth (H, W) metres, inf where the sky is; instance (H, W) int64, 0
    for the sky; medium (H, W) uint8, see `shading.render`; camera (4) fx, fy, cx, cy; lens (2)
    radial distortion k1, k2; beams (SCANNERS, BEAMS, 4): points in the camera frame that 2-D
    LiDARs hit, without noise, and what they met (see scanner.py).
    """

    number: int
    kind: str
    image: torch.Tensor
    depth: torch.Tensor
    instance: torch.Tensor
    medium: torch.Tensor
    camera: torch.Tensor
    lens: torch.Tensor
    beams: torch.Tensor

    @property
    def sky(self) -> torch.Tensor:
        """Tell where the sky is: (H, W) bool."""
        return torch.isinf(self.depth)


def describe(seed: int, shape: str, numbers, kind: str | None = None,
             lens: bool = True) -> Shots:
    """
    Draw the worlds of frames: a function of the arguments and each number alone.

    :param kind: of world, None: by the shares of the shape; lens: let some cameras have one.
    """
    scenes, views, kinds, scanners, level, glow = [], [], [], [], [], []
    for number in numbers:
        scene, view, drawn = world.draw([seed, sorted(world.SIZES).index(shape), number], shape,
                                        kind, lens)
        rng = scene.rng
        scanners.append(scanner.draw(rng, view, SCANNERS, drawn in world.OUTDOOR))
        usual = rng.uniform(0.25, 0.65) if rng.random() < 0.88 else rng.uniform(0.65, 1.4)
        level.append(usual * (rng.uniform(0.1, 0.7) if scene.night else 1.0))
        glow.append(rng.uniform(0, 0.4) if rng.random() < 0.4 else 0.0)
        scenes.append(scene)
        views.append(view)
        kinds.append(drawn)
    return Shots(list(numbers), kinds, pack(scenes, textures.VARIANTS), cameras.stack(views),
                 scanner.stack(scanners), torch.tensor(level), torch.tensor(glow))


def brightness(image: torch.Tensor) -> torch.Tensor:
    """
    Give what exposure goes by (B) for linear light (B, H, W, 3).

    It is the 0.7 quantile, or a third of the 0.97 quantile where lights stand in the dark;
    nothing is lifted out of full darkness.
    """
    grey = image.mean(-1).flatten(1)[:, ::7]
    middle, high = grey.quantile(torch.tensor([0.7, 0.97], device=grey.device), dim=1)
    return torch.maximum(middle, 0.3 * high).clamp(min=0.01)


def expose(image: torch.Tensor, level: torch.Tensor, glow=None, bright=None) -> torch.Tensor:
    """
    Turn linear light (B, H, W, 3) into uint8: exposure, glare, a shoulder, gamma 2.2.

    :param level: (B) value that `brightness` gets; glow: (B) share of glare that
        spreads from bright spots; bright: (B) of another frame, to expose a sequence alike.
    """
    bright = brightness(image) if bright is None else bright
    gain = (level / bright)[:, None, None, None]
    value = image * gain
    if glow is not None:
        over = (value - 0.9).clamp(0, 6).movedim(3, 1)
        size = over.shape[2:]
        over = functional.avg_pool2d(over, 8)
        over = functional.avg_pool2d(functional.pad(over, (2, 2, 2, 2)), 5, 1)
        over = functional.interpolate(over, size=size, mode='bilinear', align_corners=False)
        value = value + glow[:, None, None, None] * over.movedim(1, 3)
    value = torch.where(value > 0.8, 1 - 0.2 * torch.exp(-(value - 0.8) / 0.2), value)  # shoulder
    return (value.clamp(0, 1) ** (1 / 2.2) * 255).round().to(torch.uint8)


def develop(shots: Shots, device='cpu') -> list[Frame]:
    """Render what was described; frames that are not worth training on are left out."""
    views, scanners = shots.cameras.to(device), shots.scanners.to(device)
    out = render(shots.scenes.to(device), views, scanners=scanners)
    image = expose(out['image'], shots.level.to(device), shots.glow.to(device))
    ranges, met = out['scan'].unbind(-1)
    beams = torch.cat([scanner.points(scanners, ranges), met[..., None]], dim=-1)
    good = world.usable(out['depth'], out['instance']).tolist()
    return [Frame(number, shots.kinds[k], image[k], out['depth'][k], out['instance'][k],
                  out['medium'][k], views.k[k], views.lens[k], beams[k])
            for k, number in enumerate(shots.numbers) if good[k]]


class Descriptions(IterableDataset):
    """
    Endless descriptions in batches, in order; workers of a loader take turns.

    :param shared: it is a loader's data. False: it is used directly, if in a worker of another
        loader, whose number is none of its business.
    """

    def __init__(self, seed, shape, first, batch, shared):
        """Keep what `describe` needs."""
        self.seed, self.shape, self.first, self.batch = seed, shape, first, batch
        self.shared = shared

    def __iter__(self):
        """Yield Shots of `batch` successive numbers; from a worker pickled."""
        worker = get_worker_info() if self.shared else None
        part, parts = (worker.id, worker.num_workers) if worker else (0, 1)
        start = self.first + part * self.batch
        while True:
            shots = describe(self.seed, self.shape, range(start, start + self.batch))
            # Tensors in a queue take a file descriptor each; bytes take none.
            yield pickle.dumps(shots, protocol=5) if worker else shots
            start += parts * self.batch


def frames(seed: int, shape: str, first: int = 0, device='cpu', batch: int = 1,
           workers: int = 0):
    """
    Yield usable frames of one shape for ever, each a function of (seed, shape, number) alone.

    :param batch: frames rendered together; workers: processes that draw the worlds while this
        one renders (for a GPU, which renders faster than one core draws).
    """
    source = Descriptions(seed, shape, first, batch, workers > 0)
    if workers:
        source = DataLoader(source, batch_size=None, num_workers=workers, prefetch_factor=4)
    for shots in source:
        yield from develop(pickle.loads(shots) if workers else shots, device)
