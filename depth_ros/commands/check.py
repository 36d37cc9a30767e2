# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros check`: is a recording fit for training, and what should be recorded otherwise."""
import json
from pathlib import Path
import shutil
import textwrap

from depth_ros.commands import write_into
from depth_ros.commands.bag_options import add_bag_options, bag_options
from depth_ros.contracts import InputError
import numpy as np

HELP = 'say whether a recording is fit for training, before time is spent on it'
PICTURES = 6


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('bag', type=Path, help='rosbag2 folder, or an .mcap, .db3 or .bag file')
    add_bag_options(parser)
    parser.add_argument('--frames', type=int, default=60, metavar='N',
                        help='look at N images, evenly spread (default 60)')
    parser.add_argument('--json', type=Path, metavar='OUT', help='write the report as JSON')
    parser.add_argument('--html', type=Path, metavar='OUT', help='write the report as one page')
    parser.add_argument('--picture', type=Path, metavar='OUT',
                        help='draw some images with the measured line on them')
    parser.add_argument('--recover', type=Path, metavar='NEW',
                        help='write what can be read of a damaged recording as a new one, and '
                             'check that')


def run(args):
    """Check, print one screen, write what is asked for; exit code 2 with errors."""
    # Recordings need the package rosbags: not before they are asked for.
    from depth_ros.bags.check import check_bag
    from depth_ros.bags.salvage import recover
    if args.frames < 1:
        raise InputError(f'--frames must be at least 1, not {args.frames}')
    if args.recover:
        count = recover(args.bag, args.recover)
        print(f'{count} messages of {args.bag} saved in {args.recover}\n')
        args.bag = args.recover
    drawn = PICTURES if args.picture or args.html else 0
    report = check_bag(args.bag, bag_options(args), args.frames, pictures=drawn)
    print(screen(report))
    for path, write in ((args.json, _write_json), (args.picture, _write_picture),
                        (args.html, _write_html)):
        if path:
            write(path, report)
    return 2 if report.errors else 0


