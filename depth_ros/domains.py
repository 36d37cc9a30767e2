# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
A model with several domains, such as rooms and streets: which one answers, and when it changes.

Such a model has one head per domain. Its graph gives `domain_distances`, how far the features of
the image are from each domain's mean features, and answers with the nearest or, where
`domain_request` is 0 or more, with that one. It may also give `domain_unlikeness`, how unlike each
domain's own images it is: 1 as the last 1 % of them. A `DomainWatch` makes the requests of a
stream.
"""

from dataclasses import dataclass
import json
import math

from depth_ros.contracts import InputError
import numpy as np

MOST = 64
LONGEST_NAME = 100
NEAREST = -1
"""The request that leaves the choice to the graph."""


@dataclass(frozen=True)
class Domain:
    """What the metadata of a model say of one of its domains."""

    name: str
    distance_99: float
    """99 % of this domain's own images, held back from training, are nearer than this."""
    depth_max: float = 0.0
    """Metres; 0: that of the file."""


def read_domains(text):
    """
    Return the Domains of the metadata `depth_ros.domains`, a JSON list; () for none.

    :raises ValueError: it says something else.
    """
    entries = json.loads(text or '[]')
    if not isinstance(entries, list) or len(entries) > MOST:
        raise ValueError(f'no list of at most {MOST} domains')
    found = tuple(_domain(entry) for entry in entries)
    names = [domain.name for domain in found]
    if len(set(names)) < len(names):
        raise ValueError('two domains have one name')
    return found


def _domain(entry):
    if not isinstance(entry, dict):
        raise ValueError('a domain is no object')
    name, numbers = entry.get('name'), [entry.get('distance_99'), entry.get('depth_max', 0.0)]
    if (not isinstance(name, str) or not name.isprintable() or name != name.strip()
            or not 0 < len(name) <= LONGEST_NAME):
        raise ValueError('a domain has no usable name')
    if any(isinstance(number, bool) or not isinstance(number, (int, float)) for number in numbers):
        raise ValueError(f'a number of the domain {name} is none')
    nearness, depth_max = map(float, numbers)
    if not (0 < nearness < math.inf and 0 <= depth_max < math.inf):
        raise ValueError(f'a number of the domain {name} is out of range')
    return Domain(name, nearness, depth_max)


def place_of(domains, wanted, what='model'):
    """
    Return the number of a domain by its name or number; NEAREST for None or an empty text.

    :raises InputError: there is no such domain; the message lists the names.
    """
    if wanted is None or wanted == '':
        return NEAREST
    if not domains:
        raise InputError(f'the {what} has no domains, so {wanted!r} cannot be chosen: leave the '
                         'domain empty')
    names = [domain.name for domain in domains]
    text = str(wanted)
    if text in names:
        return names.index(text)
    if text.isascii() and text.isdigit() and int(text[:9]) < len(names):
        return int(text[:9])
    raise InputError(f'the {what} has no domain {text[:LONGEST_NAME]!r}: choose one of '
                     f'{", ".join(names)}, or a number below {len(names)}')


def answered(domains, outputs):
    """
    Return (number of the domain that answered, distances, unlikeness) of a model's outputs.

    The last two are `(D,) float32`. What the model does not give is None.

    :raises ValueError: the numbers are none of this model's.
    """
    domain, distances = outputs.get('domain'), outputs.get('domain_distances')
    if domains and (domain is None or distances is None):
        raise ValueError('it does not say which of its domains answered')
    if domain is not None:
        if np.size(domain) != 1:
            raise ValueError(f'it names {np.size(domain)} domains for one image')
        domain = int(np.reshape(domain, -1)[0])
        if domains and not 0 <= domain < len(domains):
            raise ValueError(f'it answers with domain {domain}, and has {len(domains)}')
    return (domain, _of_each(domains, distances, 'distances'),
            _of_each(domains, outputs.get('domain_unlikeness'), 'numbers of unlikeness'))


