# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""TF over DDS: poses, their absence, a looping bag, and the completion node on a moving robot."""
from array import array
import threading
import time

from depth_ros import lidar, messages
from depth_ros.camera import Camera
from depth_ros.contracts import InputError
from depth_ros.poses import matrix_from
import numpy as np
import pytest
from tiny_models import make_tiny_model

pytest.importorskip('tf2_ros', reason='tf2_ros is not installed (it comes with ROS 2)')
from depth_ros.nodes.completion import CompletionNode  # noqa: E402, I100
from depth_ros.nodes.tf_poses import TfPoses  # noqa: E402
from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from geometry_msgs.msg import TransformStamped  # noqa: E402
import rclpy  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.qos import DurabilityPolicy, QoSProfile  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image, LaserScan  # noqa: E402
from tf2_msgs.msg import TFMessage  # noqa: E402

pytestmark = pytest.mark.ros
SECOND = 1_000_000_000
T0 = 1000 * SECOND
CAMERA = Camera(96, 64, 75.0, 75.0, 47.5, 31.5)
LASER = (0.1, 0.02, 0.2), (0.0, 0.0, np.sin(0.15), np.cos(0.15))
OPTICAL = (0.15, -0.05, 0.3), (-0.5, 0.5, -0.5, 0.5)
BEAMS, SCAN_SECONDS = 1440, 0.1
# A wall in the fixed frame, seen at a slant: normal @ point = distance.
NORMAL, DISTANCE = np.array([np.cos(0.5), np.sin(0.5), 0]), 4.0


def robot_pose(ns):
    """Position and orientation of a robot that drives and turns, in the fixed frame."""
    seconds = (ns - T0) / SECOND
    turn = 1.2 * np.sin(seconds)
    return (0.8 * np.sin(seconds), 0.3 * seconds, 0.0), (0.0, 0.0, np.sin(turn / 2),
                                                         np.cos(turn / 2))


def stamped(parent, child, pose, ns=0):
    """Return one transform of a TFMessage."""
    result = TransformStamped(child_frame_id=child)
    result.header.frame_id = parent
    result.header.stamp.sec, result.header.stamp.nanosec = divmod(ns, SECOND)
    for part, names, values in zip((result.transform.translation, result.transform.rotation),
                                   ('xyz', 'xyzw'), pose):
        for name, value in zip(names, values):
            setattr(part, name, float(value))
    return result


