# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Where images ended, and how long they took: out of counters and arrivals."""
ENDS = ('images_unwanted', 'images_rejected', 'images_failed')


def counts(values):
    """Return how many images of a node came in, and where they ended: `{in, out, dropped}`."""
    dropped = {name.removeprefix('dropped: '): int(text) for name, text in values.items()
               if name.startswith('dropped: ')}
    dropped.update({name.removeprefix('images_'): int(values[name]) for name in ENDS
                    if name in values})
    return {'in': int(values.get('images_in', 0)), 'out': int(values.get('images_out', 0)),
            'dropped': dropped}


def unaccounted(found):
    """Images that came in and ended nowhere."""
    return found['in'] - found['out'] - sum(found['dropped'].values())


def between(before, after):
    """Return the counts between two counts; reasons that did not occur are left out."""
    dropped = {reason: count - before['dropped'].get(reason, 0)
               for reason, count in after['dropped'].items()}
    return {**{name: after[name] - before[name] for name in ('in', 'out')},
            'dropped': {reason: count for reason, count in dropped.items() if count}}


def latencies_of(published, arrivals):
    """Return `{stamp: milliseconds}` from the publication of an image to its output."""
    return {stamp: (at - published[stamp]) / 1e6 for stamp, at in arrivals if stamp in published}


def whole(heard):
    """Return `{stamp: milliseconds}` until the last listener had all topics of an image."""
    found = [latencies for each in heard for latencies in each.values()]
    complete = set.intersection(*map(set, found))
    return {stamp: max(latencies[stamp] for latencies in found) for stamp in sorted(complete)}


def accounts(published, found, latencies, heard):
    """Say where the images ended: each is in exactly one of the numbers after `in`."""
    fewest = min(len(values) for each in heard for values in each.values())
    return {'sent': len(published), 'lost_before': len(published) - found['in'], **found,
            'unaccounted': unaccounted(found), 'arrived': len(latencies),
            'lost_after': found['out'] - fewest}


def size_of(text):
    """Return height and width of WIDTHxHEIGHT."""
    width, _, height = text.partition('x')
    return {'height': int(height), 'width': int(width)}
