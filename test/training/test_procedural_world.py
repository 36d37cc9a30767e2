# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Mirrors, glass, holes, lenses, lamps, fog, scanners and drives of the procedural world."""
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='training needs the train extra: torch')

from training.datasets.procedural import (  # noqa: E402
    augment,
    figures,
    scanner,
    scans,
    textures,
    world,
)
from training.datasets.procedural.cameras import bend, project, stack, unbend, View  # noqa: E402
from training.datasets.procedural.frames import describe, develop, frames  # noqa: E402
from training.datasets.procedural.packing import pack  # noqa: E402
from training.datasets.procedural.scene import Light, MASKS, Material, Scene  # noqa: E402
from training.datasets.procedural.shading import render  # noqa: E402
from training.datasets.procedural.trajectory import trajectory  # noqa: E402

GREY = Material(np.full(3, 0.5), np.full(3, 0.5))
RED = Material(np.array([0.8, 0.0, 0.0]), np.array([0.8, 0.0, 0.0]), emission=1.0)
SILVER = Material(np.full(3, 0.02), np.full(3, 0.02), mirror=0.95)
SIZE = (48, 64)


def view(lens=(0.0, 0.0), **angles):
    """Camera of 64 x 48 pixels, 1 m high, looking along +y."""
    pose = {'yaw': 0.0, 'pitch': 0.0, 'roll': 0.0, **angles}
    return View(SIZE[1], SIZE[0], 50.0, 42.0, 30.0, 25.0, world.look((0.0, 0.0, 1.0), **pose),
                lens)


def level_scanner(reach=0.5):
    """Scanner at the camera, its plane the camera's horizontal one."""
    return scanner.stack([(np.zeros((1, 3)), np.eye(3)[None], np.array([reach]), np.zeros(1))])


def room_with(kind, material=GREY, **options):
    """Grey wall 5 m ahead, red wall 2 m behind, a pane 3 m ahead that fills the view."""
    scene = Scene(np.random.default_rng(0))
    scene.new_instance()
    scene.box((0, 5.5, 1), (20, 0.5, 20), GREY)
    scene.new_instance()
    scene.box((0, -2.5, 1), (20, 0.5, 20), RED)
    scene.new_instance()
    scene.pane((0, 3, 1), 20, 20, material, glass=kind == 'glass', **options)
    return pack([scene], textures.VARIANTS)


