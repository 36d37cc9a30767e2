# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Our cloud and scan in nav2's layers, as the shipped examples set them, by the rules of each."""
from types import SimpleNamespace

from depth_ros.camera import Camera
from depth_ros.config import MonocularConfig
from depth_ros.contracts import InputError
from depth_ros.options import build
from made_room import BOX, DOOR, FLOOR, pose, room_depth, TABLE
from nav2_rules import (
    buffered,
    cloud_xyz,
    ObstacleLayer,
    project_scan,
    stvl_frustum,
    stvl_points,
    VoxelLayer,
)
import numpy as np
import pytest
import yaml

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from builtin_interfaces.msg import Time  # noqa: E402, I100
from depth_ros.nodes.outputs import fill_points, fill_scan, scan_frame, TOPICS  # noqa: E402, I100
from sensor_msgs.msg import LaserScan, PointCloud2  # noqa: E402, I100
from std_msgs.msg import Header  # noqa: E402, I100

CAMERA = Camera(160, 120, 130.0, 130.0, 79.5, 59.5)
HEADER = Header(stamp=Time(sec=12, nanosec=345), frame_id='camera_color_optical_frame')
KINDS = {'PointCloud2': PointCloud2, 'LaserScan': LaserScan}
LAYERS = ('obstacle_layer', 'voxel_layer', 'stvl')
EYE = np.array([0.0, 0.0, FLOOR])


@pytest.fixture
def config(repository):
    """Options of the node beside nav2, as shipped."""
    shipped = yaml.safe_load((repository / 'config' / 'navigation.yaml').read_text())
    return build(MonocularConfig, shipped['/**']['ros__parameters'])


@pytest.fixture
def layers(repository):
    """`{layer: (its parameters, {source: its parameters})}` of the shipped examples."""
    found = {}
    for name in LAYERS:
        text = (repository / 'config' / f'nav2_{name}.yaml').read_text()
        costmap = yaml.safe_load(text)['local_costmap']['local_costmap']['ros__parameters']
        layer = costmap[costmap['plugins'][0]]
        found[name] = layer, {source: layer[source]
                              for source in layer['observation_sources'].split()}
    return found


@pytest.fixture
def cloud(config):
    """depth/points of the room, whose left tenth is unknown."""
    return made_cloud(room(), config)


@pytest.fixture
def scan(config):
    """depth/scan of the same."""
    return fill_scan(LaserScan(), room(), HEADER, config)


def room():
    """Return what is published of a DepthFrame of the room."""
    depth = room_depth(CAMERA, 0.0)
    depth[:, :16] = np.nan
    return SimpleNamespace(depth=depth, camera=CAMERA)


def made_cloud(frame, config):
    """depth/points of a frame without colours."""
    rgb = np.zeros((*frame.depth.shape, 3), np.uint8)
    return fill_points(PointCloud2(), frame, rgb, HEADER, config.cloud_stride)


def matrix(rotation):
    """Pose global <- sensor, `(4, 4)`, of something at the camera."""
    made = np.eye(4)
    made[:3, :3], made[:3, 3] = rotation, EYE
    return made


OPTICAL, LEVEL = matrix(pose(0.0)), matrix(np.eye(3))


def heights(source):
    """Limits of a source."""
    return source['min_obstacle_height'], source['max_obstacle_height']


def points_of(source, cloud, scan):
    """Points of a source in the global frame, as the buffers of nav2 keep them."""
    if source['data_type'] == 'LaserScan':
        return buffered(project_scan(scan, source['inf_is_valid']), LEVEL, *heights(source))
    return buffered(cloud_xyz(cloud), OPTICAL, *heights(source))


def cycle(layer, sources, cloud, scan):
    """One update of a layer: all clearing, then all marking."""
    for source in sources.values():
        if source['clearing']:
            layer.clear(points_of(source, cloud, scan), EYE, source['raytrace_max_range'])
    for source in sources.values():
        if source['marking']:
            layer.mark(points_of(source, cloud, scan), EYE, source['obstacle_max_range'])


def cell(layer, x, y):
    """Index of a place."""
    return tuple(np.floor(np.array([x, y]) / layer.resolution + layer.size / 2).astype(int))


