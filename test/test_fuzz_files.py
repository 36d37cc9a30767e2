# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Mutated files give an answer or one line; `make fuzz` runs a thousand of each kind."""
from fuzz_runner import run_cases
from fuzz_targets import FILES, prepare, TARGETS, TRAINING_FILES
import pytest

# For a case, where other tests and their machines take the time.
SECONDS = 30.0


def quiet(kind, seeds):
    """Run cases; all of them end as they may."""
    prepare.get(kind, lambda: None)()
    outcomes, faults = run_cases(TARGETS[kind], seeds, SECONDS)
    assert not faults, '\n'.join(f'{kind} seed {seed}: {fault}' for seed, fault in faults)
    assert sum(outcomes.values()) == len(seeds)
    return outcomes


@pytest.mark.parametrize('kind', FILES)
def test_files(kind):
    """Some of each, other ones than those that found something."""
    assert len(quiet(kind, range(5000, 5030))) >= 1


def test_recordings():
    """Mutated recordings of both storages: some are refused, of some a part is read."""
    assert set(quiet('bag', range(5000, 5040))) >= {'refused', 'right', 'salvaged'}


def test_recordings_that_found_something():
    """Bytes that are no text in a schema, brackets without end in an index."""
    quiet('bag', [28, 291, 693])


def test_models_that_found_something():
    """Names that are no text."""
    quiet('model', [3, 19, 26])


def test_lines_that_found_something():
    """Headers of arrays that NumPy's own parser gives up on."""
    quiet('kept frames', [32, 48, 68])


@pytest.mark.parametrize('kind', TRAINING_FILES)
def test_training_files(kind):
    """Configs and records of training."""
    pytest.importorskip('lightning', reason='training needs the train extra')
    import training.experiment  # noqa: F401  once, not in each child
    quiet(kind, range(5000, 5020))


def endless(folder, seed):
    """Never end, for one seed."""
    while seed == 2:
        pass


def greedy(folder, seed):
    """Take ever more memory, for one seed."""
    kept = []
    while seed == 2:
        kept.append(bytearray(1 << 26))


def deadly(folder, seed):
    """Die as a library would that reads beyond its memory."""
    import ctypes
    if seed == 2:
        ctypes.string_at(0)


@pytest.mark.parametrize('target, said, seconds', [
    (endless, 'no end after', 2.0), (greedy, 'MemoryError', SECONDS),
    (deadly, 'died: status', SECONDS)])
def test_the_runner_tells_what_it_is_for(target, said, seconds):
    """A case that hangs, eats or dies is named, and those after it run."""
    outcomes, faults = run_cases(target, range(5), seconds, memory=300 << 20)
    (seed, fault), = faults
    assert seed == 2 and said in fault and outcomes == {'right': 4}
