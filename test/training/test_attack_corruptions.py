# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Natural corruptions: each does what its name says, more of it at a higher level."""
import sys

from depth_ros.contracts import InputError
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('kornia')
from tiny_frames import batch  # noqa: E402
from training.attack.corruptions import corrupt, CORRUPTIONS  # noqa: E402
from training.networks.encoders import IMAGENET_MEAN, IMAGENET_STD  # noqa: E402


def picture():
    """Return a colourful image of the range of pixels, normalised: (2, 3, 48, 64)."""
    grey = batch(2, 48, 64)['depth'][:, None] / 4
    rgb = torch.cat([grey, grey.flip(3), 0.9 - 0.6 * grey.flip(2)], 1).clamp(0.02, 0.98)
    mean, std = (torch.tensor(x)[:, None, None] for x in (IMAGENET_MEAN, IMAGENET_STD))
    return (rgb - mean) / std


def pixels(image):
    """Return RGB 0..1."""
    mean, std = (torch.tensor(x)[:, None, None] for x in (IMAGENET_MEAN, IMAGENET_STD))
    return image * std + mean


@pytest.mark.parametrize('name', CORRUPTIONS)
def test_levels(name):
    """More of it changes more; the usual level nothing; the seed decides."""
    image, kind = picture(), CORRUPTIONS[name]
    changes = [float((pixels(corrupt(image, name, level)) - pixels(image)).abs().mean())
               for level in kind.levels]
    by_distance = [change for _, change in sorted(
        zip((abs(level - kind.usual) for level in kind.levels), changes)) if change]
    if name == 'exposure':  # darker and brighter are two ways
        assert changes[0] > changes[1] and changes[3] > changes[2]
    else:
        assert by_distance == sorted(by_distance) and len(by_distance) == len(kind.levels)
    assert torch.equal(corrupt(image, name, kind.usual), image)
    spoiled = corrupt(image, name, kind.levels[-1])
    assert spoiled.shape == image.shape and spoiled.dtype == image.dtype
    assert pixels(spoiled).min() >= -1e-6 and pixels(spoiled).max() <= 1 + 1e-6
    before = torch.get_rng_state()
    assert torch.equal(corrupt(image, name, kind.levels[-1]), spoiled)
    assert torch.equal(torch.get_rng_state(), before)
    if name in ('sensor noise', 'dead pixels', 'rain', 'shadow'):
        assert not torch.equal(corrupt(image, name, kind.levels[-1], seed=1), spoiled)


def test_amounts():
    """Levels are in the units that are named."""
    flat = picture() * 0.0
    noise = pixels(corrupt(flat, 'sensor noise', 10)) - pixels(flat)
    assert 255 * noise.std() == pytest.approx(10, rel=0.03)
    dead = (corrupt(flat, 'dead pixels', 10) != flat).any(1).float().mean()
    assert dead == pytest.approx(0.1, abs=0.02)
    grey = pixels(corrupt(picture(), 'colour lost', 0.0))
    assert (grey - grey.mean(1, True)).abs().max() < 1e-3
    brighter = pixels(corrupt(flat, 'exposure', 1))
    assert (brighter / pixels(flat)).mean() == pytest.approx(2 ** (1 / 2.2), rel=0.01)


def test_unknown_name():
    """It lists the choices."""
    with pytest.raises(InputError, match='sensor noise'):
        corrupt(picture(), 'fog', 1)


def test_import_leaves_torchvision_alone():
    """The library does not pull in what breaks beside a torch for CPUs."""
    corrupt(picture(), 'rain', 100)
    assert 'torchvision' not in sys.modules
