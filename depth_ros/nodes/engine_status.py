# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a node says about its engines, and the run that only builds them."""

import signal

from depth_ros.engines import building
from depth_ros.engines.lean import lean
from depth_ros.engines.parity import Parity
from depth_ros.engines.upgrade import probe
from depth_ros.model import find
from depth_ros.nodes.diagnostics import WARN


class EngineStatus:
    """Problems and values of the engines of a node, for its diagnostics."""

    def __init__(self, logger):
        """Warn in this log, each note once."""
        self._logger, self._told = logger, set()

    def problems(self, estimators):
        """Return what is not as it was asked for, as (level, message)."""
        found = []
        for estimator in estimators:
            building_now = getattr(estimator.engine, 'building', '')
            note = getattr(estimator.engine, 'note', '')
            if note and note not in self._told:
                self._told.add(note)
                self._logger.warning(note)
            found += [(WARN, text) for text in (building_now, note) if text]
        return found

    def values(self, estimators):
        """Return `{name: text}`; a second model has its task before its names."""
        values = {}
        for estimator in estimators:
            spec, engine = estimator.spec, estimator.engine
            if engine is None:
                continue
            own = {'model': spec.name, 'model_sha256': spec.sha256[:16],
                   'engine': engine.describe(), 'input': f'{engine.width}x{engine.height}'}
            if getattr(engine, 'choice', ''):
                own['engine_choice'] = engine.choice
            check = getattr(engine, 'record', {}).get('check', {})
            if 'parity' in check:
                own['engine_parity'] = Parity.from_record(check['parity']).text()
            if 'latency_ms' in check:
                own['engine_latency_ms'] = f'{check["latency_ms"]["median"]:.4g}'
            values.update({f'{spec.task}_{name}' if values else name: text
                           for name, text in own.items()})
        return values


def build_only(models, config, options, logger):
    """
    Build the engines of a node and print a table; return the exit status.

    :param models: (name, task) of each model that the node would load.
    :raises InputError: the library or the GPU is missing.
    """
    # Nothing here is worth a clean end, and a build would answer Ctrl-C after minutes only.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    probe('tensorrt', options)
    size = (config.input_height, config.input_width) if config.input_height else None
    if size is None:
        logger.info(f'engines are for a camera of {building.WIDTH}x{building.HEIGHT}: for another '
                    'one give input_height and input_width, or use `depth_ros build-engine '
                    '--camera`')
    rows = []
    for name, task in models:
        whole = find(name, task)
        slim = lean(whole, cache=options['cache'])
        rows += [building.build(spec, *building.size_for(spec, size),
                                **{**options, 'report': logger.info})
                 for spec in ([whole] if slim == whole else [slim, whole])]
    print(building.table(rows), flush=True)
    return int(any(row['problem'] for row in rows))
