# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a recording, and what to do about it: figures in, sentences out."""
from dataclasses import asdict, dataclass

LEVELS = ('error', 'warning', 'note')
# Fewer usable images than this are hardly worth a training.
MANY_PAIRS = 300
# Where a line shows something, as shares of the image height (docs/robustness.md).
USEFUL_ROWS = (0.3, 0.85)


@dataclass(frozen=True)
class Finding:
    """
    One thing to know about a recording.

    level: 'error' (training on it is pointless), 'warning' (it will be worse than it could be)
    or 'note'. code: a short name that stays. text: what is wrong and what to do.
    """

    level: str
    code: str
    text: str

    def as_json(self):
        """Return the finding as a dictionary."""
        return asdict(self)


def sort_findings(findings):
    """Return the findings as a tuple, the gravest first."""
    return tuple(sorted(findings, key=lambda finding: LEVELS.index(finding.level)))


def of_topics(topics):
    """Yield the findings of the topics that are used, ``TopicReport`` each."""
    for topic in topics:
        if topic.role is None or topic.rate_hz is None:
            continue
        if topic.role == 'image' and topic.rate_hz < 2:
            yield Finding('warning', 'low_rate',
                          f'{topic.name} comes at {topic.rate_hz:.1f} Hz: frames are far apart '
                          'for whatever learns from motion; record at 5 Hz or more')
        if topic.backwards:
            yield Finding('warning', 'stamps_backwards',
                          f'the stamps of {topic.name} go backwards {topic.backwards} times: '
                          'record one run per bag, and without clock corrections in between')
        if topic.gaps > 0.01 * topic.count and topic.gaps > 1:
            yield Finding('warning', 'gaps',
                          f'{topic.name} has {topic.gaps} gaps longer than three periods, the '
                          f'longest {topic.largest_gap_s:.1f} s: messages got lost; record on the '
                          'robot itself, compressed images, to a fast disk')


def of_pairing(pairing, names, least_pairs):
    """Yield the findings of the clocks; names: of the topics of image and line."""
    image, line = names
    usable, images = pairing['usable'], pairing['images']
    if usable < least_pairs:
        apart = pairing['skew_median_s']
        if apart is not None and apart > pairing['largest_skew_s']:
            yield Finding('error', 'clocks_apart', (
                f'the stamps of {image} and {line} are {_seconds(apart)} apart (median), at most '
                f'{_seconds(pairing["largest_skew_s"])} can be used: {_clock_cure(pairing)}'))
        else:
            yield Finding('error', 'few_pairs', (
                f'only {usable} of {images} images have a {line} near in time, at least '
                f'{least_pairs} are needed: record longer, both sensors running all the time'))
        return
    if usable < 0.9 * images:
        yield Finding('warning', 'unpaired', (
            f'{images - usable} of {images} images have no partner within '
            f'{_seconds(pairing["largest_skew_s"])} and are left out: look at the rates and gaps '
            f'of {line}'))
    if usable < MANY_PAIRS:
        yield Finding('warning', 'short', (
            f'{usable} usable images are few: five minutes of driving through all places that '
            'matter make a model, a shorter recording tries the mechanism'))
    if pairing['skew_median_s'] > 0.03:
        yield Finding('warning', 'skew', (
            f'image and scan are {_seconds(pairing["skew_median_s"])} apart (median): in motion '
            'the line lies beside what it measured; trigger the sensors together or stamp both at '
            'the time of exposure'))


def _clock_cure(pairing):
    offset = pairing['clock_offset_s']
    if offset is not None and abs(offset) > 0.1:
        return (f'messages recorded together differ by {_seconds(offset)} in their stamps, so the '
                'clocks differ; synchronise them (chrony, PTP), or let both drivers use the '
                "computer's clock, and record again")
    return 'the sensors did not run at the same time; record both together'


