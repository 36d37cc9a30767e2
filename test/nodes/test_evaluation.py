# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The evaluation node over DDS, in a process of its own."""
import json
import subprocess
import sys
import time

from depth_ros import messages
import numpy as np
import pytest

rclpy = pytest.importorskip('rclpy')
from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402, I100
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField  # noqa: E402
from std_msgs.msg import Header  # noqa: E402

pytestmark = pytest.mark.ros
HEIGHT, WIDTH, FOCAL = 24, 32, 20.0
FRAMES = 8


@pytest.fixture
def node():
    """Yield a node of this process."""
    rclpy.init()
    node = rclpy.create_node('evaluation_test')
    yield node
    node.destroy_node()
    rclpy.shutdown()


@pytest.fixture
def evaluation(tmp_path, repository):
    """Yield a function that starts the node; what still runs at the end is killed."""
    processes = []

    def start(**parameters):
        values = {'output': str(tmp_path / 'out.json'), 'idle_timeout': 1.5,
                  'diagnostics_period': 0.2, **parameters}
        command = [sys.executable, '-m', 'depth_ros.nodes.evaluation', '--ros-args']
        for name, value in values.items():
            command += ['-p', f'{name}:={json.dumps(value)}']
        process = subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        processes.append(process)
        return process
    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def header(index, frame='camera'):
    """Return the header of a frame number."""
    result = Header(frame_id=frame)
    result.stamp.sec, result.stamp.nanosec = 5, index * 100_000_000
    return result


def depth_image(index, value, encoding='32FC1', shape=(HEIGHT, WIDTH)):
    """Return a depth image of one distance."""
    return messages.fill_depth(Image(), np.full(shape, value, np.float32), encoding,
                               header(index))


def camera_info(index):
    """Return the calibration of the depth images."""
    info = CameraInfo(header=header(index), width=WIDTH, height=HEIGHT)
    info.distortion_model = 'plumb_bob'
    info.k = [FOCAL, 0.0, 15.5, 0.0, FOCAL, 11.5, 0.0, 0.0, 1.0]
    return info


def cloud(index, rows):
    """Return points (x forward, y left, z up) 4 m ahead that project into the image rows."""
    points = [(4.0, (15.5 - u) * 4 / FOCAL, (11.5 - v) * 4 / FOCAL)
              for v in rows for u in range(WIDTH)]
    data = np.array(points, np.float32).reshape(1, -1, 3)
    msg = PointCloud2(header=header(index, 'lidar'), height=1, width=data.shape[1],
                      point_step=12, row_step=12 * data.shape[1])
    msg.fields = [PointField(name=name, offset=4 * i, datatype=7, count=1)
                  for i, name in enumerate('xyz')]
    msg.data = data.tobytes()
    return msg


def publish(node, streams):
    """Publish {topic: messages} turn by turn once all topics have a subscriber."""
    publishers = {topic: node.create_publisher(type(stream[0]), topic, 50)
                  for topic, stream in streams.items()}
    deadline = time.monotonic() + 30
    while any(p.get_subscription_count() == 0 for p in publishers.values()):
        assert time.monotonic() < deadline, 'the node did not subscribe'
        rclpy.spin_once(node, timeout_sec=0.05)
    # The other side may learn of a match a little later, and these topics are best effort.
    time.sleep(1.0)
    # Shorter streams come at the end: a late calibration must not cost a pair.
    turns = max(map(len, streams.values()))
    for turn in range(turns):
        for topic, stream in streams.items():
            if turn >= turns - len(stream):
                publishers[topic].publish(stream[turn - turns + len(stream)])
        rclpy.spin_once(node, timeout_sec=0.05)


def finish(process, path):
    """Wait for the end of the node; return its report and what it printed."""
    text, _ = process.communicate(timeout=30)
    assert process.returncode == 0, text
    return json.loads(path.read_text()), text


