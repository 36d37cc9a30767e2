# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""ROS parameters made from a configuration class, validated as a whole."""

from dataclasses import fields

from depth_ros.contracts import InputError
from depth_ros.options import build, default_of
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)


def declare(node, cls):
    """
    Declare every option of `cls` on `node` and return the configuration they give.

    :raises InputError: a value from the command line or YAML is not allowed.
    """
    values = {}
    for item in fields(cls):
        default = default_of(item)
        parameter = node.declare_parameter(item.name, default, _descriptor(item, default))
        values[item.name] = _plain(parameter.value)
    return build(cls, values)


def follow(node, cls, apply):
    """
    Validate changes of parameters at run time and hand the new configuration to `apply`.

    `apply` may refuse it with an InputError, and then must have changed nothing.
    """
    names = {item.name for item in fields(cls)}

    def on_set(parameters):
        changed = {p.name: _plain(p.value) for p in parameters if p.name in names}
        if not changed:
            return SetParametersResult(successful=True)
        values = {name: _plain(node.get_parameter(name).value) for name in names} | changed
        try:
            apply(build(cls, values))
        except InputError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(on_set)


def _plain(value):
    return list(value) if not isinstance(value, (str, bool, int, float)) else value


def _descriptor(item, default):
    data = item.metadata
    descriptor = ParameterDescriptor(description=data['description'],
                                     read_only=data['read_only'])
    if data['choices']:
        descriptor.additional_constraints = 'one of: ' + ', '.join(data['choices'])
    if data['minimum'] is None and data['maximum'] is None:
        return descriptor
    if isinstance(default, float):
        descriptor.floating_point_range = [FloatingPointRange(
            from_value=float(data['minimum']), to_value=float(data['maximum']))]
    else:
        descriptor.integer_range = [IntegerRange(
            from_value=data['minimum'], to_value=data['maximum'], step=1)]
    return descriptor
