# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is run over DDS: nodes with one and two outputs, under load, and for minutes."""
import os
import time

from depth_ros.benchmark import memory
from depth_ros.benchmark.ros.rig import ALL_TOPICS, CLOUD, CONFIDENCE, DEPTH, Rig, run, Scenario
from depth_ros.benchmark.spreads import slope_per_minute
from depth_ros.benchmark.turns import REFERENCE

# Images per second, unless the model needs more than SLACK of the time between two of them.
RATES = {'completion': 15.0, 'monocular': 25.0}
SLACK = 0.6
SUBSCRIBED = (DEPTH,), (DEPTH, CLOUD)
LOAD_RATE, FLOOD_RATE = 15.0, 60.0
FLOOD_SIZE = 480, 640
SAMPLE_SECONDS = 2.0
# What a node takes up at first is no leak.
SETTLING_SECONDS = 30.0


def node_parameters(row, threads=0):
    """Return the parameters that make a node run what a row of the bare table ran."""
    parameters = {'model': row['file'], 'engine': row['runner'].split()[0], **row['options'],
                  'threads': threads,
                  'input_height': row['input']['height'], 'input_width': row['input']['width']}
    if (row['runner'], row['precision']) != REFERENCE:
        parameters['precision'] = row['precision']
    return parameters


def time_nodes(rows, images, threads=0, domain=None, bar=True, subscribed=SUBSCRIBED):
    """
    Time nodes with depth alone, and with depth and cloud subscribed, one after the other.

    :param rows: rows of `turns.time_all`, one per node to run; subscribed: sets of topics.
    :return: figures as of `rig.run` with the `bare` row's median beside them.
    """
    results = []
    for row in rows:
        rate = min(RATES[row['task']], SLACK * 1000 / row['total_ms']['median'])
        for topics in subscribed:
            rig = Rig(row['task'], node_parameters(row, threads), topics, engine=row['engine'])
            scenario = Scenario(f'{row["task"]} node', (rig,), rate, images, lossless=True)
            figures, = run(scenario, domain, bar)
            results.append({**figures, 'precision': row['precision'],
                            'bare_ms': row['bare_ms'], 'relative': relative(figures, row)})
    return results


def relative(figures, row):
    """Tell what the node takes, and what it adds, in parts of the engine alone."""
    if figures['latency_ms'] is None:
        return None
    alone = row['bare_ms']['median']
    return {'latency': figures['latency_ms']['median'] / alone,
            'overhead': figures['overhead_ms']['median'] / alone}


def load_scenarios(seconds, parameters, threads=0):
    """
    Return the scenarios of load by name.

    :param parameters: of the completion node: model, engine, precision.
    :param threads: of each node; 0: the cores divided by the nodes, one where inference is to be
        slow.
    """
    both, cores = (DEPTH, CLOUD), len(os.sched_getaffinity(0))
    half = {**parameters, 'threads': threads or max(cores // 2, 1)}
    slow = {**parameters, 'threads': threads or 1, 'input_height': FLOOD_SIZE[0],
            'input_width': FLOOD_SIZE[1]}
    usual = {**parameters, 'threads': threads}
    # The model that the monocular node takes by itself, at its own size.
    other = {name: value for name, value in usual.items()
             if name not in ('model', 'input_height', 'input_width')}
    return {
        'completion': Scenario('completion at 60 Hz', (Rig('completion', usual, both),),
                               FLOOD_RATE, round(FLOOD_RATE * seconds)),
        'monocular': Scenario('monocular at 60 Hz', (Rig('monocular', other, both),),
                              FLOOD_RATE, round(FLOOD_RATE * seconds)),
        'cameras': Scenario('two cameras', (Rig('completion', half, both),) * 2, LOAD_RATE,
                            round(LOAD_RATE * seconds)),
        'flood': Scenario('60 Hz, slow inference', (Rig('completion', slow, both),), FLOOD_RATE,
                          round(FLOOD_RATE * seconds)),
        'subscribers': Scenario('four subscribers', (Rig('completion', usual, both, 4),),
                                LOAD_RATE, round(LOAD_RATE * seconds))}


def soak(minutes, parameters, outputs, threads=0, domain=None, bar=True):
    """
    Run one completion node with all outputs subscribed, and watch its memory.

    :param outputs: of the model; without a confidence none is published.
    :return: figures as of `rig.run`, and `memory`: anonymous MiB at the begin and at the end, the
        slope in MiB per minute after the first 30 s (or the first tenth), the samples.
    """
    samples, begin = [], time.monotonic()
    topics = tuple(topic for topic in ALL_TOPICS
                   if topic != CONFIDENCE or 'confidence' in outputs)

    def sample(pids):
        now = time.monotonic() - begin
        if not samples or now - samples[-1][0] >= min(SAMPLE_SECONDS, minutes * 6):
            samples.append((now, memory.anonymous_mib(pids[0])))

    rig = Rig('completion', {**parameters, 'threads': threads}, topics)
    scenario = Scenario('soak', (rig,), LOAD_RATE, round(60 * minutes * LOAD_RATE))
    figures, = run(scenario, domain, bar, sample)
    start = samples[0][0]
    rest = [pair for pair in samples
            if pair[0] - start >= min(SETTLING_SECONDS, 6 * minutes)] or samples
    seconds, anonymous = zip(*rest)
    return {**figures, 'minutes': minutes, 'memory': {
        'first_mib': anonymous[0], 'last_mib': anonymous[-1],
        'min_mib': min(anonymous), 'max_mib': max(anonymous),
        'slope_mib_per_minute': slope_per_minute(seconds, anonymous),
        'samples': [[round(at - start, 1), round(mib, 1)] for at, mib in samples]}}