def of_line(line):
    """Yield the findings of the beams and where they fall."""
    if line['frames'] and line['invalid_share'] > 0.7:
        yield Finding('warning', 'invalid_beams', (
            f'{line["invalid_share"]:.0%} of the beams have no valid range: check range_min and '
            'range_max, dirt on the window, and whether the robot itself blocks the view'))
    if not line['frames'] or line['overlap_share'] < 0.1:
        yield Finding('error', 'no_overlap', (
            f'the scan does not fall into the image: of its points {_where(line["misses"])}. '
            'Either the extrinsics are wrong (they are the LiDAR in the camera OPTICAL frame: x '
            'right, y down, z forward), or the scanner looks elsewhere'))
        return
    if line['beams_in_image'] < 30:
        yield Finding('warning', 'few_beams', (
            f'only {line["beams_in_image"]:.0f} beams per image (median) fall into it: a wider '
            'lens, a finer angular resolution, or fewer covered beams would help'))
    row = line['row_median'] / line['image_height']
    if not USEFUL_ROWS[0] <= row <= USEFUL_ROWS[1]:
        yield Finding('warning', 'row', (
            f'the line lies at {row:.0%} of the image height (median): it sees '
            f'{"only the ground before the robot" if row > 0.5 else "little of what matters"}; '
            'mount the scanner so that it lies between 40 % and 80 %'))


def _where(misses):
    words = {'behind': 'lie behind the camera', 'left': 'pass left of the image',
             'right': 'pass right of it', 'above': 'pass above it', 'below': 'pass below it'}
    listed = [f'{share:.0%} {words[name]}' for name, share in misses.items() if share >= 0.005]
    return ', '.join(listed) or 'none is valid'


def of_motion(motion):
    """Yield the findings of the motion between images."""
    share = motion['standing_share']
    if share is None:
        yield Finding('note', 'motion_unknown',
                      'the images have too little texture to tell whether the robot moves')
    elif share > 0.95:
        yield Finding('warning', 'standing', (
            'the robot stands still in this recording: all images show the same place, there is '
            'nothing to generalise from, and nothing can be learnt from motion; record while '
            'driving'))
    elif share > 0.5:
        yield Finding('warning', 'mostly_standing', (
            f'the robot stands still {share:.0%} of the time: those images are alike and teach '
            'little; record more driving'))


def of_exposure(exposure):
    """Yield the findings of brightness and of lens distortion."""
    for name, word, cure in (('dark_share', 'dark', 'more light or a longer exposure'),
                             ('bright_share', 'overexposed', 'a shorter exposure')):
        if exposure[name] > 0.2:
            yield Finding('warning', word, (
                f'{exposure[name]:.0%} of the images are {word}: {cure} would help'))
    if exposure['blurred_share'] > 0.5:
        yield Finding('note', 'flat_images', (
            f'{exposure["blurred_share"]:.0%} of the images have hardly any fine detail: '
            'check focus, motion blur and the compression'))


def of_calibration(calibration):
    """Yield the findings of the agreement between line and image."""
    residual, edges = calibration['truth_residual'], calibration['edges']
    if residual is not None and residual > calibration['largest_residual']:
        yield Finding('warning', 'calibration', (
            f'the line differs by {residual:.0%} (median) from the depth images of this '
            'recording: the extrinsics, the intrinsics or the units are wrong'))
    elif edges['suspicious']:
        yield Finding('warning', 'calibration', (
            f'the extrinsics are suspicious: turned by {edges["best_yaw_deg"]:+.1f} degrees about '
            f'the vertical axis of the camera (+: to the right), jumps of the range fit the edges '
            f'in the image clearly better (agreement {edges["best_score"]:.2f} instead of '
            f'{edges["score"]:.2f}); look at the picture, calibrate again, or give --extrinsics'))
    elif edges['score'] is None and residual is None:
        yield Finding('note', 'calibration_unknown', (
            'too few jumps of the range fall into the images to judge the extrinsics: look at the '
            'picture (--picture), the line must change where objects end'))


def _seconds(value):
    value = abs(value)
    return f'{1000 * value:.0f} ms' if value < 1 else f'{value:.1f} s'
