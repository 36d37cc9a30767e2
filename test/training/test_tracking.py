# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How a camera turned, from tracked corners: known motions of a made scene, mirrors, nothing."""
from made_scene import CAMERA, pose, view
import numpy as np
import pytest

torch = pytest.importorskip('torch')
cv2 = pytest.importorskip('cv2')
pytest.importorskip('lightning')
from training.datasets.sequences import Clip, Triples  # noqa: E402
from training.datasets.tracking import relative_turn  # noqa: E402
from training.methods.self_supervised import SelfSupervised  # noqa: E402
from training.networks.warping import rigid_matrix  # noqa: E402

SIZE = (3 * CAMERA.height, 3 * CAMERA.width)
LARGE = CAMERA.scaled(SIZE[1], SIZE[0])


def seen(where):
    """Render a pose at a size with enough corners."""
    return view(where, LARGE)[0]


@pytest.mark.parametrize('yaw', [0.05, -0.08, 0.0])
def test_turn_is_found(yaw):
    """Within half a degree, whichever way, while the camera moves forward."""
    before, after = pose(z=1.0), pose(0.1, 1.4, yaw)
    expected = cv2.Rodrigues((np.linalg.inv(after) @ before)[:3, :3])[0][:, 0]
    turn = relative_turn(seen(before), seen(after), LARGE)
    assert turn.dtype == np.float32 and np.abs(turn - expected).max() < 0.009, (turn, expected)


def test_nothing_to_track():
    """A standing camera did not turn; a blank wall or another place does not tell."""
    image = seen(pose(z=1.0))
    assert (relative_turn(image, image, LARGE) == 0).all()
    assert np.isnan(relative_turn(np.zeros_like(image), image, LARGE)).all()
    noise = np.random.default_rng(0).integers(0, 255, image.shape, dtype=np.uint8)
    assert np.isnan(relative_turn(image, noise, LARGE)).all()


def test_triples_tell_turns(tmp_path):
    """Each triple tells both, mirrored with the images; the method takes them where known."""
    for k in range(4):
        cv2.imwrite(str(tmp_path / f'{k}.png'), seen(pose(0.05 * k, 0.3 * k, 0.05 * k))[..., ::-1])
    (tmp_path / 'camera.yaml').write_text('\n'.join(
        f'{key}: {getattr(LARGE, key)}' for key in ('width', 'height', 'fx', 'fy', 'cx', 'cy')))
    clip = Clip(str(tmp_path), camera=str(tmp_path / 'camera.yaml'))
    plain = Triples(clip, SIZE, training=False, track=True)[0]
    turns = plain['turns']
    assert turns.shape == (2, 3) and (turns[:, 1] + 0.05).abs().max() < 0.015, turns
    mirrored = Triples(clip, SIZE, flip=1.0, track=True)[0]['turns']
    assert torch.equal(mirrored, turns * torch.tensor([1.0, -1.0, -1.0]))
    assert 'turns' not in Triples(clip, SIZE, training=False)[0]
    torch.manual_seed(0)
    method = SelfSupervised(imagenet=False).eval()
    half = torch.stack([turns[0], torch.full((3,), torch.nan)])
    with torch.no_grad():
        own = method.motions(plain['seen'][None])
        told = method.motions(plain['seen'][None], half[None])
    expected = rigid_matrix(turns[None, 0], torch.zeros(1, 3), invert=True)[:, :3, :3]
    torch.testing.assert_close(told[0][:, :3, :3], expected)
    torch.testing.assert_close(told[1], own[1])
    assert not torch.allclose(own[0], told[0])
