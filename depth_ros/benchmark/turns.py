# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Engines alone and inside the estimator, in turns.

Every candidate lives in a process of its own, so that its memory can be told. One at a time they
are asked for a few frames, again and again in another order, so that what slows the machine down
for a while hits all of them alike.
"""
from multiprocessing import get_context
import random

from depth_ros.benchmark.candidate import serve, WARM
from depth_ros.benchmark.spreads import paired_ratio, spread
from depth_ros.engines import EngineError, parity, UnavailableError
import numpy as np
from tqdm import tqdm

STAGES = ('preprocess', 'inference', 'postprocess')
TURN = 10  # frames of a turn that count
REFERENCE = 'onnxruntime', 'fp32'


class Worker:
    """The process of a candidate, seen from outside."""

    def __init__(self, candidate):
        """Start it and wait until it is ready; raises EngineError."""
        self.candidate = candidate
        context = get_context('spawn')
        self._connection, other = context.Pipe()
        self._process = context.Process(target=serve, args=(other, candidate), daemon=True)
        self._process.start()
        other.close()
        self.bare, self.stages, self.joules = [], [], 0.0
        try:
            self.facts = self._answer()
        except EngineError:
            self.close()
            raise

    def ask(self, *request):
        """Call a method of `Timed`."""
        self._connection.send(request)
        return self._answer()

    def _answer(self):
        try:
            answer = self._connection.recv()
        except (EOFError, ConnectionError) as error:
            raise EngineError(f'{self.candidate.model} in {self.candidate.engine}: its process '
                              'died') from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        """End the process."""
        try:
            self._connection.send(None)
        except OSError:
            pass  # It has ended.
        self._connection.close()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def row(self, frames):
        """Return the figures of this candidate."""
        return {**self.facts, 'peer': self.candidate.peer, 'frames': frames,
                'bare_ms': spread(np.concatenate(self.bare)), **self._stages(),
                'peak_memory_mib': self.ask('peak'),
                'joules_per_image': self.joules / frames if self.joules else None}

    def _stages(self):
        if not self.stages:
            return {}
        total = [sum(timing.values()) for timing in self.stages]
        return {**{f'{stage}_ms': spread([timing[stage] for timing in self.stages])
                   for stage in STAGES},
                'total_ms': spread(total), 'images_per_second': 1000.0 / float(np.mean(total))}


def time_all(candidates, frames, meter, required=()):
    """
    Time candidates in turns.

    :param meter: of `energy.find_meter`.
    :param required: engines whose absence is an error; others are left out.
    :return: rows of plain figures, and what was left out with the reason; an engine that is not
        here at all is left out once, with model and precision None.
    :raises UnavailableError: an engine of `required` is not installed.
    """
    workers, left_out, absent = [], [], set()
    try:
        for candidate in tqdm(candidates, unit='engine', desc='loading', disable=None):
            if candidate.engine in absent:
                continue
            try:
                workers.append(Worker(candidate))
            except EngineError as error:
                left_out.append({'model': candidate.model, 'engine': candidate.engine,
                                 'precision': candidate.precision, 'reason': str(error)})
                engines_here = {worker.candidate.engine for worker in workers}
                if isinstance(error, UnavailableError) and candidate.engine not in engines_here:
                    if candidate.engine in required:
                        raise
                    left_out[-1].update(model=None, precision=None)
                    absent.add(candidate.engine)
        take_turns(workers, frames, meter)
        rows = [worker.row(frames) for worker in workers]
        _relate(workers, rows)
    finally:
        for worker in workers:
            worker.close()
    return rows, left_out


def take_turns(workers, frames, meter):
    """Let every worker run `frames` frames alone, and ours as many in the estimator."""
    order, shuffle = list(workers), random.Random(0).shuffle
    with tqdm(total=frames * len(workers), unit='frame', desc='timing', disable=None) as bar:
        for begin in range(0, frames, TURN):
            count = min(TURN, frames - begin)
            shuffle(order)
            for worker in order:
                before = meter.joules()
                worker.bare.append(worker.ask('bare', count))
                if before is not None:
                    # The frames that warm up take energy as well.
                    worker.joules += (meter.joules() - before) * count / (WARM + count)
                if not worker.candidate.peer:
                    worker.stages += worker.ask('stages', count)
                bar.update(count)


def _relate(workers, rows):
    """Add to each row how it compares with ONNX Runtime fp32 of the same model and size."""
    for worker, row in zip(workers, rows):
        row['vs_reference'] = row['difference'] = None
        found = reference_of(row, rows)
        if found is None:
            continue
        reference = workers[rows.index(found)]
        row['vs_reference'] = paired_ratio(worker.bare, reference.bare)
        if reference is not worker:
            row['difference'] = parity.compare(reference.ask('outputs'), worker.ask('outputs'),
                                               row['precision']).record()
    for worker, row in zip(workers, rows):
        row['vs'] = [{'model': other.facts['model'], 'input': other.facts['input'],
                      'ratio': paired_ratio(worker.bare, other.bare)}
                     for other in opponents(row, workers)]


def reference_of(row, rows):
    """Return the row of ONNX Runtime fp32 for the model and size of a row, or None."""
    return next((other for other in rows if (other['model'], other['input']) == (
        row['model'], row['input']) and (other['runner'], other['precision']) == REFERENCE), None)


def opponents(row, workers):
    """
    Return the workers of our models that the peer of a row is compared with.

    They take the same inputs, in the same engine and precision; where one of them runs at the size
    of the peer, the others do not count.
    """
    found = [worker for worker in workers if row['peer'] and not worker.candidate.peer
             and (worker.facts['task'] == 'completion') == (row['task'] == 'completion')
             and (worker.facts['runner'], worker.facts['precision']) == (row['runner'],
                                                                         row['precision'])]
    return [worker for worker in found if worker.facts['input'] == row['input']] or found
