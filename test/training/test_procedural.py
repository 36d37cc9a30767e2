# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Procedural worlds: geometry of the renderer, simulated lines, fresh views, repeatability."""
from depth_ros.contracts import InputError
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='training needs the train extra: torch')

from training.datasets.procedural import augment, line, textures, world  # noqa: E402
from training.datasets.procedural.dataset import draw_batch, ProceduralData, Stream  # noqa: E402
from training.datasets.procedural.packing import pack  # noqa: E402
from training.datasets.procedural.pool import Pool, write_pool  # noqa: E402
from training.datasets.procedural.scene import Material, Scene  # noqa: E402
from training.datasets.procedural.shading import render, View  # noqa: E402

GREY = Material(np.full(3, 0.5), np.full(3, 0.5))
SIZE = (48, 64)


def view(position=(0.0, 0.0, 1.0), yaw=0.0, pitch=0.0, roll=0.0):
    """Camera of 64 x 48 pixels, not square."""
    return View(SIZE[1], SIZE[0], 50.0, 42.0, 30.0, 25.0, world.look(position, yaw, pitch, roll))


def depth_of(scene, camera):
    """Depth (H, W) of one scene."""
    return render(pack([scene], textures.VARIANTS), [camera], colour=False)['depth'][0].numpy()


def world_points(depth, camera):
    """Back-project a depth image into the world: (H, W, 3)."""
    v, u = np.mgrid[0:depth.shape[0], 0:depth.shape[1]]
    local = np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy,
                      np.ones_like(u, float)], -1) * depth[..., None]
    return local @ camera.pose[:3, :3].T + camera.pose[:3, 3]


def one_box(**options):
    """Scene of a single wall, 3 m ahead along +y."""
    scene = Scene(np.random.default_rng(0))
    scene.new_instance()
    scene.box((0, 3.5, 1), (20, 0.5, 20), GREY, **options)
    return scene


def test_depth_is_along_the_optical_axis():
    """A wall square to the camera has one depth, not one distance."""
    depth = depth_of(one_box(), view())
    np.testing.assert_allclose(depth, 3.0, rtol=1e-5)


@pytest.mark.parametrize('angles', [(0.3, 0.2, 0.1), (-0.4, -0.1, -0.2)])
def test_wall_seen_askew_is_its_plane(angles):
    """Back-projected pixels lie on the wall's plane for any yaw, pitch and roll."""
    camera = view((0.5, -0.4, 1.3), *angles)
    points = world_points(depth_of(one_box(), camera), camera)
    np.testing.assert_allclose(points[..., 1], 3.0, atol=1e-4)


def test_round_primitives_have_their_surface():
    """Hits on an ellipsoid and on a cylinder satisfy their equations."""
    for shape in ('ellipsoid', 'cylinder'):
        scene = Scene(np.random.default_rng(0))
        scene.new_instance()
        if shape == 'ellipsoid':
            scene.ellipsoid((0.1, 3, 1), (0.9, 0.5, 0.7), GREY)
        else:
            scene.cylinder((0.1, 3, 1), 0.8, 5.0, GREY)
        camera = view()
        depth = depth_of(scene, camera)
        seen = np.isfinite(depth)
        assert 0.1 < seen.mean() < 0.9
        offset = world_points(np.where(seen, depth, 0), camera)[seen] - (0.1, 3, 1)
        if shape == 'ellipsoid':
            radius = ((offset / (0.9, 0.5, 0.7)) ** 2).sum(1)
        else:
            radius = (offset[:, :2] ** 2).sum(1) / 0.64
        np.testing.assert_allclose(radius, 1.0, atol=1e-3)


