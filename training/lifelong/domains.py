# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
What a run knows of each of its domains beside the weights, as files.

RUN/domains/NAME/ holds

- replay/ and measure/: stored frames of it (data set `stored`), to keep it and to measure it by;
- kept.json: how these frames go through the pipeline, and where they are from;
- mean.npy: mean features of the replay frames by this run's network, (64, h, w) float32;
- likeness.npy: what features are like in them, (129, 128) float32, see `likeness`;
- facts.json: the rest of `Domain`, written last.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from depth_ros.contracts import InputError
from depth_ros.documents import read_json
from depth_ros.model import is_name
import numpy as np
from training.datasets.frames import typed
from training.datasets.pipeline import Augmentation
from training.files import replacing, write_json
from training.runs import run_folder

FACTS, MEAN, LIKENESS, KEPT = 'facts.json', 'mean.npy', 'likeness.npy', 'kept.json'
REPLAY, MEASURE = 'replay', 'measure'


@dataclass(frozen=True)
class Domain:
    """
    One domain of a network, as its predictor knows it.

    :param focal: focal length (pixels at the network's input size) that its metres are right for.
    :param typical_depth: median known depth (m) of its training frames, for that focal length.
    :param depth_max: greatest known depth (m) of them, for that focal length.
    :param mean: mean shared features, (64, h, w) float32.
    :param distance_median, distance_99: median and 99 % quantile of the distances of frames that
        were not trained on to that mean, see `selection.distances`.
    :param likeness: see `likeness.fit_likeness`; None of runs that are older than it.
    """

    name: str
    focal: float
    typical_depth: float
    depth_max: float
    mean: np.ndarray
    distance_median: float
    distance_99: float
    likeness: np.ndarray | None = None


@dataclass(frozen=True)
class Kept:
    """
    How the kept frames of a domain are used.

    :param steps: the pipeline that its training used.
    :param focal: the focal length that its predictor answers for, as the config gave it; None:
        that of its own camera, whatever that is.
    :param source: where the frames are from, in words.
    """

    name: str
    steps: Augmentation
    focal: float | None = None
    source: str = ''


NUMBERS = tuple(one.name for one in fields(Domain)
                if one.name not in ('name', 'mean', 'likeness'))


def domain_folder(run, name: str) -> Path:
    """
    Return where a run keeps what it knows of a domain.

    :raises InputError: the name cannot be part of a path.
    """
    if not is_name(name) or name in ('.', '..'):
        raise InputError(f'{name!r} is no name of a domain, which is part of file names: use '
                         'letters, digits, blanks and _ . ( ) + -')
    return run_folder(run) / 'domains' / name


def write_domain(run, domain: Domain, index: int | None = None) -> None:
    """
    Write mean and facts of a domain; a kill leaves the old ones or the new ones.

    :param index: of its predictor; None: as before, or behind those that are there.
    """
    folder = domain_folder(run, domain.name)
    if index is None:
        known = _facts(run)
        same = [facts['predictor'] for facts in known if facts['name'] == domain.name]
        index = same[0] if same else len(known)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FACTS).unlink(missing_ok=True)  # never the mean of one with the facts of another
    with replacing(folder / MEAN) as part:
        np.save(part, np.asarray(domain.mean, np.float32))
    (folder / LIKENESS).unlink(missing_ok=True)
    if domain.likeness is not None:
        with replacing(folder / LIKENESS) as part:
            np.save(part, np.asarray(domain.likeness, np.float32))
    facts = asdict(replace(domain, mean=None, likeness=None))
    del facts['mean'], facts['likeness']
    write_json(folder / FACTS, {**facts, 'predictor': index})


def read_domains(run) -> list[Domain]:
    """
    Read the domains of a run, in the order of its predictors.

    :raises InputError: there are none, or a file is missing or broken.
    """
    known = _facts(run)
    if not known:
        raise InputError(f'{run_folder(run)} has no finished domains: `fit` on its config.yaml '
                         'ends the stage and writes them')
    if [facts['predictor'] for facts in known] != list(range(len(known))):
        raise InputError(f'{run_folder(run)}/domains is not whole: there must be one domain for '
                         f'each predictor, and there are {", ".join(f["name"] for f in known)}. '
                         '`fit` on its config.yaml writes them again')
    return [_domain(run, facts) for facts in known]


def domain_names(run) -> list[str]:
    """Return the names of a run's domains in the order of its predictors; see read_domains."""
    return [domain.name for domain in read_domains(run)]


def write_kept(run, kept: Kept) -> None:
    """Say how the kept frames of a domain are used."""
    write_json(domain_folder(run, kept.name) / KEPT, asdict(kept))


def read_kept(run, name: str) -> Kept:
    """
    Read how the kept frames of a domain are used.

    :raises InputError: the file is missing or broken.
    """
    path = domain_folder(run, name) / KEPT
    try:
        content = read_json(path)
        return Kept(name, typed(Augmentation, content['steps']), content['focal'],
                    str(content['source']))
    except (KeyError, TypeError) as error:
        raise InputError(f'{path} does not say how the frames of {name} are used ({error}): '
                         "`fit` on the run's config.yaml writes it again") from error


def _facts(run) -> list[dict]:
    found = [_checked(path) for path in sorted(run_folder(run).glob(f'domains/*/{FACTS}'))]
    return sorted(found, key=lambda facts: facts['predictor'])


def _checked(path) -> dict:
    facts = read_json(path)
    whole = (isinstance(facts, Mapping) and facts.get('name') == path.parent.name
             and isinstance(facts.get('predictor'), int)
             and all(isinstance(facts.get(key), (int, float)) for key in NUMBERS)
             and all(np.isfinite(facts[key]) for key in NUMBERS))
    if not whole:
        raise InputError(f"{path} does not hold the facts of a domain: `fit` on the run's "
                         'config.yaml writes them again')
    return facts


def _domain(run, facts) -> Domain:
    folder = domain_folder(run, facts['name'])
    mean = _array(folder / MEAN, 3, 'mean features (channels, height, width)')
    likeness = None
    if (folder / LIKENESS).exists():
        likeness = _array(folder / LIKENESS, 2, 'a centre above a square')
        if likeness.shape != (2 * len(mean) + 1, 2 * len(mean)):
            raise InputError(f'{folder / LIKENESS} is of shape {likeness.shape}, which does not '
                             f'suit {len(mean)} channels')
    return Domain(facts['name'], mean=mean, likeness=likeness,
                  **{key: float(facts[key]) for key in NUMBERS})


def _array(path, axes, what):
    try:
        values = np.load(path, allow_pickle=False)
    except Exception as error:  # The header is parsed as Python, which has errors of its own.
        raise InputError(f'{path} cannot be read as an array: {" ".join(str(error).split())}'
                         ) from error
    if values.ndim != axes or values.dtype != np.float32:
        raise InputError(f'{path} holds {values.dtype} of shape {values.shape}, not {what} '
                         'float32')
    return values
