# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Typed options: checks, and that every file made from them is up to date."""

from dataclasses import fields

from depth_ros import config
from depth_ros.contracts import InputError
from depth_ros.options import build, default_of, to_yaml
import pytest
import yaml


@pytest.mark.parametrize('name', config.NODES)
def test_defaults_are_allowed_and_described(name):
    cls = config.NODES[name]
    assert build(cls, {item.name: default_of(item) for item in fields(cls)}) == cls()
    for item in fields(cls):
        assert len(item.metadata['description']) > 10
        if isinstance(default_of(item), (int, float)) and not isinstance(default_of(item), bool):
            assert item.metadata['minimum'] is not None, item.name
            assert item.metadata['maximum'] is not None, item.name


def test_generated_files_are_up_to_date(repository):
    stale = [str(path) for path, text in config.generated_files(repository).items()
             if not path.is_file() or path.read_text() != text]
    assert not stale, 'run `python -m depth_ros.config --write`'


@pytest.mark.parametrize('name', config.NODES)
def test_yaml_holds_the_defaults(name):
    cls = config.NODES[name]
    values = yaml.safe_load(to_yaml(cls))['/**']['ros__parameters']
    assert build(cls, values) == cls()
    assert {k: type(v) for k, v in values.items()} == {
        item.name: type(default_of(item)) for item in fields(cls)}


@pytest.mark.parametrize('values,says', [
    ({'max_skw': 1.0}, "unknown option 'max_skw': choose from .*max_skew"),
    ({'max_skew': -0.1}, 'max_skew is -0.1: it must be from 0.0 to 10.0'),
    ({'max_skew': 11}, 'from 0.0 to 10.0'), ({'max_skew': float('nan')}, 'from 0.0 to 10.0'),
    ({'max_skew': '1'}, "max_skew must be float, not '1'"), ({'max_skew': True}, 'must be float'),
    ({'threads': 1.5}, 'threads must be int'), ({'threads': True}, 'must be int'),
    ({'autostart': 1}, 'autostart must be bool'), ({'model': 3}, 'model must be str'),
    ({'lidar': 'radar'}, "lidar is 'radar': choose one of scan, cloud"),
    ({'lidar_rotation': [0.0, 1.0]}, 'lidar_rotation must hold 4 finite numbers'),
    ({'lidar_rotation': [0, 0, 0, float('nan')]}, '4 finite numbers'),
    ({'lidar_rotation': 'none'}, '4 finite numbers'), ({'lidar_rotation': 5.0}, '4 finite'),
    ({'lidar_rotation': ['a', 'b', 'c', 'd']}, '4 finite'), ({'model': None}, 'must be str')])
def test_bad_values_are_refused_with_the_limits(values, says):
    with pytest.raises(InputError, match=says):
        build(config.CompletionConfig, values)


def test_whole_numbers_are_taken_for_floats():
    made = build(config.CompletionConfig, {'max_skew': 1, 'lidar_translation': [1, 2, 3]})
    assert made.max_skew == 1.0 and isinstance(made.max_skew, float)
    assert made.lidar_translation == [1.0, 2.0, 3.0]


def test_a_default_list_is_not_shared():
    one, other = config.CompletionConfig(), config.CompletionConfig()
    one.lidar_translation[0] = 5.0
    assert other.lidar_translation == [0.0, 0.0, 0.0]
