# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The page that a team reads: what came out, in words, figures and pictures."""
from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

from depth_ros.datasets.sample import read_image
from depth_ros.documents import inside
from depth_ros.evaluation import sections
from depth_ros.evaluation.evidence import Kept
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.page import Page
from training.robot.learn import curves
from training.robot.measure import AFTER, BEFORE, FILL, PROTOCOL, TEACHER

COLUMNS = ('', 'REL', 'RMSE, m', 'delta1', 'points', 'confidence', 'right within 10 %')
PANEL_BYTES = 110_000  # of one picture of a measured frame
WHERE = {'truth': 'on ground truth', 'beams': 'at held-back beams'}


def verdict(result: dict) -> list:
    """Return sentences: better or worse, by how much, on what, and what to use."""
    figures, model = result['figures'], result['model']
    changes = {kind: found for kind in WHERE if (found := figures['compared'].get(kind))}
    sentences = [_change(found, WHERE[kind]) for kind, found in changes.items()]
    worse = [WHERE[kind] for kind, found in changes.items()
             if found['change'] > 2 * (found['error'] or 0.0)]
    if model['taken'] == BEFORE:
        sentences.append('The training did not help on the frames that choose, so model.onnx is '
                         'the shipped model, unchanged. The trained one is run/trained.onnx.')
    elif worse:
        sentences.append(f'It got worse {" and ".join(worse)}: use the shipped model there, or '
                         'record more and more varied driving, train longer, or take a better '
                         'teacher.')
    else:
        sentences.append('model.onnx is the trained model.')
    beams = figures['beams']
    best = min(beams, key=lambda name: beams[name]['abs_rel'] or 9.0)
    if best in (FILL, TEACHER):
        sentences.append(f'At the held-back beams the {best} is better than both: these beams lie '
                         'between measured neighbours, and say little of the rest of the image.')
    if not figures.get('truth'):
        sentences.append('There is no ground truth in the recording: the figures speak of the '
                         'height of the scanner only; look at the pictures for the rest.')
    return sentences + _confidence(figures) + result.get('trust', {}).get('doubts', [])


def _change(found, where):
    change, error = found['change'], found['error'] or 0.0
    word = 'better' if change < 0 else 'worse'
    sure = '' if abs(change) > 2 * error else ', which is within what chance does'
    return (f'{where[0].upper()}{where[1:]} the trained model is {abs(change):.0%} {word} than '
            f'the shipped one (REL {found["before"]:.3f} -> {found["after"]:.3f}; better on '
            f'{found["better"]:.0%} of the frames{sure}).')


def _confidence(figures):
    """Say whether the confidence still means what it says."""
    found = (figures.get('truth') or figures['beams']).get(AFTER, {})
    stated, observed = (found.get(f'confidence_{name}') for name in ('stated', 'observed'))
    if stated is None:
        return []
    return [f'The confidence of the trained model is {stated:.2f} on average, and {observed:.2f} '
            'of the pixels are right within 10 %'
            + ('.' if abs(stated - observed) < 0.1 else ': do not rely on it.')]


def write_report(folder, result: dict) -> Path:
    """Write report.html, with the pictures that the stages left; returns its path."""
    folder, figures = Path(folder), result['figures']
    page = Page(f'{result["settings"]["name"]}: from the recording to a model')
    for sentence in result['verdict']:
        page.paragraph(sentence)
    page.heading('Start it')
    page.code(result['launch'])
    page.heading('Figures')
    page.paragraph(f'{figures["frames"]} frames from which nothing was learned, by the ONNX files '
                   'as the node runs them. Held-back beams were hidden from everything; ground '
                   'truth is compared with what all beams give. Weight of an image: 1.')
    for kind in WHERE:
        if figures.get(kind):
            page.table(COLUMNS,
                       [_row(name, found) for name, found in figures[kind].items()],
                       {'REL': 'min', 'RMSE, m': 'min', 'delta1': 'max'}, WHERE[kind])
    page.heading('Measured frames')
    page.pictures(_pictures(folder, figures['pictures']), columns=1, most=PANEL_BYTES)
    _evidence(page, folder, figures)
    page.heading('The recording')
    for report in result['check']['recordings']:
        page.paragraph(f'{report["path"]}: {report["duration_s"]:.0f} s')
        page.findings(SimpleNamespace(**finding) for finding in report['findings'])
    page.pictures(_pictures(folder, result['check']['pictures']), columns=2)
    page.heading('Training')
    page.values(_training(result))
    found = curves(folder / 'run')
    if found:
        page.plot({name: zip(*points) for name, points in found.items() if name != 'minutes'},
                  'Loss and its terms', 'step', 'loss', marks=len(found['loss']) < 3)
    rerun = result['rerun']
    sections.add_rerun(page, rerun['environment'], {
        'recordings': ', '.join(f'{path} (fingerprint {mark})'
                                for path, mark in rerun['recordings'].items()),
        'seed': rerun['seed'], 'SHA-256 of model.onnx': result['model']['sha256'],
        'protocol': f'{PROTOCOL}: {find_protocol(PROTOCOL).definition}',
        'frames measured': figures['frames']},
        {key: result[key] for key in ('settings', 'teacher', 'training', 'model', 'seconds')})
    path = folder / 'report.html'
    page.write(path)
    return path


def _evidence(page, folder, figures):
    """Add where the errors of the trained model are, its worst frames, and clouds."""
    found = figures['evidence']
    kind = 'truth' if figures.get('truth') else 'beams'
    if kind == 'beams':
        page.paragraph('Ground truth here and below are the held-back beams, so all of it lies at '
                       'the height of the scanner.')
    sections.add_clouds(page, json.loads(inside(folder, found['clouds']).read_text()))
    sections.add_ranges(page, found)
    sections.add_rows(page, found)
    sections.add_confidence(page, found)
    if found['worst']:
        page.heading('The worst frames')
        frames = [Kept(0, one['name'], one['errors'], _pictures(folder, one['tiles']), None)
                  for one in found['worst']]
        # Half of the room for photos: the panels above have the other half.
        sections.add_frames(page, frames, 2 * sum(len(one.tiles) for one in frames))


def _row(name, found):
    return [name, *(found[key] for key in ('abs_rel', 'rmse', 'delta1', 'pixels')),
            found.get('confidence_stated'), found.get('confidence_observed')]


def _pictures(folder, kept):
    return [(one['caption'], read_image(inside(folder, one['file']))) for one in kept]


def _training(result):
    trained, parts = result['training'], result['frames']['parts']
    return {'student': result['settings']['student'], 'teacher': _trusted(result),
            'frames to learn from': sum(part['frames'] for part in parts),
            'line': '; '.join(part['line'] for part in parts),
            'steps, batch': f'{trained["steps"]}, {trained["batch_size"]}',
            'minutes': f'{trained["minutes"]:.1f} on {trained["device"]}',
            'seconds of each stage': ', '.join(
                f'{name} {seconds:.0f}' for name, seconds in result['seconds'].items()),
            'licence': result['model']['licence'], 'lineage': result['model']['lineage']}


def _trusted(result):
    trust = result['trust']
    return (f'{result["teacher"]["name"]}, scaled by {trust["rule"]}; at held-back beams of the '
            f'frames that choose its REL is {trust["teacher"]:.3f}, that of the start '
            f'{trust["start"]:.3f}: weight {trust["weight"]}')
