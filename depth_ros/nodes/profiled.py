# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A depth node measured from inside; `depth_ros profile` starts it."""

from importlib import import_module
import json
import os
from pathlib import Path
import sys

from depth_ros.profiling import Profiler

PROFILE = 'DEPTH_ROS_PROFILE'


def _taken(executor, subscription):
    return f'receive {subscription.msg_type.__name__}'


def _published(publisher, message):
    return f'publish {publisher.topic_name.lstrip("/")}'


# Stage to function, in the order of a frame's way through the node. What no stage names counts for
# the stage that calls it: "the rest of ...".
STAGES = (
    (_taken, 'rclpy.executors:Executor._take_subscription'),
    ('the rest of the callback', 'depth_ros.nodes.depth:DepthNode._on_image'),
    ('decode image', 'depth_ros.messages:image_to_rgb'),
    ('camera', 'depth_ros.nodes.depth:DepthNode.camera_of'),
    ('points of the scan', 'depth_ros.nodes.completion:CompletionNode._points'),
    ('project', 'depth_ros.lidar:sparse_depth'),
    ('shrink line', 'depth_ros.lidar:resize_sparse'),
    ('shrink image', 'depth_ros.estimator:shrink'),
    ('inference', 'depth_ros.estimator:Estimator._infer'),
    ('residual on the line', 'depth_ros.estimator:line_residual'),
    ('anchor broadly', 'depth_ros.estimator:anchor_broad'),
    ('enlarge depth', 'depth_ros.estimator:enlarge_depth'),
    ('enlarge other outputs', 'depth_ros.estimator:enlarge'),
    ('mark unknown', 'depth_ros.estimator:Estimator._mark_unknown'),
    ('anchor exactly', 'depth_ros.estimator:anchor_exact'),
    ('the rest of the estimator', 'depth_ros.estimator:Estimator.estimate'),
    ('depth message', 'depth_ros.messages:fill_depth'),
    ('points of the depth', 'depth_ros.camera:Camera.point_planes'),
    ('cloud message', 'depth_ros.messages:fill_cloud'),
    ('level scan', 'depth_ros.nodes.outputs:depth_scan'),
    ('colours', 'depth_ros.pictures:colorize'),
    ('overlay', 'depth_ros.pictures:overlay'),
    (_published, 'rclpy.lifecycle.publisher:LifecyclePublisher.publish'),
    ('publish diagnostics', 'depth_ros.nodes.base:BaseNode.publish_diagnostics'),
    ('the rest of the node', 'depth_ros.nodes.depth:DepthNode.process'))


def main(args=None):
    """Run the node of the settings in the environment; write the figures at its end."""
    settings = json.loads(os.environ[PROFILE])
    profiler = Profiler(settings['memory'])
    for stage, place in STAGES:
        profiler.watch(stage, place)
    frames = _count_frames(profiler, settings['warm_up'])
    module = import_module(f'depth_ros.nodes.{settings["node"]}')
    status = module.main(args)
    Path(settings['out']).write_text(json.dumps(
        {'frames': len(frames), 'stages': profiler.stages(max(len(frames), 1))}))
    return status


def _count_frames(profiler, warm_up):
    """Return a list that grows by one for every frame after the warm-up."""
    from depth_ros.nodes.depth import DepthNode
    frames, process, waiting = [], DepthNode.process, [warm_up]

    def counted(node, work):
        process(node, work)
        if waiting[0]:
            waiting[0] -= 1
            profiler.reset()
        else:
            frames.append(None)
    DepthNode.process = counted
    return frames


if __name__ == '__main__':
    sys.exit(main())
