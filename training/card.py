# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The card of a shipped model: a page that says what it is, where it is from and what it can."""
from __future__ import annotations

from pathlib import Path
import re

from depth_ros.model import read_spec
from training.files import write_text

# Folders of the machine that a run was made on are nobody else's.
LOCAL = re.compile(r'(?<=[ \["\'])/(?:[^\s/]+/)+')
TASKS = {'completion': 'Dense metric depth from a camera image and one LiDAR line.',
         'monocular': 'Metric depth from one camera image.'}
SCALED = ('Trained without any line: its relative depth was scaled by the geometric mean of '
          'line / answer for this table. A twin for comparison, not for use.\n\n')


def write_card(path, pieces: list, table: str, config: str, scaled=False, notes=None) -> Path:
    """
    Write the card beside a model file, with the same name and the ending .md.

    :param pieces: what ``training.ship.past_pieces`` tells of the training.
    :param table: markdown table of the figures.
    :param config: the run's configuration, YAML.
    :param scaled: the figures are of an answer that the line only scaled.
    :param notes: markdown for the end.
    """
    path = Path(path)
    spec = read_spec(path)
    figures = spec.figures
    rows = [
        ('file', f'`{path.name}`, SHA-256 `{spec.sha256}`'),
        ('contract', f'1; input {spec.input_height} x {spec.input_width} nominal, '
                     f'any multiples of {spec.size_multiple}'),
        ('outputs', ', '.join(f'`{name}`' for name in spec.outputs)),
        ('parameters', f'{figures.get("parameters", 0):,}'),
        ('licence', spec.licence),
        ('lineage', spec.lineage),
        ('command', f'`{spec.training}`'),
        ('seed, revision', f'{spec.seed}, `{spec.revision}`{_earlier(pieces, spec.revision)}'),
        ('hardware', '; '.join(dict.fromkeys(piece['hardware'] for piece in pieces))),
        ('steps, frames, minutes', _amounts(figures, pieces)),
        ('precision', ', '.join(dict.fromkeys(piece['precision'] for piece in pieces))),
        ('export', f'ONNX Runtime and torch agree within {figures.get("parity", "?")}'),
    ]
    changed = sorted({name for piece in pieces for name in piece['changed_files']})
    if changed:
        rows.append(('files changed since the revision', ', '.join(changed)))
    lines = [f'# {spec.name}', '', TASKS[spec.task], '', '| | |', '|---|---|',
             *(f'| {name} | {value} |' for name, value in rows), '',
             '## Real frames (none was trained on)', '',
             'REL / RMSE in metres / delta1, by `depth_ros suite` (docs/evaluation.md).', '',
             (SCALED if scaled else '') + table.rstrip(), '']
    if notes:
        lines += [notes.rstrip(), '']
    lines += ['## Configuration', '', '```yaml', LOCAL.sub('', config).rstrip(), '```', '']
    card = path.with_suffix('.md')
    write_text(card, '\n'.join(lines))
    return card


def _earlier(pieces, last):
    """Name the revisions of earlier pieces where they differ from the last one."""
    others = [f'`{one}`' for one in dict.fromkeys(piece['revision'] for piece in pieces)
              if one != last]
    return f' (earlier pieces: {", ".join(others)})' if others else ''


def _amounts(figures, pieces):
    minutes = sum(piece['minutes'] for piece in pieces)
    frames = sum(piece['frames'] for piece in pieces)
    return (f'{figures["steps"]:,} steps, {frames:,} frames, {minutes:.0f} minutes in '
            f'{len(pieces)} piece{"s" if len(pieces) != 1 else ""}')
