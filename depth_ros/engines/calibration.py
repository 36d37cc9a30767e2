# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames that int8 ranges are measured on: out of a recording, prepared as the estimator does."""

from dataclasses import dataclass
import hashlib
from pathlib import Path

from depth_ros.contracts import InputError

DEMO_BAG = Path(__file__).resolve().parents[1] / 'demo_bag'
FRAMES = 16


@dataclass(frozen=True)
class Calibration:
    """Evenly spread frames of a recording; the demo recording when none is named."""

    bag: Path = DEMO_BAG
    frames: int = FRAMES
    keep: str | None = None
    """Pattern of the convolutions that stay float, in place of the rule of int8.kept."""

    def tag(self):
        """Return a text that changes with the recording: its files' names, sizes and times."""
        bag = Path(self.bag)
        if not bag.exists():
            raise InputError(f'{bag} is no recording to calibrate int8 on')
        files = sorted(bag.iterdir()) if bag.is_dir() else [bag]
        # The demo recording is the same wherever it was copied to.
        time = (lambda file: 0) if bag == DEMO_BAG else (lambda file: file.stat().st_mtime_ns)
        listed = [(file.name, file.stat().st_size, time(file)) for file in files]
        return hashlib.sha256(repr((listed, self.frames, self.keep)).encode()).hexdigest()[:16]

    def feeds(self, spec):
        """
        Return the inputs of the network for each frame, `[{name: (1, ...)}]`.

        :raises InputError: the recording has no images with what belongs to them.
        """
        import cv2
        from depth_ros.datasets import open_dataset, Options
        from depth_ros.engines import feed_of
        from depth_ros.lidar import resize_sparse
        from depth_ros.resizing import input_size
        dataset = open_dataset('bag', self.bag, Options(unlabelled=True))
        feeds = []
        for sample in dataset.read(dataset.spread(self.frames)):
            height, width = input_size(spec, sample.camera)
            image = cv2.resize(sample.image, (width, height), interpolation=cv2.INTER_AREA)
            sparse = None
            if 'sparse_depth' in spec.inputs:
                sparse = resize_sparse(sample.sparse, height, width)
            feeds.append(feed_of(spec, image, sparse))
        return feeds
