# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
What `auto` means on this machine: the engines that are here are timed once, and remembered.

ONNX Runtime in float32 on the CPU is the reference and stays unless another candidate gives the
same depth in clearly less time. All run the stored frame in turn, so that whatever else the
machine does at that time slows down all of them.
"""

from dataclasses import asdict
from datetime import date
from importlib import metadata, util
import os
from time import perf_counter, process_time

from depth_ros import engines
from depth_ros.contracts import InputError
from depth_ros.engines import EngineError, parity
from depth_ros.engines.candidates import Candidate, candidates_of, REFERENCE
from depth_ros.engines.memory import Memory, processor
import numpy as np

# Part of the key: raise it when what is measured, or how, changes.
VERSION = 1
# Below this nothing else is worth loading another library for.
WORTH_MS = 1.0
# Of the time of ONNX Runtime: what is hardly faster is not worth the memory.
MARGIN = 0.9
ROUNDS, SECONDS = 20, 3.0
QUICK_RUNS = 5


def load(spec, height, width, base=None, **options):
    """
    Load the engine that was, or now is, the fastest here for a model and a size.

    :param base: engine of ONNX Runtime in float32 that is loaded already, and returned when
        nothing is better.
    :param options: of all engines, as of engines.load.
    :return: an engine with `choice`, a text that says why it was taken.
    """
    names = candidates_of(options)

    def plain():
        return base or engines.load_reference(spec, height, width, options=options)

    if len(names) == 1:
        return _chosen(plain(), 'no other engine is installed')
    memory = Memory(options.get('cache'), key(spec, height, width, names, options))
    found = None if options.get('force') else _remembered(memory, options.get('report'))
    if found is None:
        reference = plain()
        if quick(reference):
            return _chosen(reference, f'onnxruntime fp32 takes less than {WORTH_MS:g} ms')
        found = _measured(memory, reference, names, options)
    engine, note = None, ''
    chosen = Candidate(**found['chosen'])
    if chosen != REFERENCE:
        try:
            engine = _load(chosen, spec, height, width, options)
        except EngineError as error:
            # What is remembered was true; a device may be gone since.
            note = f'ONNX Runtime instead of {chosen.text()}: {error}'
    if engine is None:
        engine = plain()
        # Another size may have a faster engine: it must not be served by this session.
        engine.note, engine.resized = note, None
    row = next(row for row in found['candidates'] if row['chosen'])
    if not note:
        engine.record = {'check': {**engine.record.get('check', {}),
                                   'latency_ms': row['latency_ms']}}
    return _chosen(engine, text(found))


def known(spec, height, width, **options):
    """
    Say what `load` would take without measuring anything: (text, whether it is settled).

    Only the model's file and the folder of the engines are looked at.
    """
    names = candidates_of(options)
    if len(names) == 1:
        return f'{names[0].text()}: no other engine is installed', True
    found = _remembered(Memory(options.get('cache'), key(spec, height, width, names, options)))
    if found is None:
        rivals = ' or '.join(dict.fromkeys(name.engine for name in names))
        return f'{rivals}: the first start times them', False
    return text(found), True


def quick(engine):
    """Whether ONNX Runtime takes so little time that no other engine is worth loading."""
    feed = parity.stored_input(engine.spec, engine.height, engine.width)
    for _ in range(QUICK_RUNS):
        # Another process that takes the cores does not count. All threads do: where cores are
        # short, the one that asks may have done next to nothing.
        start = process_time()
        engine.run(**feed)
        milliseconds = 1e3 * (process_time() - start)
        # One run is enough that makes nothing, and a slow network does not become quick.
        if milliseconds < WORTH_MS or milliseconds > 20 * WORTH_MS:
            return milliseconds < WORTH_MS
    return False


def text(found):
    """Say in one line what was measured, the fastest first."""
    def median(row):
        return row['latency_ms']['median'] if row['latency_ms'] else float('inf')
    parts = [f'{Candidate(**row["candidate"]).text()} '
             + (f'{median(row):.3g} ms' if row['latency_ms'] else row['state'])
             for row in sorted(found['candidates'], key=median)]
    kept = f', not kept: {found["unkept"]}' if found.get('unkept') else ''
    return f'{", ".join(parts)} (measured {found["date"]}{kept})'


def usable(found):
    """Whether plain values have the form that `measure` gives."""
    try:
        return bool(text(found) and Candidate(**found['chosen']) and found['model']
                    and any(row['chosen'] for row in found['candidates']))
    except (KeyError, TypeError, AttributeError, ValueError):
        return False


def _remembered(memory, report=None):
    """Return what was measured for this key and has the form that `measure` gives, or None."""
    found = memory.read(report)
    return found if found is not None and usable(found) else None


def _measured(memory, reference, names, options):
    """Time all candidates, or take what another process has measured meanwhile."""
    report = options.get('report')
    with memory.alone(report):
        found = None if options.get('force') else _remembered(memory)
        if found is None:
            found = measure(reference, names, options)
            problem = memory.write(found)
            if problem:
                found = {**found, 'unkept': f'{memory.folder}: {problem}'}
            if report:
                report(f'{reference.spec.name} {reference.width}x{reference.height}: '
                       f'{text(found)}')
    return found


def measure(reference, names, options):
    """
    Load, compare and time candidates.

    :param reference: engine of ONNX Runtime in float32.
    :return: plain values: `chosen`, `candidates` (latencies, or why there are none), `date`.
    """
    spec, height, width = reference.spec, reference.height, reference.width
    loaded, rows = {REFERENCE: reference}, {}
    for name in names:
        rows[name] = {'candidate': asdict(name), 'state': 'ok', 'problem': '', 'chosen': False,
                      'latency_ms': None}
        try:
            if name != REFERENCE:
                loaded[name] = _load(name, spec, height, width, options)
        except engines.RefusedError as error:
            rows[name].update(state='refused', problem=str(error))
        except InputError as error:
            rows[name].update(state='not possible', problem=str(error))
    times = in_turn(loaded, parity.stored_input(spec, height, width))
    for name, engine in loaded.items():
        rows[name]['latency_ms'] = {'median': float(np.median(times[name])),
                                    'p99': float(np.percentile(times[name], 99))}
        if name != REFERENCE:
            engines.close(engine)
    best = fastest({name: float(np.median(times[name])) for name in loaded})
    rows[best]['chosen'] = True
    return {'model': spec.name, 'width': width, 'height': height, 'chosen': asdict(best),
            'candidates': list(rows.values()), 'date': date.today().isoformat()}


def fastest(medians):
    """Return the Candidate to take of `{Candidate: milliseconds}`."""
    best = min(medians, key=medians.get)
    return best if medians[best] <= MARGIN * medians[REFERENCE] else REFERENCE


def in_turn(loaded, feed):
    """
    Return {name: milliseconds of each run}, the engines one after the other in each round.

    There are ROUNDS rounds, and no new one begins after SECONDS.
    """
    times, end = {name: [] for name in loaded}, perf_counter() + SECONDS
    for index in range(ROUNDS + 1):
        for name, engine in loaded.items():
            start = perf_counter()
            engine.run(**feed)
            if index:  # The first run makes what all others use.
                times[name].append(1e3 * (perf_counter() - start))
        if index and perf_counter() > end:
            break
    return times


def _load(candidate, spec, height, width, options):
    options = {**options, 'precision': candidate.precision, 'providers': ''}
    if candidate.extra:
        options['providers' if candidate.engine == 'onnxruntime' else 'device'] = candidate.extra
    return engines.load_only(candidate.engine, spec, height, width, **options)


def _chosen(engine, why):
    engine.choice = why
    return engine


def key(spec, height, width, names, options):
    """Return everything that a choice among `names` depends on, as plain values."""
    found = {'version': VERSION, 'model': spec.sha256, 'height': height, 'width': width,
             'threads': options.get('threads') or len(os.sched_getaffinity(0)),
             'processor': processor(), 'gate': parity.VERSION,
             'candidates': [asdict(name) for name in names],
             'libraries': {name: _version(name) for name in ('onnxruntime', 'openvino')}}
    if options.get('calibration') is not None:
        found['calibration'] = options['calibration'].tag()
    return found


def _version(module):
    """Return a library's version without loading it, where its package says so."""
    if not util.find_spec(module):
        return None
    try:
        return metadata.version(module)
    except metadata.PackageNotFoundError:
        import importlib
        return str(getattr(importlib.import_module(module), '__version__', 'unknown'))
