# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The page that a team reads: what came out, in words, figures and pictures."""
from __future__ import annotations

from pathlib import Path

from training.robot.measure import AFTER, BEFORE, FILL, TEACHER

WHERE = {'truth': 'on ground truth', 'beams': 'at held-back beams'}


def verdict(result: dict) -> list:
    """Return sentences: better or worse, by how much, on what, and what to use."""
    figures, model = result['figures'], result['model']
    changes = {kind: found for kind in WHERE if (found := figures['compared'].get(kind))}
    sentences = [_change(found, WHERE[kind]) for kind, found in changes.items()]
    worse = [WHERE[kind] for kind, found in changes.items() if found['change'] > 0]
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
    sentences += _confidence(figures)
    return sentences


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
