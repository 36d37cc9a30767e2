# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Consecutive frames of a recording or of a folder of images, for training without labels."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from depth_ros import bags
from depth_ros.camera import Camera
from depth_ros.contracts import choose, InputError
from depth_ros.datasets.bag_topics import CAMERA_INFO, COMPRESSED, IMAGE, TRUTH_TOPIC
from depth_ros.datasets.sample import read_image
import lightning
import numpy as np
import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset
from training.datasets import colour
from training.datasets.frames import PARTS, typed
from training.datasets.geometry import resize_image
from training.datasets.tracking import relative_turn

SUFFIXES = ('.jpg', '.jpeg', '.png')
PAUSE = 3.0  # a gap of so many usual gaps between stamps divides a recording


@dataclass(frozen=True)
class Clip:
    """
    One moving camera.

    :param path: a recording, or a folder of images whose names sort in the order of time.
    :param camera: camera file (YAML) of a folder; for a recording None takes its CameraInfo.
    :param image_topic: of a recording with several; None finds it by its type.
    :param step: how many frames lie between the frames that are compared; larger for slow motion.
    :param limit: read at most so many frames, from the start.
    :param part: of the frames, see `frames.PARTS`: 'first', 'middle', 'last' are apart in time.
    """

    path: str
    camera: str | None = None
    image_topic: str | None = None
    step: int = 1
    limit: int | None = None
    part: str = 'all'


def _folder(clip):
    """Return (number of frames, reader of one, camera, stamps) of a folder of images."""
    files = sorted(file for file in Path(clip.path).iterdir() if file.suffix.lower() in SUFFIXES)
    if clip.camera is None:
        raise InputError(f'{clip.path} is a folder of images: name its camera file (YAML with '
                         'width height fx fy cx cy, or a ROS calibration) as `camera`')
    files = files[:clip.limit]
    return len(files), lambda k: read_image(files[k]), Camera.from_yaml(clip.camera), None


def _topic(recorded, kinds, named, path):
    found = {name for name, topic in recorded.items()
             if topic.msgtype in kinds and TRUTH_TOPIC not in name}
    if named is not None:
        return bags.resolve(named, found)
    if len(found) != 1:
        raise InputError(f'{path} has {len(found)} topics of {" or ".join(kinds)}'
                         f'{": " + ", ".join(sorted(found)) if found else ""}; name the one to '
                         'use as `image_topic`, and its camera file as `camera`')
    return found.pop()


def _recording(clip, size):
    """Like `_folder`, of a recording, whose frames are kept at (height, width) in memory."""
    from depth_ros.messages import camera_from_info, compressed_to_array, image_to_rgb, stamp_ns
    recorded = bags.topics(clip.path)
    topic = _topic(recorded, (IMAGE, COMPRESSED), clip.image_topic, clip.path)
    raw = compressed_to_array if recorded[topic].msgtype == COMPRESSED else image_to_rgb
    if clip.camera is not None:
        camera = Camera.from_yaml(clip.camera)
    else:
        info = _topic(recorded, (CAMERA_INFO,), None, clip.path)
        camera = camera_from_info(next(bags.read(clip.path, [info]))[2])
    frames, stamps = [], []
    for _, _, message in bags.read(clip.path, [topic]):
        image = np.array(_rectified(raw(message), camera, topic))
        frames.append(resize_image(image, *size))
        stamps.append(stamp_ns(message.header))
        if len(frames) == clip.limit:
            break
    return len(frames), frames.__getitem__, replace(camera, distortion=()), np.array(stamps)


def _rectified(image, camera, name):
    if image.shape[:2] != (camera.height, camera.width):
        raise InputError(f'{name} is {image.shape[1]}x{image.shape[0]} but its camera is '
                         f'{camera.width}x{camera.height}: give the camera of these images')
    if not camera.distortion:
        return image
    import cv2
    return cv2.undistort(image, camera.matrix, np.array(camera.distortion))