def test_mirror_has_the_depth_of_its_surface_and_the_look_of_what_it_shows():
    """Depth 3 m at a mirror; red from behind the camera; a LiDAR reads the way there and on."""
    out = render(room_with('mirror', SILVER), [view()], scanners=level_scanner())
    torch.testing.assert_close(out['depth'], torch.full((1, *SIZE), 3.0))
    assert (out['medium'] == scanner.MIRROR).all() and (out['instance'] == 3).all()
    red, green, blue = out['image'].mean((0, 1, 2)).tolist()
    assert red > 5 * max(green, blue)
    ranges, met = out['scan'][0, 0].unbind(-1)
    assert (met == scanner.MIRROR).all()
    # Straight ahead: 3 m to the mirror, 5 m back to the wall behind.
    assert abs(float(ranges[scanner.BEAMS // 2]) - 8.0) < 0.02


def test_glass_has_the_depth_of_what_is_behind_it():
    """Clear glass is in the image only by its reflection, and not in the depth."""
    out = render(room_with('glass'), [view()], scanners=level_scanner())
    torch.testing.assert_close(out['depth'], torch.full((1, *SIZE), 5.0))
    assert (out['medium'] == scanner.THROUGH_GLASS).all() and (out['instance'] == 1).all()
    ranges, met = out['scan'][0, 0].unbind(-1)
    assert (met == scanner.THROUGH_GLASS).all()
    assert abs(float(ranges[scanner.BEAMS // 2]) - 5.0) < 0.02
    red, green, _ = out['image'].mean((0, 1, 2)).tolist()
    assert red > 1.05 * green  # the red wall behind the camera shines in the glass


@pytest.mark.parametrize('holes', MASKS[1:])
def test_one_sees_through_holes(holes):
    """A pane with holes has two depths, each with its instance; a full one has one."""
    out = render(room_with('pane', GREY, holes=holes, repeat=(6, 6)), [view()], colour=False)
    depth, instance = out['depth'][0], out['instance'][0]
    torch.testing.assert_close(depth, torch.where(instance == 3, 3.0, 5.0))
    assert 0.02 < (instance == 3).float().mean() < 0.98


def test_edges_of_depth_are_edges_of_instances():
    """Among convex solids depth jumps only where the instance changes."""
    scene, camera, _ = world.draw([21, 4], 'normal', 'hall')
    out = render(pack([scene], textures.VARIANTS), [camera], colour=False)
    depth, instance = out['depth'][0], out['instance'][0]
    logs = torch.log(depth)
    # A surface's log depth is smooth: beyond a jump, the change differs from the ones beside it.
    jump = (logs[:, 2:-1] - logs[:, 1:-2]).abs() > 0.3 + 3 * torch.maximum(
        (logs[:, 1:-2] - logs[:, :-3]).abs(), (logs[:, 3:] - logs[:, 2:-1]).abs())
    same = instance[:, 2:-1] == instance[:, 1:-2]
    assert jump.sum() > 50
    assert (jump & same).sum() < 0.35 * jump.sum()  # one rack or stool is one instance


def test_lens_bends_image_and_depth_alike():
    """Through a lens a wall askew is still its plane, and colour changes where depth does."""
    lens = (-0.15, 0.02)
    scene = Scene(np.random.default_rng(0))
    scene.new_instance()
    scene.box((0, 4.5, 1), (20, 0.5, 20), GREY)
    scene.new_instance()
    scene.box((0.2, 2.5, 1), (0.5, 0.1, 0.4), RED)
    camera = view(lens, yaw=0.2, pitch=0.1)
    out = render(pack([scene], textures.VARIANTS), [camera])
    cameras = stack([camera])
    v, u = torch.meshgrid(torch.arange(48.0), torch.arange(64.0), indexing='ij')
    plane = torch.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy])[None]
    straight = unbend(plane, cameras.lens)
    torch.testing.assert_close(bend(straight, cameras.lens), plane, atol=1e-4, rtol=0)
    depth = out['depth'][0]
    local = torch.cat([straight[0], torch.ones(1, 48, 64)]) * depth
    points = torch.einsum('ij,jhw->ihw', cameras.pose[0, :3, :3], local)
    wall = out['instance'][0] == 1
    torch.testing.assert_close(points[1][wall], torch.full_like(points[1][wall], 4.0),
                               atol=1e-3, rtol=0)
    assert (points[1][~wall].min() > 2.39) and (points[1][~wall].max() < 2.61)
    reddish = out['image'][0, ..., 0] > 2 * out['image'][0, ..., 1]
    assert torch.equal(reddish, ~wall)
    # The same points project back to their pixels.
    back = project(local.flatten(1).T[None], cameras.k, cameras.lens)
    torch.testing.assert_close(back[0].reshape(48, 64), u, atol=2e-2, rtol=0)


def test_fog_hides_the_distance_and_spots_light_what_they_point_at():
    """Fog draws far walls to its own colour; a spot lights the middle of a dark wall only."""
    def wall(**options):
        scene = Scene(np.random.default_rng(0), **options)
        scene.sky = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
        scene.new_instance()
        scene.box((0, 20.5, 1), (80, 0.5, 80), GREY)
        scene.ambient = np.full(3, 0.3)
        return scene

    def look_at(scene):
        return render(pack([scene], textures.VARIANTS), [view()])['image'][0]
    clear, fog = look_at(wall()), look_at(wall(haze=0.1))
    assert (clear[..., 2] / clear[..., 0]).mean() < 1.2
    assert (fog[..., 2] / fog[..., 0]).mean() > 4
    dark = wall(night=1.0)
    dark.ambient = np.full(3, 0.01)
    dark.lights.append(Light(np.array([0.0, 0.0, 1.0]), np.full(3, 200.0), False,
                             np.array([0.0, 1.0, 0.0]), np.cos(0.2)))
    lit = look_at(dark)[..., 1]
    assert lit[22:28, 27:33].mean() > 10 * lit[:5, :5].mean()


def test_shadow_falls_where_the_lamp_is_hidden():
    """A block between a lamp and the wall darkens the wall behind it, and only there."""
    scene = Scene(np.random.default_rng(0))
    scene.new_instance()
    scene.box((0, 4.5, 1), (20, 0.5, 20), GREY)
    scene.ambient = np.full(3, 0.02)
    scene.lights.append(Light(np.array([3.0, 1.0, 1.0]), np.full(3, 3.0)))
    free = render(pack([scene], textures.VARIANTS), [view()])['image'][0, ..., 0]
    scene.new_instance()
    scene.box((1.5, 2.5, 1), (0.3, 0.05, 0.3), GREY)
    out = render(pack([scene], textures.VARIANTS), [view()])
    wall = out['instance'][0] == 1
    ratio = (out['image'][0, ..., 0] / free)[wall]
    assert 0.002 < (ratio < 0.5).float().mean() < 0.3
    assert ((ratio - 1).abs() < 0.02).float().mean() > 0.6


def test_beams_lie_on_what_the_camera_sees():
    """Clean beams of a scanner at the camera project onto pixels of their own depth."""
    scene, camera, _ = world.draw([22, 1], 'normal', 'room', lens=False)
    cameras = stack([camera])
    there = scanner.stack([(np.zeros((1, 3)), np.eye(3)[None], np.array([0.35]), np.zeros(1))])
    out = render(pack([scene], textures.VARIANTS), cameras, False, there)
    points = scanner.points(there, out['scan'][..., 0])[:, 0]
    plain = (out['scan'][0, 0, :, 1] == scanner.PLAIN) & torch.isfinite(out['scan'][0, 0, :, 0])
    u, v = (part[0, plain].round().long() for part in project(points, cameras.k, cameras.lens))
    error = out['depth'][0][v, u] / points[0, plain, 2] - 1
    assert plain.sum() > 100 and error.abs().median() < 0.01


def test_scanner_misses_mirrors_and_dark_things():
    """Of plain beams nearly all can come back, of mirrors and dark surfaces few."""
    angle = torch.linspace(-0.4, 0.4, scanner.BEAMS)
    points = torch.stack([angle.sin(), torch.zeros_like(angle), angle.cos()], -1) * 4
    k, lens = torch.tensor([[60.0, 60.0, 31.5, 23.5]]).expand(64, 4), torch.zeros(64, 2)

    def count(met):
        beams = torch.cat([points, torch.full_like(angle, met)[:, None]], -1)
        beams = beams.expand(64, 1, -1, -1)
        generator = torch.Generator().manual_seed(1)
        sparse, some = scans.measure(beams, k, lens, SIZE, generator)
        assert torch.equal(some, (sparse > 0).flatten(1).sum(1) >= 3)
        return sparse
    plain = count(scanner.PLAIN)
    assert abs(float(plain[plain > 0].median()) - 4.0) < 0.3
    measured = (plain > 0).sum()
    assert (count(scanner.MIRROR) > 0).sum() < 0.75 * measured
    assert (count(scanner.HIDDEN) > 0).sum() < 0.5 * measured
    assert (count(scanner.NOTHING) > 0).sum() == 0


def test_worlds_drawn_by_workers_are_the_same_frames():
    """Frames do not depend on who draws the world nor on what is rendered together."""
    alone = frames(31, 'wide', 0, batch=1)
    together = frames(31, 'wide', 0, batch=2, workers=2)
    for _ in range(3):
        one, other = next(alone), next(together)
        assert one.number == other.number and one.kind == other.kind
        close = torch.isclose(one.depth, other.depth, rtol=1e-3)
        assert close.float().mean() > 0.999
        assert (one.image.int() - other.image.int()).abs().float().mean() < 0.5
        assert torch.equal(one.sky, torch.isinf(one.depth))


def test_descriptions_move_between_devices():
    """A description renders the same after a copy (as to another device)."""
    shots = describe(32, 'normal', [0, 1])
    first = develop(shots)
    shots.scenes, shots.cameras = shots.scenes.to('cpu'), shots.cameras.to('cpu')
    assert [f.number for f in develop(shots)] == [f.number for f in first]


def test_motion_blur_moves_near_things_most():
    """Some frames are blurred, the others are untouched; a plain image stays as it is."""
    image = torch.rand(10, 3, 32, 64, generator=torch.Generator().manual_seed(1))
    blurred = augment.motion_blur(image, torch.full((10, 32, 64), 2.0), 0.4,
                                  torch.Generator().manual_seed(2))
    same = (blurred == image).flatten(1).all(1)
    assert 4 <= same.sum() <= 8
    assert blurred[~same].std() < image[~same].std()
    flat = torch.full((4, 3, 32, 64), 0.4)
    torch.testing.assert_close(augment.motion_blur(flat, torch.ones(4, 32, 64)), flat)


def test_frames_of_a_drive_agree():
    """Points of a frame, moved by the poses, lie at the depth and colour that the next one has."""
    there = trajectory(5, 'normal', 3, 'room')
    assert there.poses.shape == (3, 4, 4) and there.lines.shape == (3, 192, 256)
    assert np.linalg.norm(there.poses[2, :3, 3] - there.poses[0, :3, 3]) > 0.01
    one, two = there.frames[0], there.frames[2]
    fx, fy, cx, cy = one.camera.tolist()
    v, u = np.mgrid[0:192, 0:256]
    local = np.stack([(u - cx) / fx, (v - cy) / fy, np.ones_like(u, float)], -1)
    local = (local * np.where(torch.isfinite(one.depth), one.depth, 1)[..., None]).reshape(-1, 3)
    moved = np.linalg.inv(there.poses[2]) @ there.poses[0]
    local = local @ moved[:3, :3].T + moved[:3, 3]
    x, y = fx * local[:, 0] / local[:, 2] + cx, fy * local[:, 1] / local[:, 2] + cy
    inside = (local[:, 2] > 0.1) & (x > 0) & (x < 255) & (y > 0) & (y < 191) & (
        np.isfinite(one.depth.numpy().ravel()))
    assert inside.mean() > 0.5
    row, column = np.rint(y[inside]).astype(int), np.rint(x[inside]).astype(int)
    error = np.abs(two.depth.numpy()[row, column] / local[inside, 2] - 1)
    assert np.median(error) < 0.01 and np.quantile(error, 0.8) < 0.05
    change = np.abs(two.image.numpy()[row, column].astype(float)
                    - one.image.numpy().reshape(-1, 3)[inside])
    plain = np.abs(two.image.numpy().astype(float) - one.image.numpy()).mean()
    assert np.median(change) < 6 and change.mean() < plain


def test_figures_of_the_world_are_within_what_is_promised():
    """Heights, fields and line rows lie in the documented ranges; times are counted."""
    found = figures.spread(41, 'wide', 1, (96, 256))
    low, high = found['height_m']['0.01'], found['height_m']['0.99']
    assert 0.2 <= low < high <= 2.2
    assert 45 <= found['field_deg']['0.01'] <= found['field_deg']['0.99'] <= 110
    assert 0 <= found['line_row']['0.5'] <= 1 and 0 <= found['sky'] < 0.9
    assert found['depth_over_line']['0.05'] < 0.9 < found['depth_over_line']['0.95']
    cost = figures.costs(41, 'wide', 1)
    assert cost['draw_ms'] > 0 and cost['render_ms'] > 0 and 0 <= cost['kept'] <= 1
