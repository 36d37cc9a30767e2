# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the robot gets: the model file with its metadata, the card, the command that starts it."""
from __future__ import annotations

import json
from pathlib import Path
import shlex
import shutil

from depth_ros import bags
from depth_ros.contracts import InputError
from depth_ros.datasets.bag import line_of
from depth_ros.datasets.bag_topics import choose_parts, inventory
from depth_ros.evaluation.tables import cell
from depth_ros.lidar import elevation
from depth_ros.messages import cloud_fields, cloud_points
from depth_ros.model import PREFIX, read_spec
from depth_ros.poses import quaternion_from
import numpy as np
import onnx
from training.card import LOCAL
from training.export import export
from training.files import replacing, save_onnx, write_text
import yaml

DEFAULT_TOPICS = {'image': 'image', 'camera_info': 'camera_info', 'scan': 'scan', 'cloud': 'cloud'}


def put_metadata(path, **values) -> None:
    """Replace entries of a model file's metadata, written whole or not at all."""
    path = Path(path)
    model = onnx.load(str(path))
    kept = {entry.key: entry.value for entry in model.metadata_props}
    kept.update({PREFIX + name: value for name, value in values.items()})
    del model.metadata_props[:]
    for key, value in kept.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, str(value)
    save_onnx(model, path)


def export_trained(run, path, name, size, teacher, start, recordings, command) -> dict:
    """
    Export a run and say what it comes from.

    :param teacher: `teacher.Chosen`; start: spec of the start, or None; recordings: names;
        command: what repeats the work.
    :returns: file, sha256, licence, lineage.
    """
    licence = f'follows the recording and the teacher ({teacher.licence})'
    if start is not None:
        licence += f'; start weights {start.licence}'
    export(Path(run) / 'last.ckpt', path, name, licence=licence, size=size)
    weights = 'random start weights' if start is None else \
        f'start weights: {start.name}, SHA-256 {start.sha256[:12]} ({start.lineage})'
    put_metadata(path, lineage=(
        f'fine-tuned without depth labels on the recording {", ".join(recordings)}; {weights}; '
        f'teacher: {teacher.name}'), training=command)
    return _described(path)


def deliver(source, path, name, figures: dict) -> dict:
    """Copy the model that was chosen to where the node finds it; returns what it says."""
    with replacing(path) as part:
        shutil.copyfile(source, part)
        spec = read_spec(part)
        put_metadata(part, name=name, figures=json.dumps({**spec.figures, **figures}))
    return _described(path)


def _described(path):
    spec = read_spec(path)
    return {'file': str(path), 'name': spec.name, 'sha256': spec.sha256, 'licence': spec.licence,
            'lineage': spec.lineage}


def launch_command(model, roles: dict, params=None, ring=None) -> str:
    """
    Return the command that starts the node on the topics of a recording.

    :param roles: {image, camera_info, scan or cloud: (topic, message type)}.
    :param params: parameter file, where the extrinsics were given by hand.
    :param ring: of the cloud that is the line; None: all its points.
    """
    words = ['ros2', 'launch', 'depth_ros', 'completion.launch.py',
             f'model:={Path(model).resolve()}']
    for role, (topic, kind) in roles.items():
        if role == 'image' and kind.endswith('CompressedImage'):
            words.append('image_transport:=compressed')
            topic = topic.removesuffix('/compressed')
        if role == 'cloud':
            words.append('lidar:=cloud')
            if ring is not None:
                words.append(f'cloud_ring:={ring}')
        if topic.lstrip('/') != DEFAULT_TOPICS[role]:
            words.append(f'{role}:={topic}')
    if params:
        words.append(f'params_file:={Path(params).resolve()}')
    return shlex.join(words)


def line_ring(path, options) -> int | None:
    """
    Return the number of the ring of a recorded cloud that was the line.

    None: its clouds have no field `ring` or `channel`, and the node can only take all of them.
    """
    parts = choose_parts(inventory(path)[0], options, path)
    cloud = next(bags.read(path, [parts.cloud.name]))[2]
    fields = cloud_fields(cloud)
    name = next((name for name in ('ring', 'channel') if name in fields.dtype.names), None)
    line, _ = line_of(parts, {parts.cloud.name: cloud}, options)
    if name is None or not len(line):
        return None
    rings = {int(ring): cloud_points(cloud, int(ring))[0] for ring in np.unique(fields[name])}
    wanted = np.median(elevation(line))
    return min((ring for ring, points in rings.items() if len(points)),
               key=lambda ring: abs(np.median(elevation(rings[ring])) - wanted))


def write_params(path, extrinsics) -> Path:
    """Write a parameter file with the LiDAR's pose in the camera, (4, 4)."""
    content = {'/**': {'ros__parameters': {
        'extrinsics': 'parameters',
        'lidar_translation': [float(value) for value in extrinsics[:3, 3]],
        'lidar_rotation': [float(value) for value in quaternion_from(extrinsics)]}}}
    write_text(path, yaml.safe_dump(content, sort_keys=False))
    return Path(path)


def write_card(path, delivered: dict, measured: dict, verdict, details: dict, config: dict):
    """
    Write the card beside the model.

    :param verdict: sentences; details: {what: value} for the table.
    """
    lines = [f'# {delivered["name"]}', '', 'Dense metric depth from a camera image and one LiDAR '
             'line, for the robot of one recording (docs/r2m.md).', '', '| | |', '|---|---|']
    rows = {'file': f'`{Path(delivered["file"]).name}`, SHA-256 `{delivered["sha256"]}`',
            'licence': delivered['licence'], 'lineage': delivered['lineage'], **details}
    lines += [f'| {name} | {value} |' for name, value in rows.items()]
    lines += ['', *verdict, '', '## Figures', '', *figure_table(measured), '',
              '## Configuration', '', '```yaml',
              LOCAL.sub('', yaml.safe_dump(config, sort_keys=False)).rstrip(), '```', '']
    path = Path(path)
    write_text(path, '\n'.join(lines))
    return path


def figure_table(measured: dict) -> list:
    """Return markdown lines: REL / RMSE / delta1 of each method at held-back beams and truth."""
    kinds = [kind for kind in ('beams', 'truth') if measured.get(kind)]
    if not kinds:
        raise InputError('nothing was measured')
    heads = {'beams': 'at held-back beams', 'truth': 'on ground truth'}
    lines = ['REL / RMSE in metres / delta1 on frames that nothing was learned from '
             f'({measured["frames"]} frames).', '',
             '| | ' + ' | '.join(heads[kind] for kind in kinds) + ' |', '|---' * (len(kinds) + 1)
             + '|']
    for name in measured[kinds[0]]:
        lines.append(f'| {name} | ' + ' | '.join(
            cell(measured[kind].get(name)) for kind in kinds) + ' |')
    return lines