def test_header_fields_and_unknown_pixels(cloud, scan):
    points = cloud_xyz(cloud)
    assert cloud.header == HEADER and scan.header.stamp == HEADER.stamp
    assert scan.header.frame_id == 'camera_color_frame'
    assert (cloud.width, cloud.height) == (80, 60)
    # Known or NaN in all three, never infinite: buffers compare z alone.
    assert not np.isinf(points).any()
    assert (np.isnan(points).any(1) == np.isnan(points).all(1)).all()
    unknown = np.isnan(points[:, 0]).reshape(60, 80)
    assert unknown[:, :8].all() and 0.02 < unknown[:, 8:].mean() < 0.5
    ranges = np.array(scan.ranges)
    assert np.isnan(ranges).any() and np.isposinf(ranges).any() and np.isfinite(ranges).any()
    assert not np.isneginf(ranges).any() and (ranges[np.isfinite(ranges)] < scan.range_max).all()
    assert scan.angle_max == pytest.approx(
        scan.angle_min + (len(ranges) - 1) * scan.angle_increment, abs=1e-5)
    assert (scan.time_increment, scan.scan_time) == (0.0, 0.0)


def check_marks(layer, lethal):
    """Box, table and wall are lethal; floor, doorway and the unknown are not."""
    assert lethal[cell(layer, BOX[0][0] + 0.01, 0.5)]
    # Of a top above the camera its edge is seen.
    assert lethal[cell(layer, TABLE[0][0] + 0.01, -0.7)]
    # Points of the far wall are wider apart than its cells.
    assert all(any(lethal[cell(layer, 5.01, y + step)] for step in (-0.1, -0.05, 0, 0.05, 0.1))
               for y in (-1.0, 0.9))
    assert not lethal[cell(layer, 5.01, sum(DOOR) / 2)]
    floor = [cell(layer, x, y) for x in (1.3, 1.7) for y in (-0.4, 0.0, 0.4)]
    assert not any(lethal[place] for place in floor)


@pytest.mark.parametrize('name', ['obstacle_layer', 'voxel_layer'])
def test_layers_mark_what_stands_and_clear_what_is_gone(layers, cloud, scan, name):
    parameters, sources = layers[name]
    layer = ObstacleLayer() if name == 'obstacle_layer' else VoxelLayer(
        parameters['origin_z'], parameters['z_resolution'], parameters['z_voxels'],
        parameters['mark_threshold'])
    gone = [(1.5, 0.1), (3.5, 0.0), (4.5, 0.05)]       # in view, nothing there any more
    kept = {'behind the box': (2.9, 0.65), 'beside the view': (1.0, 2.0),
            'in the unknown': (2.0, 1.16), 'behind the robot': (-1.0, 0.0)}
    ghosts = np.array([(*place, FLOOR) for place in (*gone, *kept.values())])
    layer.mark(ghosts, EYE, 100.0)
    cycle(layer, sources, cloud, scan)
    lethal = layer.grid if name == 'obstacle_layer' else layer.lethal()
    check_marks(layer, lethal)
    assert not [place for place in gone if lethal[cell(layer, *place)]]
    assert not [what for what, place in kept.items() if not lethal[cell(layer, *place)]]


def test_infinite_beams_clear_the_doorway(layers, cloud, scan):
    """Only +Inf reaches through: as NaN, or unless inf_is_valid is set, nothing is cleared."""
    sources = dict(layers['obstacle_layer'][1])
    cleared = {}
    for valid in (True, False):
        layer = ObstacleLayer()
        layer.mark(np.array([[4.5, 0.05, FLOOR]]), EYE, 100.0)
        sources['depth_clear'] = {**sources['depth_clear'], 'inf_is_valid': valid}
        cycle(layer, sources, cloud, scan)
        cleared[valid] = not layer.grid[cell(layer, 4.5, 0.05)]
    assert cleared == {True: True, False: False}


def test_infinite_beams_mark_nothing(layers, scan):
    """A source that marked from this scan would still see no wall at range_max."""
    source = layers['obstacle_layer'][1]['depth_clear']
    ends = points_of(source, None, scan)
    far = np.hypot(*ends[:, :2].T) > scan.range_max - 0.01
    assert far.any() and not far.all()
    mark = layers['obstacle_layer'][1]['depth_mark']
    assert mark['obstacle_max_range'] < scan.range_max - 0.01