def screen(report):
    """Return the report as text for a terminal."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 110)
    names = max([5, *(len(topic.name) for topic in report.topics)])
    lines = [f'{report.path}: {report.duration_s:.1f} s', '',
             f'{"topic":<{names}} {"used as":<12} {"count":>7} {"Hz":>6} {"gap, s":>7}  type']
    lines += [f'{topic.name:<{names}} {topic.role or "":<12} {topic.count:>7} '
              f'{_cell(topic.rate_hz, 6, 1)} {_cell(topic.largest_gap_s, 7, 2)}  {topic.kind}'
              for topic in report.topics]
    lines += ['', *(f'{name:<14}{text}' for name, text in figures(report)), '']
    for finding in report.findings:
        lines += textwrap.wrap(f'{finding.level}: {finding.text}', width,
                               subsequent_indent='  ', break_long_words=False)
    lines.append(verdict(report))
    return '\n'.join(lines)


def verdict(report):
    """Return the one sentence that matters."""
    if report.errors:
        return 'not fit for training'
    return 'fit for training, with warnings' if report.warnings else 'fit for training'


def figures(report):
    """Yield (name, text) of what was measured."""
    if report.pairing:
        p = report.pairing
        yield 'pairs', (f'{p["usable"]} of {p["images"]} images usable; image to scan '
                        f'{1000 * p["skew_median_s"]:.0f} ms (median), '
                        f'{1000 * p["skew_p99_s"]:.0f} ms (p99)')
    if report.extrinsics:
        e = report.extrinsics
        where = ' '.join(f'{round(value, 3) + 0.0:.3f}' for value in e['translation'])
        turned = ' '.join(f'{round(value, 1) + 0.0:+.1f}' for value in e['turned_deg'])
        yield 'extrinsics', (f'{e["source"]}: LiDAR at {where} m (right, down, ahead of the '
                             f'camera), roll pitch yaw {turned} degrees')
    if report.line and report.line['row_median'] is not None:
        line = report.line
        rows = [100 * line[key] / line['image_height'] for key in (
            'row_median', 'row_p05', 'row_p95')]
        yield 'line', (f'{line["beams_in_image"]:.0f} beams per image at {rows[0]:.0f} % of its '
                       f'height ({rows[1]:.0f} to {rows[2]:.0f} %); '
                       f'{100 * line["invalid_share"]:.0f} % of the beams invalid')
    if report.calibration:
        yield 'calibration', calibration_text(report.calibration)
    if report.motion and report.motion['displacement_px'] is not None:
        yield 'motion', (f'{report.motion["displacement_px"]:.1f} px from image to image (median),'
                         f' standing {report.motion["standing_share"]:.0%}')
    if report.exposure:
        e = report.exposure
        yield 'light', (f'brightness {e["brightness"]:.0f} of 255, dark {e["dark_share"]:.0%}, '
                        f'overexposed {e["bright_share"]:.0%}, without detail '
                        f'{e["blurred_share"]:.0%} of the images')


def calibration_text(calibration):
    """Return what is known of the extrinsics in one line."""
    edges, parts = calibration['edges'], []
    if calibration['truth_residual'] is not None:
        parts.append(f'line and depth images differ by {calibration["truth_residual"]:.1%}')
    if edges['score'] is None:
        parts.append(f'{edges["jumps"]} range jumps are too few to compare with edges')
    else:
        parts.append(f'agreement of {edges["jumps"]} range jumps with edges {edges["score"]:.2f} '
                     f'(0.5: chance), best {edges["best_score"]:.2f} when turned by '
                     f'{edges["best_yaw_deg"]:+.1f} degrees (+: to the right)')
    return '; '.join(parts)


def fill_page(page, report):
    """Add a report to a ``depth_ros.page.Page``; also for pages that say more."""
    page.paragraph(f'{report.path}: {report.duration_s:.1f} s, {verdict(report)}.')
    if report.findings:
        page.findings(report.findings)
    page.values(figures(report))
    page.table(('topic', 'used as', 'messages', 'Hz', 'largest gap, s', 'type'),
               [(topic.name, topic.role, topic.count, topic.rate_hz, topic.largest_gap_s,
                 topic.kind) for topic in report.topics])
    if report.pictures:
        page.heading('Images and the measured line')
        page.paragraph('Red is near, blue is far. The colour must change where objects end.')
        page.pictures(report.pictures)
    edges = report.calibration and report.calibration['edges']
    if edges and edges['score'] is not None:
        page.heading('Extrinsics')
        page.plot({'agreement': (edges['turns_deg'], edges['curve']),
                   'chance': ((edges['turns_deg'][0], edges['turns_deg'][-1]), (0.5, 0.5))},
                  'Agreement of range jumps with image edges when the line is turned about the '
                  'vertical axis of the camera: right extrinsics have their peak at 0',
                  'degrees', 'agreement')
    page.details('Everything as JSON', json.dumps(report.as_json(), indent=1))


def _write_json(path, report):
    text = json.dumps(report.as_json(), indent=1, allow_nan=False) + '\n'
    write_into(path, lambda: path.write_text(text))


def _write_html(path, report):
    from depth_ros.page import Page
    page = Page(f'Recording {Path(report.path).name}')
    fill_page(page, report)
    write_into(path, lambda: page.write(path))


def _write_picture(path, report):
    from depth_ros.pictures import label, save
    if not report.pictures:
        print(f'no picture {path}: no image was looked at')
        return
    tiles = [label(picture.copy(), caption) for caption, picture in report.pictures]
    if len(tiles) % 2:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.hstack(tiles[k:k + 2]) for k in range(0, len(tiles), 2)]
    write_into(path, lambda: save(path, np.vstack(rows)))


def _cell(value, width, digits):
    return f'{"-":>{width}}' if value is None else f'{value:>{width}.{digits}f}'
