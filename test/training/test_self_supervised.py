# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Depth from unlabelled video: warping, photometric loss, clips, and that training explains."""
from depth_ros.contracts import InputError
from made_scene import CAMERA, pose, view
import numpy as np
import pytest

torch = pytest.importorskip('torch')
cv2 = pytest.importorskip('cv2')
pytest.importorskip('lightning')
from tiny_bags import make_tiny_bag  # noqa: E402
from training.datasets.sequences import Clip, SequenceData, Triples  # noqa: E402
from training.losses.photometric import photometric_error, reprojection_loss  # noqa: E402
from training.methods.self_supervised import SelfSupervised, trained_network  # noqa: E402
from training.networks.monodepth2 import MonoDepth2  # noqa: E402
from training.networks.warping import rigid_matrix, scaled_camera, warp  # noqa: E402

INTRINSICS = torch.tensor([[CAMERA.fx, CAMERA.fy, CAMERA.cx, CAMERA.cy]])
SIZE = (CAMERA.height, CAMERA.width)


def planes(image):
    """Give (1, 3, H, W) in 0..1."""
    return torch.from_numpy(image.transpose(2, 0, 1).copy())[None] / 255.0


def motion(target, source):
    """Give (1, 4, 4) points of one pose's camera in the other's."""
    return torch.from_numpy(np.linalg.inv(source) @ target).float()[None]


@pytest.fixture
def folder(tmp_path):
    """Write twelve frames of a drive, and their camera file."""
    for k in range(12):
        image, _ = view(pose(x=0.04 * k, z=0.25 * k, yaw=0.01 * k))
        cv2.imwrite(str(tmp_path / f'{k:03d}.png'), image[..., ::-1])
    (tmp_path / 'camera.yaml').write_text('\n'.join(
        f'{key}: {getattr(CAMERA, key)}' for key in ('width', 'height', 'fx', 'fy', 'cx', 'cy')))
    return tmp_path


def clip(folder, **options):
    """Describe the folder."""
    return Clip(str(folder), camera=str(folder / 'camera.yaml'), **options)


@pytest.mark.parametrize('step', [(0.3, 0.0, 0.0), (0.0, 0.5, 0.02), (-0.1, -0.4, -0.03)])
def test_warp_reproduces_the_image(step):
    """With the true depth and motion the source shows what the target sees."""
    here, there = pose(z=1.0), pose(step[0], 1.0 + step[1], step[2])
    (target, depth), (source, _) = view(here), view(there)
    warped, inside = warp(planes(source), torch.from_numpy(depth)[None, None], INTRINSICS,
                          motion(here, there))
    error = (warped - planes(target)).abs().mean(1, keepdim=True)[inside]
    assert inside.float().mean() > 0.7
    assert error.median() < 0.01 and error.mean() < 0.02
    # Ten per cent of depth, or standing still, is seen at once.
    wrong, seen = warp(planes(source), 1.1 * torch.from_numpy(depth)[None, None], INTRINSICS,
                       motion(here, there))
    assert (wrong - planes(target)).abs().mean(1, keepdim=True)[seen].mean() > 1.3 * error.mean()
    assert (planes(source) - planes(target)).abs().mean() > 2 * error.mean()


def test_rigid_matrix():
    """A quarter turn about y moves z to x; the inverse undoes it."""
    turn, shift = torch.tensor([[0.0, torch.pi / 2, 0.0]]), torch.tensor([[1.0, 2.0, 3.0]])
    matrix = rigid_matrix(turn, shift)
    moved = matrix @ torch.tensor([0.0, 0.0, 5.0, 1.0])
    assert torch.allclose(moved[0], torch.tensor([6.0, 2.0, 3.0, 1.0]), atol=1e-5)
    back = rigid_matrix(turn, shift, invert=True) @ matrix
    assert torch.allclose(back[0], torch.eye(4), atol=1e-5)