def test_voxels_above_the_scan_are_cleared_by_the_rays_of_points(layers, cloud, scan):
    """The scan lies in one level of voxels; a ghost above it needs the cloud."""
    parameters, sources = layers['voxel_layer']
    ghost = np.array([[2.0, -0.15, 0.72]])
    left = {}
    for used in (('depth_mark', 'depth_clear'), ('depth_mark', 'depth_rays', 'depth_clear')):
        layer = VoxelLayer(parameters['origin_z'], parameters['z_resolution'],
                           parameters['z_voxels'])
        layer.mark(ghost, EYE, 100.0)
        cycle(layer, {name: sources[name] for name in used}, cloud, scan)
        left[len(used)] = bool(layer.grid[tuple(layer.voxels(ghost)[0])])
    assert left == {2: True, 3: False}
    low = VoxelLayer(0.0, 0.02, 16)  # 32 cm high: the camera is above it
    assert not low.clear(ghost, EYE, 5.0)


def test_stvl_marks_known_points_and_clears_the_view(layers, cloud):
    sources = layers['stvl'][1]
    marked = stvl_points(cloud_xyz(cloud), OPTICAL, sources['depth_mark'])
    assert np.isfinite(marked).all() and len(marked) > 500
    low, high = heights(sources['depth_mark'])
    assert (marked[:, 2] >= low).all() and (marked[:, 2] <= high).all()
    unfiltered = stvl_points(cloud_xyz(cloud), OPTICAL, {**sources['depth_mark'], 'filter': ''})
    assert np.isnan(unfiltered).any()  # so the example must name a filter
    seen = cloud_xyz(cloud)
    inside = stvl_frustum(seen, sources['depth_clear'])
    known = np.isfinite(seen).all(1)
    assert inside[known].mean() > 0.6 and not inside[~known].any()
    # The frustum opens along +Z: in the frame of the scan it would look at the ceiling.
    assert not stvl_frustum(np.array([[2.0, 0.0, 0.0]]), sources['depth_clear']).any()


@pytest.mark.parametrize('values,frame,result', [
    ({}, 'camera_color_optical_frame', 'camera_color_frame'),
    ({}, 'zed_left_camera_frame_optical', 'zed_left_camera_frame'),
    ({'depth_scan_frame': 'level', 'depth_scan_camera_tilt': 10.0}, 'camera', 'level'),
    ({}, 'camera', 'name that in depth_scan_frame'),
    ({'depth_scan_camera_tilt': 10.0}, 'camera_optical', 'publish a level frame')])
def test_the_frame_of_the_scan(values, frame, result):
    config = build(MonocularConfig, values)
    if ' ' not in result:
        assert scan_frame(frame, config) == result
        return
    with pytest.raises(InputError, match=result):
        scan_frame(frame, config)


def test_beyond_the_reach_of_the_model_nothing_is_said(config):
    """+Inf of a model that ends at 3 m says nothing of what stands at 5 m."""
    frame = room()
    frame.depth[frame.depth > 3.0] = np.inf
    scan = fill_scan(LaserScan(), frame, HEADER, config, reach=3.0)
    assert scan.range_max == 3.0 and np.isposinf(scan.ranges).any()
    assert fill_scan(LaserScan(), frame, HEADER, config).range_max == config.depth_scan_range_max


def test_the_examples_fit_our_topics_and_each_other(layers, config):
    low, high = config.depth_scan_min_height, config.depth_scan_max_height
    for parameters, sources in layers.values():
        marks = [source for source in sources.values() if source['marking']]
        assert marks and any(source['clearing'] for source in sources.values())
        for source in sources.values():
            assert source['topic'].startswith('/')
            assert TOPICS[source['topic'][1:]] is KINDS[source['data_type']]
            reach = source.get('raytrace_max_range', source.get('max_z', 0.0))
            assert reach < config.depth_scan_range_max
            if source['data_type'] == 'LaserScan':
                assert heights(source)[0] < config.depth_scan_camera_height < heights(source)[1]
        for mark in marks:
            # A beam may clear only where everything that was marked would have stopped it.
            assert heights(mark) == (low, high)
            reach = mark.get('obstacle_max_range', mark.get('obstacle_range'))
            assert reach < config.depth_scan_range_max
    voxel = layers['voxel_layer'][0]
    top = voxel['origin_z'] + voxel['z_voxels'] * voxel['z_resolution']
    assert voxel['origin_z'] < config.depth_scan_camera_height < top
    assert high <= top and voxel['z_voxels'] <= 16
    assert layers['stvl'][1]['depth_mark']['filter'] in ('passthrough', 'voxel')
    assert layers['stvl'][1]['depth_clear']['max_z'] > layers['stvl'][1]['depth_mark'][
        'obstacle_range']
