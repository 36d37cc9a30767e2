# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The messages of one frame, made by a node in this process: nobody listens."""
from dataclasses import replace

from depth_ros import messages
from depth_ros.camera import Camera
from depth_ros.config import MonocularConfig
from depth_ros.estimator import DepthFrame
import numpy as np
import pytest

rclpy = pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from depth_ros.nodes.base import BaseNode  # noqa: E402, I100
from depth_ros.nodes.outputs import DepthOutputs, TOPICS  # noqa: E402, I100
from sensor_msgs.msg import CameraInfo  # noqa: E402, I100
from std_msgs.msg import Header  # noqa: E402, I100

pytestmark = pytest.mark.ros
CAMERA = Camera(80, 60, 60.0, 60.0, 39.5, 29.5)


@pytest.fixture
def node():
    """Return a node that was not configured."""
    rclpy.init()
    made = BaseNode('outputs', MonocularConfig)
    yield made
    made.destroy_node()
    rclpy.shutdown()


def published(outputs, frame_id, wanted, **options):
    """Messages of a frame with a far and an unknown part."""
    depth = np.full((60, 80), 2.0, np.float32)
    depth[:, :30], depth[:, 60:] = np.inf, np.nan
    frame = DepthFrame(depth, CAMERA)
    outputs.publish(frame, np.zeros((60, 80, 3), np.uint8), Header(frame_id=frame_id),
                    CameraInfo(), replace(MonocularConfig(), **options), wanted)
    return outputs._messages


@pytest.mark.parametrize('far', ['inf', 'nan'])
def test_the_scan_knows_what_is_far_whatever_the_image_says(node, far):
    made = published(DepthOutputs(node), 'front_optical', set(TOPICS), far_value=far)
    depth = messages.image_to_depth(made['depth/image'])
    assert np.isinf(depth).any() == (far == 'inf')
    assert np.isnan(depth[:, 60:]).all() and not np.isinf(depth[:, 30:]).any()
    ranges = np.array(made['depth/scan'].ranges)
    assert np.isposinf(ranges).any() and np.isnan(ranges).any() and np.isfinite(ranges).any()
    assert made['depth/scan'].header.frame_id == 'front'
    assert node.tracker.problems() == []


def test_without_a_frame_for_the_scan_the_other_topics_are_filled(node):
    made = published(DepthOutputs(node), 'front', set(TOPICS))
    assert made['depth/image'].width == made['depth/points'].width == 80
    assert len(made['depth/scan'].ranges) == 0
    ((_, problem),) = node.tracker.problems()
    assert problem.startswith('no depth/scan: the frame') and 'depth_scan_frame' in problem


def test_what_nobody_wants_is_not_made(node):
    made = published(DepthOutputs(node), 'front', {'depth/image'})
    assert made['depth/image'].width == 80 and made['depth/points'].width == 0
    assert node.tracker.problems() == []