def test_depth_images_by_stamp(node, evaluation, tmp_path):
    statuses = []
    node.create_subscription(DiagnosticArray, '/diagnostics',
                             lambda msg: statuses.extend(msg.status), 10)
    page = tmp_path / 'new' / 'page.html'
    process = evaluation(html=str(page))
    predictions = [depth_image(i, 2.2) for i in range(FRAMES)]
    truth = [depth_image(i, 2.0, '16UC1') for i in range(FRAMES) if i != 3]
    images = [messages.fill_image(Image(), np.full((HEIGHT, WIDTH, 3), 90, np.uint8), 'rgb8',
                                  header(i)) for i in range(FRAMES)]
    publish(node, {'image': images, 'depth/camera_info': [camera_info(i) for i in range(FRAMES)],
                   'depth/image': predictions, 'depth/confidence': [
                       depth_image(i, 0.5) for i in range(FRAMES)], 'ground_truth/depth': truth})
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.1)
        values = [{v.key: v.value for v in s.values} for s in statuses if 'eval' in s.name]
        if any(v.get('pairs') == str(FRAMES - 1) for v in values):
            break
    else:
        pytest.fail(f'no diagnostics with {FRAMES - 1} pairs: {values[-1:]}')
    assert float(values[-1]['abs_rel']) == pytest.approx(0.1, rel=1e-3)
    report, text = finish(process, tmp_path / 'out.json')
    assert (report['frames'], report['pairs'], report['unmatched_predictions']) == (
        FRAMES - 1, FRAMES - 1, 1)
    assert report['metrics']['mae'] == pytest.approx(0.2, rel=1e-3)
    assert report['metrics']['delta1'] == 1.0
    assert 'wrote' in text
    shown = page.read_text(encoding='utf-8')
    for part in ('5.700 s', '<figcaption>image<', '<canvas', 'Confidence', 'found no ground truth',
                 'python -m depth_ros.nodes.evaluation'):
        assert part in shown, part


def test_cloud_without_the_line(node, evaluation, tmp_path):
    """Points level with the LiDAR (row 11.5) were the input; the others are the truth."""
    process = evaluation(
        truth='cloud', line_elevation=0.0, line_margin=3.0, max_skew=0.06,
        lidar_rotation=[0.5, -0.5, 0.5, 0.5])
    depth = np.full((HEIGHT, WIDTH), 4.0, np.float32)
    depth[11:13] = 40.0
    predictions = [messages.fill_depth(Image(), depth, '32FC1', header(i))
                   for i in range(FRAMES)]
    publish(node, {'depth/camera_info': [camera_info(FRAMES)],
                   'cloud': [cloud(i, (5, 11.5, 18)) for i in range(FRAMES)],
                   'depth/image': predictions})
    report, _ = finish(process, tmp_path / 'out.json')
    assert report['pairs'] == FRAMES and report['rejected'] == 0
    assert report['metrics']['mae'] == pytest.approx(0.0, abs=1e-4)
    assert report['metrics']['pixels'] == FRAMES * 2 * WIDTH
    assert report['truth'] == 'cloud'


def test_bad_pairs_are_rejected_and_named(node, evaluation, tmp_path):
    process = evaluation()
    predictions = [depth_image(0, 2.0), depth_image(1, 2.0)]
    truth = [depth_image(0, 2.0, shape=(10, 12)), depth_image(1, 2.5)]
    publish(node, {'depth/image': predictions, 'ground_truth/depth': truth})
    report, text = finish(process, tmp_path / 'out.json')
    assert (report['pairs'], report['rejected'], report['frames']) == (2, 1, 1)
    assert '32x24' in text and '12x10' in text


def test_figures_are_written_at_shutdown(node, evaluation, tmp_path):
    process = evaluation(idle_timeout=0.0)
    publish(node, {'depth/image': [depth_image(0, 2.0)],
                   'ground_truth/depth': [depth_image(0, 2.5)]})
    time.sleep(1.0)
    process.terminate()
    report, _ = finish(process, tmp_path / 'out.json')
    assert report['frames'] == 1


def test_cloud_without_extrinsics_names_both_ways(evaluation):
    pytest.importorskip('rclpy')
    try:
        import tf2_ros  # noqa: F401
        pytest.skip('tf2_ros is installed: the transform may still come')
    except ImportError:
        pass
    process = evaluation(truth='cloud', idle_timeout=0.0)
    line = ''
    while 'lidar_translation' not in line:
        line = process.stdout.readline()
        assert line, 'the node ended without a word'
    assert 'tf2_ros' in line
    assert process.poll() is None
    process.terminate()