def test_nearest_surface_wins_and_sky_is_infinite():
    """A box before a wall hides it; above both there is sky."""
    scene = one_box()
    scene.halves[0] = np.array([20, 0.5, 1.0])
    scene.new_instance()
    scene.box((0, 2, 0.5), (0.2, 0.2, 0.5), GREY)
    frame = render(pack([scene], textures.VARIANTS), [view(pitch=-0.3)])
    depth, instance = frame['depth'][0], frame['instance'][0]
    assert torch.isinf(depth[0]).all() and (instance[0] == 0).all()
    assert set(instance.unique().tolist()) == {0, 1, 2}
    assert depth[instance == 2].max() < depth[instance == 1].min()
    assert torch.isfinite(frame['image']).all()


@pytest.mark.parametrize('shape,kind', [('normal', kind) for kind in world.SHARES['normal']]
                         + [('wide', 'street')])
def test_same_seed_same_frame(shape, kind):
    """Every kind of world renders, and twice the same from one seed, not from another."""
    def shot(seed):
        scene, camera, _ = world.draw(seed, shape, kind)
        frame = render(pack([scene], textures.VARIANTS), [camera])
        return frame['image'][0], frame['depth'][0]
    first, again, other = shot([5, 1]), shot([5, 1]), shot([5, 2])
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert not torch.equal(first[1], other[1])
    assert torch.isfinite(first[0]).all() and (first[1] > 0).all()


def test_batches_render_as_single_frames():
    """A frame does not depend on what it is batched with."""
    drawn = [world.draw([6, k], 'normal') for k in range(2)]
    both = render(pack([scene for scene, _, _ in drawn], textures.VARIANTS),
                  [camera for _, camera, _ in drawn], colour=False)['depth']
    for k in range(2):
        scene, camera, _ = world.draw([6, k], 'normal')
        torch.testing.assert_close(both[k], torch.from_numpy(depth_of(scene, camera)))


def test_scan_pixels_lie_in_the_scan_plane():
    """Marked pixels back-project to within half a pixel of the plane of the scan."""
    scene, camera, _ = world.draw([7, 3], 'normal', 'room')
    depth = torch.from_numpy(depth_of(scene, camera))[None]
    k = torch.tensor([[camera.fx, camera.fy, camera.cx, camera.cy]])
    normal = torch.nn.functional.normalize(torch.tensor([[0.05, 1.0, -0.1]]), dim=1)
    origin = torch.tensor([[0.02, 0.12, 0.05]])
    away = line.scan_pixels(depth, k, normal, origin, torch.zeros(1))
    marked = (away[0].abs() <= 0.5).numpy()
    assert marked.sum() > 100
    local = world_points(depth[0].numpy(), camera) - camera.pose[:3, 3]
    local = local @ camera.pose[:3, :3]
    distance = (local - origin.numpy()) @ normal[0].numpy()
    limit = 0.5 * depth[0].numpy() / camera.fy
    assert (np.abs(distance[marked]) <= limit[marked] + 1e-5).all()


def test_simulated_lines_are_sparse_true_and_varied():
    """Most values agree with the true depth; counts and rows vary; some frames have none."""
    depth = torch.linspace(1, 9, 96)[None, :, None].expand(64, 96, 128).contiguous()
    k = torch.tensor([[100.0, 100.0, 63.5, 47.5]]).expand(64, 4)
    generator = torch.Generator().manual_seed(3)
    sparse = line.simulate(depth, k, generator, none_share=0.3)
    count = (sparse > 0).flatten(1).sum(1)
    assert 8 < (count == 0).sum() < 35
    assert count.float().mean() < 0.05 * 96 * 128
    error = (sparse / depth - 1).abs()[sparse > 0]
    assert error.median() < 0.03
    rows = [one.nonzero()[:, 0].float().mean() for one in sparse if one.any()]
    assert torch.stack(rows).std() > 10


