# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The launch files; most need the `launch` of a ROS installation."""
import ast
from dataclasses import fields

from depth_ros import launching
from depth_ros.config import NODES
import pytest

FILES = {'completion': {'completion'}, 'monocular': {'monocular'},
         'evaluate': {'completion', 'evaluation', 'replay'},
         'demo': {'completion', 'evaluation', 'replay'}, 'robot': {'completion'}}
COMPOSED = ('demo', 'robot')  # nodes are started by another file or module
REASON = 'launch comes with a ROS installation, not with the package index'


def test_there_is_one_file_per_use(repository):
    found = {path.name.removesuffix('.launch.py')
             for path in (repository / 'launch').glob('*.launch.py')}
    assert found == set(FILES)


@pytest.mark.parametrize('name', FILES)
def test_options_are_parameters_of_the_node(repository, name):
    """An argument that is handed to a node as a parameter must be one, or it has no effect."""
    tree = ast.parse((repository / 'launch' / f'{name}.launch.py').read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)
             and getattr(node.func, 'attr', '') == 'node']
    for call in calls:
        options = {k.arg: k.value for k in call.keywords}.get('options')
        known = {item.name for item in fields(NODES[call.args[0].value])}
        assert {item.value for item in options.elts} <= known
    expected = set() if name in COMPOSED else FILES[name]
    assert {call.args[0].value for call in calls} == expected


def describe(repository, name):
    """Load a launch file; return its description and a launch service for it."""
    launch = pytest.importorskip('launch', reason=REASON)
    pytest.importorskip('launch_ros', reason=REASON)
    from launch.launch_description_sources import PythonLaunchDescriptionSource
    source = PythonLaunchDescriptionSource(str(repository / 'launch' / f'{name}.launch.py'))
    context = launch.LaunchContext()
    return source.get_launch_description(context), context


@pytest.mark.parametrize('name', FILES)
def test_every_argument_is_described(repository, name):
    description, _ = describe(repository, name)
    arguments = {a.name: a for a in description.get_launch_arguments()}
    assert all(argument.description for argument in arguments.values())
    assert {'namespace', 'params_file', 'use_sim_time', 'autostart', 'log_level', 'use_respawn',
            'model'} <= set(arguments)


def actions(description, context, **arguments):
    """Carry out a description without starting processes; return the nodes it would start."""
    from launch.actions import ExecuteProcess
    from launch_ros.actions import Node
    context.launch_configurations.update(arguments)
    waiting, nodes = list(description.entities), []
    while waiting:
        entity = waiting.pop(0)
        if isinstance(entity, Node):
            nodes.append(entity)
        elif not isinstance(entity, ExecuteProcess):
            condition = getattr(entity, 'condition', None)
            if condition is None or condition.evaluate(context):
                waiting = list(entity.visit(context) or []) + waiting
    return nodes


@pytest.mark.parametrize('name', FILES)
def test_the_nodes_and_the_profile(repository, name, monkeypatch):
    monkeypatch.setattr(launching, 'config_file', lambda file: repository / 'config' / file)
    for variable in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
        monkeypatch.delenv(variable, raising=False)
    description, context = describe(repository, name)
    nodes = actions(description, context, image='/front/image', bag='/a/bag')
    assert {node.node_executable for node in nodes} == FILES[name]
    for variable in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
        assert context.environment[variable] == str(repository / 'config' / 'fastdds_shm.xml')


def test_arguments_become_parameters_and_remappings():
    given = {'image': '/front/image', 'depth': 'near', 'scan': 'scan'}
    rules = dict(launching.remappings(given, ('image', 'depth', 'scan')))
    assert rules['image'] == '/front/image'
    assert rules['image/compressed'] == '/front/image/compressed'
    assert rules['depth/points'] == 'near/points' and 'scan' not in rules
    assert [launching._typed(text) for text in ('true', 'false', '1.5', 'cloud')] == [
        True, False, 1.5, 'cloud']
    ring = launching._typed('7', 'cloud_ring' in launching.WHOLE)
    assert ring == 7 and isinstance(ring, int)


@pytest.mark.parametrize('name', ['completion', 'monocular'])
def test_build_only_ends_with_its_node(repository, name, monkeypatch):
    monkeypatch.setattr(launching, 'config_file', lambda file: repository / 'config' / file)
    for chosen in ('false', 'true'):
        description, context = describe(repository, name)
        (node,) = actions(description, context, build_only=chosen, use_respawn='true',
                          precision='int8')
        (given,) = [values for values in node._Node__parameters if isinstance(values, dict)]
        # Keys and values are lists of substitutions.
        plain = {key[0].text: value[0].text if isinstance(value, tuple) else value
                 for key, value in given.items()}
        assert plain['build_only'] is (chosen == 'true')
        assert plain['precision'].split()[0] == 'int8'
        assert node._ExecuteLocal__respawn is (chosen == 'false')
        assert bool(node._Action__condition is None and node._ExecuteLocal__on_exit) is (
            chosen == 'true')