def _of_each(domains, values, what):
    if values is None:
        return None
    values = np.reshape(values, -1)
    if len(values) != len(domains):
        raise ValueError(f'it gives {len(values)} {what} for {len(domains)} domains')
    return values


@dataclass(frozen=True)
class Sighting:
    """What a DomainWatch saw in one image."""

    used: int
    nearest: int
    """None where no distance is a number."""
    margin: float
    """1 - nearest / second distance: 0 on the border of two domains; NaN without a second."""
    unlike: bool
    """The image is like none of the domains."""
    astray: bool
    """So were the last `hold` images."""
    left: int = None
    """The domain that is left with the next image; None where it stays."""


class DomainWatch:
    """
    Chooses the domain of each image of a stream, without flickering where two are as near.

    The first image takes the nearest. After that another domain takes over when it is nearer by
    `margin` in `hold` images in a row.

    :param domains: of the model's spec.
    :param pin: name or number of the domain to stay with; '' chooses.
    :param hold: images in a row.
    :param margin: 0..1, by how much nearer another domain must be.
    :param unknown: an image is unlike a domain beyond this unlikeness, or, of a model that does
        not give it, beyond this times its `distance_99`; 0: never.
    """

    def __init__(self, domains, pin='', hold=5, margin=0.05, unknown=1.0):
        """Take the settings; raises InputError for a `pin` that is none of the domains."""
        self.domains = tuple(domains)
        self.current, self.changes, self.last = None, 0, None
        self._candidate, self._count, self._unlike = None, 0, 0
        self.configure(pin, hold, margin, unknown)

    def configure(self, pin, hold, margin, unknown):
        """Take other settings; raises InputError for a bad pin, and then changes nothing."""
        place = place_of(self.domains, pin)
        self.pin = None if place == NEAREST else place
        self.hold, self.margin, self.unknown = hold, margin, unknown

    def request(self):
        """Return the `domain_request` of the next image."""
        place = self.current if self.pin is None else self.pin
        return NEAREST if place is None else place

    def seen(self, used, distances, unlikeness=None):
        """
        Take what the model answered for an image and return a Sighting.

        :param used: number of the domain that answered.
        :param distances: `(D,)`; what is no number or below 0 counts as far away.
        :param unlikeness: `(D,)`, None of a model that does not give it; in the same way.
        """
        far = _numbers(distances)
        order = np.argsort(far, kind='stable')
        nearest = int(order[0]) if np.isfinite(far[order[0]]) else None
        margin = float('nan')
        if len(far) > 1 and nearest is not None:
            second = far[order[1]]
            margin = float(1 - far[nearest] / second) if second > 0 else 0.0
        share = far / np.array([domain.distance_99 for domain in self.domains]) \
            if unlikeness is None else _numbers(unlikeness)
        unlike = bool(self.unknown > 0 and (share > self.unknown).all())
        self._unlike = self._unlike + 1 if unlike else 0
        self.last = Sighting(used, nearest, margin, unlike, self._unlike >= self.hold,
                             self._follow(used, nearest, far))
        return self.last

    def _follow(self, used, nearest, far):
        """Decide on the next image's domain; return the one that is left, None if it stays."""
        before = self.current
        if self.pin is not None or before is None:
            # What answered stays when the pin is taken out.
            self.current = used if self.pin is None else self.pin
            self._candidate = None
            return None
        if nearest in (None, before) or far[nearest] > (1 - self.margin) * far[before]:
            self._candidate = None
            return None
        if nearest != self._candidate:
            self._candidate, self._count = nearest, 0
        self._count += 1
        if self._count < self.hold:
            return None
        self.current, self._candidate = nearest, None
        self.changes += 1
        return before


def _numbers(values):
    """Return an array in which what is no number or below 0 is infinite."""
    found = np.array(values, np.float64).reshape(-1)
    found[~(found >= 0)] = np.inf
    return found
