# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames are prepared as published (needs ../shared/goldens)."""
from dataclasses import replace

from depth_ros.camera import Camera
from depth_ros.datasets import Sample
import numpy as np
import pytest

torch = pytest.importorskip('torch')
from reference_numbers import assert_golden  # noqa: E402
from training.datasets import colour, published  # noqa: E402
from training.datasets.pipeline import Augmentation, make_item  # noqa: E402

ROW, COLUMN = np.mgrid[:480, :640]
IMAGE = np.stack([COLUMN * 255 // 639, ROW * 255 // 479, (COLUMN + ROW) % 256], -1)


def frame(depth):
    """Return a 640x480 frame of the reference image."""
    return Sample('frame', IMAGE.astype(np.uint8), depth.astype(np.float32),
                  np.zeros((480, 640), np.float32), Camera(640, 480, 518, 519, 325.5, 253.5))


def test_nyu_for_measuring(goldens):
    """640x480 to the normalised 304x228 centre crop, with depth from millimetres."""
    _, outputs, rtol = goldens.load('wacv/nyu_test_pipeline')
    item = make_item(frame((800 + 10 * COLUMN + 3 * ROW) / 1000), Augmentation())
    assert list(item['image'].shape) == outputs['image_shape']
    assert [1, *item['depth'].shape] == outputs['depth_shape']
    assert_golden(item['image'][:, ::8, ::8], outputs['image_norm_every8'], rtol, 'image')
    assert_golden(item['depth'][None, ::8, ::8], outputs['depth_m_every8'], rtol, 'depth')
    std, mean = (torch.tensor(x).view(3, 1, 1) for x in (colour.IMAGENET_STD,
                                                         colour.IMAGENET_MEAN))
    assert_golden((item['image'] * std + mean)[:, ::8, ::8], outputs['image01_every8'], rtol)


@pytest.mark.parametrize('name, target_filter', [
    ('nyu_train_depth_decode_nearest', 'nearest'), ('nyu_train_depth_decode', 'cubic')])
def test_nyu_depth_for_training(goldens, name, target_filter):
    """8-bit depth, cropped and shrunk as an old and as a new Pillow do by default."""
    _, outputs, rtol = goldens.load(f'wacv/{name}')
    depth = (COLUMN + 2 * ROW) % 256 * published.METRES_PER_STEP
    steps = replace(Augmentation(), target=(114, 152), target_filter=target_filter)
    item = make_item(frame(depth), steps)
    assert item['depth'].shape == (114, 152)
    assert_golden(item['depth'][None, ::8, ::8], outputs['depth_m_every8'], rtol)


@pytest.mark.parametrize('name', ['Brightness', 'Contrast', 'Saturation'])
@pytest.mark.parametrize('alpha', [-0.3, 0.25])
def test_jitter(goldens, name, alpha):
    """Each colour change at a fixed strength."""
    inputs, outputs, rtol = goldens.load('wacv/color_jitter')
    result = getattr(colour, name.lower())(inputs['image'], alpha)
    assert_golden(result, outputs[f'{name}_alpha_{alpha}'], rtol)


def test_lighting(goldens):
    """PCA lighting at given strengths."""
    inputs, outputs, rtol = goldens.load('wacv/lighting')
    assert_golden(colour.lighting(inputs['image'], inputs['alpha']), outputs['out'], rtol)


def test_rotation(goldens):
    """The published rotation, to the last bit."""
    inputs, outputs, rtol = goldens.load('wacv/rotate_3deg')
    assert rtol == 0
    depth = inputs['depth8'] * published.METRES_PER_STEP
    image, rotated = published.rotate(inputs['image'], depth, 3.0)
    assert np.array_equal(image, outputs['image'])
    assert np.array_equal(np.rint(rotated / published.METRES_PER_STEP), outputs['depth8'])
