# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Engines for `depth_ros doctor`: TensorRT, its GPU, OpenVINO's devices, what is kept."""
from importlib import util
import os

from depth_ros.engines import choice, EngineError, memory, UnavailableError
from depth_ros.engines.cache import EngineCache
from depth_ros.engines.trt_libraries import libraries, TENSORRT

# Remembered choices in the table, the newest.
SHOWN = 4
# Beginning of a version: what users report; docs/tensorrt.md has the sources.
KNOWN_BAD = {'10.3.': 'several networks give wrong numbers on Jetson Orin in TensorRT 10.3, and '
                      'right ones from 10.5 on'}


def findings(found=libraries):
    """
    Yield (name, good, what was found, advice).

    :param found: returns the Libraries that are here.
    """
    if not any(util.find_spec(name) for name, _ in TENSORRT):
        yield 'tensorrt', True, 'not installed (for the TensorRT engine on NVIDIA GPUs)', ''
        return
    try:
        here = found()
    except UnavailableError as error:
        yield 'tensorrt', False, 'installed, but cannot be used', str(error)
        return
    bad = [text for version, text in KNOWN_BAD.items() if here.version.startswith(version)]
    yield ('tensorrt', not bad, f'{here.kind} {here.version}', '; '.join(
        f'{text}: the check after each build refuses those, another version is better'
        for text in bad))
    try:
        device = here.device()
        yield 'gpu', True, f'{device.name}, compute capability {device.compute_capability}', ''
    except EngineError as error:
        yield 'gpu', False, 'none that CUDA can use', str(error)
    if not util.find_spec('onnx'):
        yield ('onnx', False, 'not installed (for building TensorRT engines)',
               'pip install onnx')
    yield _cache()


def openvino_devices():
    """Return OpenVINO's devices with the precisions they compute in, or what is wrong."""
    from depth_ros.engines import openvino
    try:
        _, core = openvino.probe()
        return ', '.join(f'{device} ({" ".join(openvino.precisions(core, device))})'
                         for device in core.available_devices)
    except EngineError as error:
        return f'no CPU device: {error}'


def remembered():
    """Return (name, good, what was found, advice) of what `auto` has measured."""
    found = [item for item in memory.remembered() if choice.usable(item)]
    lines = [f'{item["model"]} {item["width"]}x{item["height"]}: {choice.text(item)}'
             for item in found[-SHOWN:]]
    text = '; '.join(lines) or 'nothing was timed here yet, the first node or estimator does it'
    return 'engine auto', True, text + f'; {len(found) - SHOWN} more' * (len(found) > SHOWN), ''


def _cache():
    cache = EngineCache()
    records = cache.records()
    size = sum(record.get('engine_bytes', 0) for record in records if not record.get('refused'))
    refused = sum(bool(record.get('refused')) for record in records)
    text = (f'{len(records) - refused} engines, {size / (1 << 20):.0f} MiB, {refused} refused, in '
            f'{cache.folder}')
    parent = next(path for path in (cache.folder, *cache.folder.parents) if path.exists())
    if not os.access(parent, os.W_OK | os.X_OK):
        return ('engine cache', False, text, 'engines cannot be kept there, and each start builds '
                'them again: set DEPTH_ROS_CACHE or the parameter engine_cache')
    return 'engine cache', not cache.unsafe(), text, cache.unsafe()