def test_scaled_camera():
    """Intrinsics follow a resize as those of the robot's camera do."""
    half = CAMERA.scaled(CAMERA.width // 2, CAMERA.height // 2)
    scaled = scaled_camera(INTRINSICS, SIZE, (CAMERA.height // 2, CAMERA.width // 2))
    assert scaled[0].tolist() == pytest.approx([half.fx, half.fy, half.cx, half.cy])


def test_photometric_error():
    """Equal images have none; a shifted and a darker one have some, in every pixel's place."""
    image = planes(view(pose())[0])
    assert photometric_error(image, image).abs().max() < 1e-6
    dark = image.clone()
    dark[..., :40] *= 0.5
    error = photometric_error(dark, image)
    assert error.shape == (1, 1, *SIZE)
    assert error[..., :38].mean() > 0.05 and error[..., 42:].max() < 1e-6


def test_reprojection_takes_the_best_source():
    """Each pixel counts by its better source; still pixels are masked."""
    image = planes(view(pose())[0])
    left, right = image.clone(), image.clone()
    left[..., :48], right[..., 48:] = 0, 0
    away = torch.zeros_like(image)
    parts = reprojection_loss(image, [left, right], [away, away])
    # Only the windows of SSIM across the seam see both.
    assert parts['loss'] < 0.02 and parts['used'].float().mean() > 0.95
    still = reprojection_loss(image, [left, away], [image, image])
    assert still['loss'].abs() < 1e-4 and not still['used'].any()
    assert reprojection_loss(image, [left, away], automask=False)['loss'] > 0.1


def test_folder_of_images(folder):
    """Neighbours in time, resized with their camera, mirrored and recoloured alike."""
    triples = Triples(clip(folder, step=2), (32, 64), training=False)
    assert len(triples) == 8
    item = triples[0]
    assert item['image'].shape == (3, 32, 64) and item['sources'].shape == (2, 3, 32, 64)
    whole = Triples(clip(folder, step=2), SIZE, training=False)[0]
    for image, number in zip([whole['image'], *whole['sources']], (2, 0, 4)):
        expected = planes(view(pose(0.04 * number, 0.25 * number, 0.01 * number))[0])[0]
        assert torch.allclose(image, expected, atol=1e-6)
    assert torch.equal(whole['seen'][0], whole['image'])
    small = CAMERA.scaled(64, 32)
    assert item['camera'].tolist() == pytest.approx([small.fx, small.fy, small.cx, small.cy])
    torch.manual_seed(0)
    mirrored = Triples(clip(folder), SIZE, flip=1.0, jitter=0.0)[0]
    plain = Triples(clip(folder), SIZE, training=False)[0]
    assert torch.equal(mirrored['image'].flip(2), plain['image'])
    assert mirrored['camera'][2] == CAMERA.width - 1 - CAMERA.cx
    coloured = [Triples(clip(folder), SIZE, flip=0.0, jitter=0.4)[0] for _ in range(6)]
    changed = [x for x in coloured if not torch.equal(x['seen'][0], x['image'])]
    assert 0 < len(changed) and torch.equal(changed[0]['image'], plain['image'])
    ratio = (changed[0]['seen'].mean((2, 3)) / plain['image'].mean((1, 2)))
    assert (ratio.std(0) < 0.05).all()


def test_recording(tmp_path):
    """A bag gives its frames; the camera comes from CameraInfo, a depth topic is no colour."""
    path = make_tiny_bag(tmp_path / 'bag', frames=5)
    triples = Triples(Clip(str(path)), (32, 64), training=False)
    assert len(triples) == 3
    assert triples[0]['camera'][0].item() == pytest.approx(50.0)
    assert triples[2]['image'].shape == (3, 32, 64)


@pytest.mark.parametrize('make, said', [
    (lambda f: Clip('nowhere'), 'nowhere does not exist; expected a recording'),
    (lambda f: Clip(str(f)), 'name its camera file'),
    (lambda f: clip(f, step=6), '12 images, which leaves no three that are 6 apart'),
    (lambda f: clip(f, part='half'), 'unknown part of a data set .half'),
    (lambda f: Clip(str(f), camera=str(f / '000.yaml')), 'no camera file at .*000.yaml')])
def test_unusable_clips(folder, make, said):
    """Each is one error that says what to do."""
    with pytest.raises(InputError, match=said):
        Triples(make(folder), SIZE)


def test_wrong_camera(folder):
    """Intrinsics of another size are refused."""
    (folder / 'camera.yaml').write_text('{width: 50, height: 40, fx: 9, fy: 9, cx: 9, cy: 9}')
    with pytest.raises(InputError, match='image 1, is 96x64 but its camera is 50x40'):
        Triples(clip(folder), (32, 64), training=False)[0]
    with pytest.raises(InputError, match='multiples of 32'):
        SequenceData([], size=(100, 320))


def test_training_explains_a_drive(folder, tmp_path):
    """On a made drive the photometric loss falls, by depth and motion together."""
    torch.manual_seed(1)
    data = SequenceData([clip(folder)], size=SIZE, batch_size=2, workers=0, jitter=0.0, flip=0.0)
    data.setup('fit')
    batch = next(iter(data.train_dataloader()))
    method = SelfSupervised(imagenet=False, automask=False, scales=2, lr=3e-4).train()
    optimizer = method.configure_optimizers()['optimizer']
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        parts = method.losses(batch)
        parts['loss'].backward()
        optimizer.step()
        losses.append(parts['photometric'].item())
    assert min(losses[-3:]) < 0.9 * losses[0], losses
    assert method.pose.net[3].weight.grad.abs().max() > 0
    checkpoint = {'hyper_parameters': dict(method.hparams), 'state_dict': method.state_dict(),
                  'datamodule_hyper_parameters': {'size': SIZE}}
    torch.save(checkpoint, tmp_path / 'last.ckpt')
    net = trained_network(tmp_path / 'last.ckpt')
    assert isinstance(net, MonoDepth2) and (net.height, net.width) == SIZE
    image = batch['image'][:1]
    with torch.no_grad():
        assert torch.equal(net(image), method.net.eval()(image))
