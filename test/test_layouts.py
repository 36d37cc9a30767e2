# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The RViz and Foxglove layouts show topics that the nodes publish or hear."""
import json

from depth_ros import launching
import pytest
import yaml

pytest.importorskip('rclpy', reason='ROS 2 is not installed: make venv')
from depth_ros.nodes.outputs import TOPICS  # noqa: E402, I100
from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402, I100
from sensor_msgs.msg import Image, LaserScan, PointCloud2  # noqa: E402, I100

KNOWN = {**TOPICS, 'overlay': Image, 'scan': LaserScan, 'diagnostics': DiagnosticArray}
# What each display subscribes to (rviz_default_plugins/plugins_description.xml); None: no topic.
DISPLAYS = {'rviz_default_plugins/PointCloud2': PointCloud2,
            'rviz_default_plugins/LaserScan': LaserScan, 'rviz_default_plugins/Image': Image,
            'rviz_default_plugins/Grid': None, 'rviz_default_plugins/TF': None}
TOOLS = {f'rviz_default_plugins/{name}'
         for name in ('MoveCamera', 'Select', 'FocusCamera', 'Measure')}
# Panels of Foxglove and Lichtblick (packages/suite-base/src/panels/index.ts of the latter).
PANELS = {'3D', 'Image', 'DiagnosticSummary', 'DiagnosticStatusPanel'}


def test_rviz_shows_our_topics(repository):
    text = (repository / 'config' / 'depth.rviz').read_text()
    manager = yaml.safe_load(text)['Visualization Manager']
    shown = set()
    for display in manager['Displays']:
        kind = DISPLAYS[display['Class']]
        if kind is None:
            assert 'Topic' not in display
            continue
        topic = display['Topic']
        shown.add(topic['Value'])
        assert KNOWN[topic['Value']] is kind
        # Relative, so that namespace and remapping move it; best effort hears every publisher.
        assert topic['Reliability Policy'] == 'Best Effort'
        assert topic['Durability Policy'] == 'Volatile'
        assert display['Enabled'] is display['Value'] is True
    assert shown == {'depth/points', 'depth/scan', 'scan', 'depth/image_color', 'overlay'}
    assert {tool['Class'] for tool in manager['Tools']} == TOOLS
    panels = {panel['Class'] for panel in yaml.safe_load(text)['Panels']}
    assert panels == {f'rviz_common/{name}' for name in ('Displays', 'Views', 'Time')}
    assert manager['Views']['Current']['Class'] == 'rviz_default_plugins/Orbit'


def leaves(layout):
    """Panels in a tree of Foxglove: a name, or two halves and a direction."""
    if isinstance(layout, str):
        return [layout]
    assert layout['direction'] in ('row', 'column') and 0 < layout['splitPercentage'] < 100
    return leaves(layout['first']) + leaves(layout['second'])


def test_foxglove_shows_our_topics(repository):
    data = json.loads((repository / 'config' / 'foxglove.json').read_text())
    panels = data['configById']
    assert sorted(leaves(data['layout'])) == sorted(panels)
    assert {name.split('!')[0] for name in panels} == PANELS
    scene = panels['3D!points']['topics']
    assert {topic: KNOWN[topic[1:]] for topic in scene} == {
        '/depth/points': PointCloud2, '/scan': LaserScan, '/depth/scan': LaserScan}
    assert (scene['/depth/points']['colorMode'], scene['/depth/points']['colorField']) == (
        'rgb', 'rgb')
    for name, panel in panels.items():
        if name.startswith('Image!'):
            assert KNOWN[panel['imageMode']['imageTopic'][1:]] is Image
        elif name.startswith('Diagnostic'):
            assert panel['topicToRender'] == '/diagnostics'
    status = panels['DiagnosticStatusPanel!completion']
    assert (status['selectedHardwareId'], status['selectedName']) == ('depth_ros', '/completion')


def test_the_launch_argument_depth_moves_every_topic():
    assert {f'depth/{part}' for part in launching.OUTPUTS} == set(TOPICS)