class Robot:
    """Publishes TF; every node of the test is spun in one thread."""

    def __init__(self):
        """Start to spin."""
        self.node = rclpy.create_node('robot', use_global_arguments=False)
        latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._static = self.node.create_publisher(TFMessage, '/tf_static', latched)
        self._tf = self.node.create_publisher(TFMessage, '/tf', 100)
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self._thread = threading.Thread(target=self.executor.spin)
        self._thread.start()

    def close(self):
        """Stop."""
        self.executor.shutdown()
        self._thread.join()
        self.node.destroy_node()

    def bolt(self, *children, **changed):
        """Publish static transforms; some with a pose of their own."""
        poses = {'laser': LASER, 'camera': OPTICAL, **changed}
        self._static.publish(TFMessage(transforms=[
            stamped('base_link', child, poses[child]) for child in (*children, *changed)]))

    def drive(self, first_ns, last_ns):
        """Publish the way of the robot at 50 Hz."""
        self._tf.publish(TFMessage(transforms=[
            stamped('odom', 'base_link', robot_pose(ns), ns)
            for ns in range(first_ns, last_ns + 1, SECOND // 50)]))


def wait(condition, what, every=lambda: None):
    """Return the first true result of `condition`; fail after a long time."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        every()
        for _ in range(20):
            result = condition()
            if result:
                return result
            time.sleep(0.02)
    raise AssertionError(f'waited in vain for {what}')


@pytest.fixture
def context():
    """Yield a function that starts ROS with parameters, and the robot."""
    robots = []

    def start(**parameters):
        arguments = [f'{name}:={value}' for name, value in parameters.items()]
        rclpy.init(args=['--ros-args', *(a for p in arguments for a in ('-p', p))])
        robots.append(Robot())
        return robots[-1]
    yield start
    for robot in robots:
        robot.close()
    rclpy.try_shutdown()


@pytest.fixture
def poses(context):
    """Yield (robot, TfPoses that hear it)."""
    robot = context()
    listener = TfPoses(robot.node)
    wait(lambda: robot.node.count_subscribers('/tf_static'), 'discovery')
    yield robot, listener
    listener.close()


def found(*arguments, **options):
    """Return a condition: the matrix, once a lookup succeeds."""
    function, *rest = arguments

    def look():
        try:
            return [function(*rest, **options)]
        except InputError:
            return None
    return look


def test_missing_then_static(poses):
    robot, listener = poses
    robot.bolt('laser')
    with pytest.raises(InputError, match="no transform from 'laser' to 'camera'.*publish it, or "
                                         'give lidar_translation'):
        listener.lookup('camera', T0, 'laser', T0)
    robot.bolt('laser', 'camera')
    matrix, = wait(found(listener.lookup, 'camera', T0, 'laser', T0), 'the transform')
    assert matrix == pytest.approx(np.linalg.inv(matrix_from(*OPTICAL)) @ matrix_from(*LASER))


def test_the_motion_between_two_times(poses):
    robot, listener = poses
    robot.bolt('laser', 'camera')
    robot.drive(T0, T0 + SECOND)
    early, late = T0 + SECOND // 5, T0 + SECOND // 2
    matrix, = wait(found(listener.lookup, 'camera', early, 'laser', late, 'odom'), 'the motion')
    expected = (np.linalg.inv(matrix_from(*robot_pose(early)) @ matrix_from(*OPTICAL))
                @ matrix_from(*robot_pose(late)) @ matrix_from(*LASER))
    assert matrix == pytest.approx(expected, abs=1e-6)
    with pytest.raises(InputError, match='tf_timeout.*fixed_frame'):
        listener.lookup('camera', early, 'laser', T0 + 5 * SECOND, 'odom')


def test_a_long_bag_that_starts_again(poses):
    robot, listener = poses
    robot.bolt('laser', 'camera')
    robot.drive(T0, T0 + 15 * SECOND)
    late, early = T0 + 14 * SECOND, T0 + SECOND
    wait(found(listener.lookup, 'camera', late, 'laser', late, 'odom'), 'the first pass')
    robot.drive(T0, T0 + 2 * SECOND)
    wait(found(listener.lookup, 'camera', early, 'laser', early, 'odom'), 'the second pass')


def test_a_transform_that_comes_late(poses):
    robot, listener = poses
    robot.bolt('laser')
    late = threading.Timer(0.3, robot.bolt, ['laser', 'camera'])
    late.start()
    # In a thread of its own, as in the node: the executor must go on.
    matrix = listener.lookup('camera', T0, 'laser', T0, timeout_s=20.0)
    late.join()
    assert matrix == pytest.approx(np.linalg.inv(matrix_from(*OPTICAL)) @ matrix_from(*LASER))


def test_a_transform_that_changes(poses):
    robot, listener = poses
    robot.bolt('laser', 'camera')
    wait(found(listener.lookup, 'camera', T0, 'laser', T0), 'the first place')
    moved = (0.5, 0.02, 0.2), LASER[1]
    robot.bolt('camera', laser=moved)
    wanted = np.linalg.inv(matrix_from(*OPTICAL)) @ matrix_from(*moved)
    wait(lambda: np.allclose(listener.lookup('camera', T0, 'laser', T0), wanted), 'the new one')


def test_a_stamp_before_1970_is_an_input_error(poses):
    _, listener = poses
    with pytest.raises(InputError, match='before 1970') as error:
        listener.lookup('camera', -1, 'laser', T0)
    assert error.value.reason == 'transform'


def test_close_unsubscribes(poses):
    robot, listener = poses
    listener.close()
    for topic in ('/tf', '/tf_static'):
        wait(lambda t=topic: robot.node.count_subscribers(t) == 0, f'the end of {topic}')


def scan_of_the_wall(start_ns):
    """Ranges of a turning LiDAR on a moving robot, and the points hit, in the fixed frame."""
    ranges, hits = np.full(BEAMS, np.inf, np.float32), []
    for index, angle in enumerate(-np.pi + np.arange(BEAMS) * 2 * np.pi / BEAMS):
        ns = start_ns + int(index * SCAN_SECONDS / BEAMS * SECOND)
        pose = matrix_from(*robot_pose(ns)) @ matrix_from(*LASER)
        direction = pose[:3, :3] @ [np.cos(angle), np.sin(angle), 0]
        if NORMAL @ direction > 0.2:
            ranges[index] = (DISTANCE - NORMAL @ pose[:3, 3]) / (NORMAL @ direction)
            hits.append(pose[:3, 3] + ranges[index] * direction)
    return ranges, np.array(hits)


@pytest.fixture
def completion(context, tmp_path):
    """Yield (robot, function that sends one frame, depth images, diagnostics)."""
    model = make_tiny_model(tmp_path / 'tiny.onnx', depth=4.0)
    robot = context(model=model, fixed_frame='odom', diagnostics_period=0.1)
    node, depths, told = CompletionNode(), {}, []
    keep = {'image': Image, 'camera_info': CameraInfo, 'scan': LaserScan}
    out = {topic: robot.node.create_publisher(kind, topic, 10) for topic, kind in keep.items()}
    robot.node.create_subscription(
        Image, 'depth/image', lambda m: depths.update({messages.stamp_ns(m.header): m}), 10)
    robot.node.create_subscription(
        DiagnosticArray, '/diagnostics', lambda m: told.append(m.status[0].message), 10)
    node.start()
    robot.executor.add_node(node)
    wait(lambda: all(robot.node.count_subscribers(f'/{topic}') for topic in keep)
         and node.count_subscribers('/depth/image'), 'discovery')

    def send(image_ns, scan_ns, ranges):
        info = CameraInfo(width=CAMERA.width, height=CAMERA.height,
                          distortion_model='plumb_bob')
        info.k = CAMERA.matrix.ravel().tolist()
        info.header = stamped('camera', '', ((), ()), image_ns).header
        picture = Image(width=CAMERA.width, height=CAMERA.height, encoding='mono8',
                        step=CAMERA.width, header=info.header)
        picture.data = array('B', bytes(CAMERA.width * CAMERA.height))
        sweep = LaserScan(angle_min=-np.pi, angle_increment=2 * np.pi / BEAMS, range_max=30.0,
                          time_increment=SCAN_SECONDS / BEAMS, ranges=ranges.tolist())
        sweep.header = stamped('laser', '', ((), ()), scan_ns).header
        for topic, message in (('camera_info', info), ('scan', sweep), ('image', picture)):
            out[topic].publish(message)
    yield robot, send, depths, told
    robot.close()
    node.close()
    node.destroy_node()


def test_a_moving_robot_sees_a_wall_that_stands(completion):
    robot, send, depths, told = completion
    scan_ns, image_ns = T0 + SECOND // 2, T0 + SECOND // 2 + 40_000_000
    ranges, hits = scan_of_the_wall(scan_ns)
    robot.bolt('laser', 'camera')
    wait(lambda: any('"odom" passed to' in text for text in told), 'the complaint',
         every=lambda: send(image_ns, scan_ns, ranges))
    assert not depths
    robot.drive(T0, T0 + SECOND)
    wait(lambda: depths, 'depth', every=lambda: send(image_ns, scan_ns, ranges))
    depth = messages.image_to_depth(depths[image_ns])

    def error(camera_ns):
        pose = matrix_from(*robot_pose(camera_ns)) @ matrix_from(*OPTICAL)
        wanted = lidar.sparse_depth(lidar.transform(hits, np.linalg.inv(pose)), CAMERA)
        return np.median(np.abs(depth - wanted)[wanted > 0])
    assert error(image_ns) < 0.002
    # The test would see it if the motion were left out.
    assert error(scan_ns) > 0.02
    told.clear()
    wait(lambda: 'ok' in told, 'good news', every=lambda: send(image_ns, scan_ns, ranges))