class Triples(Dataset):
    """
    Every frame with the one before and the one after it.

    Lens distortion is undone. Frames around a pause of the recording are left out.

    :param size: (height, width) of all images.
    :param training: draw mirrored frames and changes of colour, alike for the three.
    :param flip: probability of a mirrored triple; jitter: greatest change of colour, on half.
    :param track: tell how the camera turned, see `tracking.relative_turn`.
    """

    def __init__(self, clip: Clip, size, training: bool = True, flip: float = 0.5,
                 jitter: float = 0.2, track: bool = False):
        """Open the clip; an InputError says what is missing."""
        path = Path(clip.path)
        if not path.exists():
            raise InputError(f'{path} does not exist; expected a recording (rosbag2) or a folder '
                             'of images')
        self.clip, self.size, self.training = clip, tuple(size), training
        self.flip, self.jitter, self.track, self.turns = flip, jitter, track, {}
        images = path.is_dir() and not (path / 'metadata.yaml').is_file()
        count, self.read, self.camera, stamps = \
            _folder(clip) if images else _recording(clip, self.size)
        middles = [k for k in range(clip.step, count - clip.step)
                   if stamps is None or _steady(stamps, k, clip.step)]
        self.middles = choose(PARTS, clip.part, 'part of a data set')(middles)
        if not self.middles:
            raise InputError(f'{path} has {count} images, which leaves no three that are '
                             f'{clip.step} apart')

    def __len__(self):
        """Return the number of triples."""
        return len(self.middles)

    def frame(self, number):
        """Read one image (H, W, 3) uint8 at `size`."""
        image = self.read(number)
        if image.shape[:2] != self.size:
            image = _rectified(image, self.camera, f'{self.clip.path}, image {number},')
            image = resize_image(image, *self.size)
        return image

    def _turn(self, number, images, camera):
        """Tell how the camera turned from a frame to the one a step later, once."""
        if number not in self.turns:
            self.turns[number] = relative_turn(*images, camera)
        return self.turns[number]

    def __getitem__(self, index):
        """
        Return one triple.

        image (3, H, W) 0..1; sources (2, 3, H, W): before, after; seen (3, 3, H, W): image and
        sources with changed colours, for the networks; camera (4,) fx, fy, cx, cy; name; with
        `track` turns (2, 3) radians: before to image, image to after, NaN where not known.
        """
        middle, step = self.middles[index], self.clip.step
        images = np.stack([self.frame(k) for k in (middle, middle - step, middle + step)])
        camera = self.camera.scaled(self.size[1], self.size[0])
        if self.track:
            turns = np.stack([self._turn(middle - step, images[[1, 0]], camera),
                              self._turn(middle, images[[0, 2]], camera)])
        seed = int(torch.randint(2 ** 62, ())) if self.training else None
        random = np.random.default_rng(seed)
        if self.training and random.random() < self.flip:
            images = images[:, :, ::-1]
            camera = replace(camera, cx=camera.width - 1 - camera.cx)
            if self.track:
                turns = turns * np.float32([1, -1, -1])
        planes = np.stack([colour.to_float(np.ascontiguousarray(image)) for image in images])
        seen = planes
        if self.training and self.jitter and random.random() < 0.5:
            seen = _jittered(planes, self.jitter, random)
        return {'image': torch.from_numpy(planes[0]), 'sources': torch.from_numpy(planes[1:]),
                'seen': torch.from_numpy(seen), 'name': f'{self.clip.path} {middle}',
                'camera': torch.tensor([camera.fx, camera.fy, camera.cx, camera.cy]),
                **({'turns': torch.from_numpy(turns)} if self.track else {})}


def _steady(stamps, middle, step):
    usual = np.median(np.diff(stamps)) * step
    return (stamps[middle] - stamps[middle - step] <= PAUSE * usual
            and stamps[middle + step] - stamps[middle] <= PAUSE * usual)


def _jittered(planes, strength, random):
    """Change the colours of (3, 3, H, W) in 0..1 by one draw, as if they were one image."""
    wide = np.concatenate(list(planes), axis=2)
    changed = np.clip(colour.jitter(wide, strength, random), 0.0, 1.0).astype(np.float32)
    return np.stack(np.split(changed, len(planes), axis=2))


class SequenceData(lightning.LightningDataModule):
    """
    Batches of triples.

    :param train, validation: clips; validation has no random changes.
    :param size: (height, width), multiples of 32, at least 64.
    :param track: how the camera turned comes from tracked corners, not from the pose network.
    """

    def __init__(self, train: Sequence[Clip], validation: Sequence[Clip] = (),
                 size: tuple[int, int] = (192, 640), batch_size: int = 12, workers: int = 2,
                 flip: float = 0.5, jitter: float = 0.2, track: bool = False):
        """Keep the description; files are opened in `setup`."""
        super().__init__()
        if any(length % 32 or length < 64 for length in size):
            raise InputError(f'data.size is {tuple(size)}: height and width must be multiples '
                             'of 32, at least 64')
        self.train, self.validation = (
            [typed(Clip, clip) for clip in part] for part in (train, validation))
        self.save_hyperparameters({
            'train': [asdict(c) for c in self.train], 'workers': workers, 'flip': flip,
            'validation': [asdict(c) for c in self.validation], 'size': tuple(size),
            'batch_size': batch_size, 'jitter': jitter, 'track': track})

    def setup(self, stage=None):
        """Open the clips."""
        p = self.hparams
        if stage in (None, 'fit'):
            self.training_triples = ConcatDataset(
                [Triples(clip, p.size, True, p.flip, p.jitter, p.track) for clip in self.train])
        self.validation_triples = [Triples(clip, p.size, False, track=p.track)
                                   for clip in self.validation]

    def train_dataloader(self):
        """Shuffled batches; the last, smaller one is left out."""
        if len(self.training_triples) < self.hparams.batch_size:
            raise InputError(f'{len(self.training_triples)} triples of frames do not fill a batch '
                             f'of {self.hparams.batch_size}: lower data.batch_size')
        return self._loader(self.training_triples, True)

    def val_dataloader(self):
        """All validation triples in order."""
        return self._loader(ConcatDataset(self.validation_triples), False) \
            if self.validation_triples else []

    def _loader(self, data, training):
        p = self.hparams
        return DataLoader(data, p.batch_size, shuffle=training, drop_last=training,
                          num_workers=p.workers, persistent_workers=p.workers > 0)