def test_reframed_camera_still_sees_the_same_points():
    """After crop, squeeze and flip, depth and K still back-project onto the wall."""
    camera = view((0.2, 0.0, 1.0), 0.3, 0.1)
    depth = torch.from_numpy(depth_of(one_box(), camera))[None]
    k = torch.tensor([[camera.fx, camera.fy, camera.cx, camera.cy]])
    for seed in range(4):
        generator = torch.Generator().manual_seed(seed)
        _, cut, new, _ = augment.reframe(torch.zeros(1, 3, *SIZE), depth[:, None], k, (32, 64),
                                         generator)
        fx, fy, cx, cy = new[0].tolist()
        v, u = np.mgrid[0:32, 0:64]
        x, y = (u - cx) / fx, (v - cy) / fy
        # A plane is linear in inverse depth over the image; flips mirror x but keep that.
        inverse = 1 / cut[0, 0].numpy()
        design = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], 1)
        found = np.linalg.lstsq(design, inverse.ravel(), rcond=None)[0]
        normal = (camera.pose[:3, :3].T @ [0, 1, 0]) / 3.0
        np.testing.assert_allclose(np.abs(found), np.abs(normal), atol=0.01)


def test_stream_batches_follow_the_seed():
    """A streamed batch has the promised shapes and repeats exactly."""
    def batch():
        source = {'wide': Stream(3, 'wide')}
        return draw_batch(source, np.random.default_rng(1), torch.Generator().manual_seed(1),
                          'wide', 2, (96, 256))
    one, two = batch(), batch()
    assert one['image'].shape == (2, 96, 256, 3) and one['image'].dtype == torch.uint8
    assert one['sparse_depth'].shape == one['depth'].shape == (2, 96, 256)
    assert one['camera'].shape == (2, 4)
    for name in one:
        assert torch.equal(one[name], two[name]), name


def test_twin_without_a_line_never_sees_one():
    """With none_share 1 neither training nor validation frames hold a measurement."""
    data = ProceduralData(size=(32, 48), batch_size=2, workers=0, validation_batches=1,
                          none_share=1.0)
    train = next(iter(data.train_dataloader()))
    assert not train['sparse_depth'].any()
    assert not next(iter(data.val_dataloader()))['sparse_depth'].any()
    data.hparams.none_share = 0.0
    assert next(iter(data.train_dataloader()))['sparse_depth'].any()


def test_pool_returns_what_was_rendered(tmp_path, monkeypatch):
    """A shard holds the stream's frames, is not rendered twice, and can be drawn from."""
    monkeypatch.setattr('training.datasets.procedural.pool.SHARD', 2)
    write_pool(tmp_path, 4, 'wide', 2)
    stamp = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_pool(tmp_path, 4, 'wide', 2)
    assert stamp == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    taken = Pool(tmp_path, 'wide').draw(np.random.default_rng(0), 3)
    stream = Stream(4, 'wide').frames
    fresh = [next(stream) for _ in range(2)]
    for frame in taken:
        same = [one for one in fresh if torch.equal(one.image, frame.image)]
        assert len(same) == 1
        seen = torch.isfinite(frame.depth)
        torch.testing.assert_close(frame.depth[seen], same[0].depth[seen], rtol=1e-3, atol=1e-3)
        assert torch.equal(frame.medium, same[0].medium)
        assert torch.equal(frame.camera, same[0].camera)
        assert torch.equal(frame.beams[..., 3], same[0].beams[..., 3])


def test_empty_pool_says_how_to_fill_it(tmp_path):
    """Drawing from nothing names the command."""
    with pytest.raises(InputError, match='render-pool'):
        Pool(tmp_path, 'normal').draw(np.random.default_rng(0), 1)


def test_frames_can_be_streamed_in_a_worker():
    """A loader's process renders what the main process would."""
    def first(workers):
        data = ProceduralData(size=(32, 48), batch_size=2, workers=workers, seed=3)
        return next(iter(data.train_dataloader()))
    here, there = first(0), first(1)
    assert here['image'].shape == (2, 32, 48, 3)
    assert all(torch.equal(here[name], there[name]) for name in here)


def test_a_missing_pool_is_found_before_workers_start(tmp_path):
    """Training from an empty folder ends in one line, not in a worker's traceback."""
    with pytest.raises(InputError, match='render-pool'):
        ProceduralData(pool=str(tmp_path), workers=1).train_dataloader()
