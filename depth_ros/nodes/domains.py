# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The domains of a node's models: pinned or followed without flickering, and told about."""

from contextlib import suppress
import threading

from depth_ros.contracts import InputError
from depth_ros.domains import DomainWatch, place_of
from depth_ros.nodes.diagnostics import WARN


class NodeDomains:
    """A DomainWatch per task; without models that have domains it does nothing."""

    def __init__(self, node):
        """Report through a BaseNode."""
        self._node, self._watches, self._specs = node, {}, []
        # Parameters change in the executor's thread, images come in the worker's.
        self._lock = threading.Lock()

    def begin(self, specs, config):
        """Begin with the models of these specs; raises InputError for a bad pin."""
        specs = [spec for spec in specs if spec is not None]
        pins = _pins(specs, config.domain)
        with self._lock:
            self._specs = specs
            self._watches = {spec.task: DomainWatch(spec.domains, *_settings(config, pin))
                             for spec, pin in zip(specs, pins) if spec.domains}

    def check(self, config):
        """Raise an InputError for a pin that no loaded model has."""
        _pins(self._specs, config.domain)

    def update(self, config):
        """Take changed options; raises InputError as `check`, and then changes nothing."""
        pins = dict(zip((spec.task for spec in self._specs), _pins(self._specs, config.domain)))
        with self._lock:
            for task, watch in self._watches.items():
                watch.configure(*_settings(config, pins[task]))

    def close(self):
        """Forget the models."""
        with self._lock:
            self._watches, self._specs = {}, []

    def estimate(self, estimator, *image, **inputs):
        """Return the DepthFrame of `estimator.estimate`, in the domain that the stream is in."""
        watch = self._watches.get(estimator.spec.task)
        if watch is None:
            return estimator.estimate(*image, **inputs)
        with self._lock:
            request = watch.request()
        frame = estimator.estimate(*image, domain=request, **inputs)
        with self._lock:
            sighting = watch.seen(frame.domain, frame.domain_distances, frame.domain_unlikeness)
        self._tell(watch, sighting, frame)
        return frame

    def _tell(self, watch, sighting, frame):
        node, names = self._node, [domain.name for domain in watch.domains]
        if sighting.left is not None:
            node.get_logger().info(f'domain {names[sighting.left]} is left for '
                                   f'{names[watch.current]}')
        if sighting.unlike:
            node.tracker.count('images_unlike')
        if not sighting.astray:
            return  # One of a hundred of a domain's own images is unlike it.
        node.report('domain', 'the images are unlike every domain of the model'
                    f'{_far(watch, sighting.nearest, frame)}: is the lens free? Depth may be '
                    'wrong by any factor', WARN)

    def values(self):
        """Return what diagnostics say; a second model has its task before its names."""
        values = {}
        with self._lock:
            for task, watch in self._watches.items():
                values.update({f'{task}_{name}' if values else name: text
                               for name, text in _values(watch).items()})
        return values


def _far(watch, place, frame):
    """Say how far the images are from the nearest domain."""
    if place is None:
        return ''
    name, unlike = watch.domains[place].name, frame.domain_unlikeness
    if unlike is not None:
        return (f'; {name} is the nearest, and the image is {unlike[place]:.3g} times as far out '
                'as 1 % of its own')
    return (f'; {name} is the nearest, {frame.domain_distances[place]:.3g} away, and its own '
            f'images are within {watch.domains[place].distance_99:.3g}')


def _pins(specs, wanted):
    """Return the pin of each model; at least one must have that domain."""
    pins = []
    for spec in specs:
        with suppress(InputError):
            place_of(spec.domains, wanted)
            pins.append(wanted)
            continue
        pins.append('')
    if wanted and specs and not any(pins):
        # The error of the one whose names the user wants to read.
        spec = next((spec for spec in specs if spec.domains), specs[0])
        place_of(spec.domains, wanted, f'model {spec.name}')
    return pins


def _settings(config, pin):
    return pin, config.domain_hold, config.domain_margin, config.domain_unknown


def _values(watch):
    names, last = [domain.name for domain in watch.domains], watch.last
    if last is None:
        return {'domains': ', '.join(names)}
    return {'domains': ', '.join(names), 'domain': names[last.used],
            'domain_pinned': str(watch.pin is not None).lower(),
            'domain_nearest': 'none' if last.nearest is None else names[last.nearest],
            'domain_margin': f'{last.margin:.4f}',
            'domain_unlike': str(last.unlike).lower(), 'domain_changes': watch.changes}
