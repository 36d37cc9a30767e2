# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Measure the completion node against ground truth, live or from a bag.

ros2 launch depth_ros evaluate.launch.py bag:=FOLDER output:=figures.json
"""
from depth_ros import launching
from launch import LaunchDescription
from launch.actions import GroupAction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PythonExpression

EVALUATION = {
    'bag': ('', 'Recording to play through the nodes; empty: topics come from elsewhere.'),
    'rate': ('1.0', 'Speed factor of the recording.'),
    'truth': ('', 'depth (an image) or cloud (points that were not the input); empty: as in '
              'the parameter file.', ('', 'depth', 'cloud')),
    'ground_truth': ('ground_truth/depth', 'Topic of the ground-truth depth image.'),
    'line_elevation': ('', 'Elevation in degrees of the ring that was the input line; empty: '
                       'as in the parameter file.'),
    'idle_timeout': ('5.0', 'Seconds without input after which the figures are written.'),
    'output': ('', 'JSON file for the figures; empty writes none.'),
    'html': ('', 'HTML file for a page with figures, worst frames and point clouds; empty '
             'writes none.'),
    'evaluation_params_file': ('', 'Parameter file of the evaluation node; empty: shipped.'),
    'replay_params_file': ('', 'Parameter file of the replay node; empty: shipped.'),
}


def generate_launch_description():
    """Start the completion and the evaluation node, and play a bag when one is named."""
    bag_given = IfCondition(PythonExpression(["'", LaunchConfiguration('bag'), "' != ''"]))
    return LaunchDescription([
        *launching.declare(launching.COMMON, launching.MODEL, launching.CAMERA, launching.LIDAR,
                           launching.DEPTH, EVALUATION),
        launching.dds_profile(),
        launching.node('completion',
                       options=('model', 'engine', 'precision', 'image_transport', 'lidar',
                                'cloud_ring'),
                       topics=('image', 'camera_info', 'scan', 'cloud', 'depth')),
        launching.node('evaluation', params='evaluation_params_file',
                       options=('truth', 'line_elevation', 'idle_timeout', 'output', 'html'),
                       topics=('cloud', 'depth', 'ground_truth', 'image')),
        GroupAction([launching.node('replay', params='replay_params_file',
                                    options=('bag', 'rate'), use_sim_time=False)],
                    condition=bag_given, scoped=False),
        launching.stop_with('evaluation'),
    ])
