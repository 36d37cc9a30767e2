# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`depth_ros calibrate`: refine where the LiDAR is and when its beams were, from a recording."""
import json
from pathlib import Path
import shutil
import textwrap

from depth_ros.commands import write_into
from depth_ros.commands.bag_options import add_bag_options, bag_options
from depth_ros.contracts import InputError
from depth_ros.engines import ENGINES
import numpy as np

HELP = 'refine the extrinsics and the time offset of the LiDAR from a recording'
PICTURES = 4
DIGITS = {'m': 3, 'deg': 2, 's': 4}


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument('--bag', type=Path, required=True,
                        help='rosbag2 folder, or an .mcap, .db3 or .bag file')
    add_bag_options(parser)
    parser.add_argument('--offset', type=float, default=0.0, metavar='SECONDS',
                        help='scan_stamp_offset that the nodes run with now (default 0)')
    parser.add_argument('--depth', default='student', metavar='MODEL',
                        help='monocular model or .onnx file to compare the line with (default '
                             'student), `recorded` for the depth images of the recording, or '
                             '`none`')
    parser.add_argument('--engine', default='auto', choices=['auto', *ENGINES],
                        help='inference engine')
    parser.add_argument('--pairs', type=int, metavar='N',
                        help='pairs of images to look at, evenly spread (default 40)')
    parser.add_argument('--out', type=Path, metavar='OUT.yaml',
                        help='write the result as parameters of the nodes')
    parser.add_argument('--json', type=Path, metavar='OUT', help='write everything as JSON')
    parser.add_argument('--html', type=Path, metavar='OUT', help='write the report as one page')
    parser.add_argument('--picture', type=Path, metavar='OUT',
                        help='draw the line on some images, before and after')


def run(args):
    """Calibrate, print one screen, write what is asked for."""
    from depth_ros.calibration.run import calibrate, PAIRS
    pairs = PAIRS if args.pairs is None else args.pairs
    if pairs < 1:
        raise InputError(f'--pairs must be at least 1, not {pairs}')
    if not abs(args.offset) <= 1:
        raise InputError(f'--offset is {args.offset} seconds: scan_stamp_offset is from -1 to 1')
    drawn = PICTURES if args.picture or args.html else 0
    result = calibrate(args.bag, bag_options(args), pairs, args.depth, args.engine, args.offset,
                       drawn)
    print(screen(result))
    for path, write in ((args.out, _write_yaml), (args.json, _write_json),
                        (args.picture, _write_picture), (args.html, _write_html)):
        if path:
            write_into(path, lambda path=path, write=write: write(path, result))
    return 0


def screen(result):
    """Return the result as text for a terminal."""
    depth = {'recorded': 'recorded depth', 'none': 'without depth'}.get(
        result.depth, f'depth of {result.depth}, up to one factor per image')
    lines = [f'{result.path}: {result.pairs} pairs of images, {result.beams} beams, {depth}', '',
             f'{"number":<8}{"change":>10} {"+-":>9}  unit']
    for name, number in result.numbers.items():
        digits = DIGITS[number['unit']]
        if number['known']:
            lines.append(f'{name:<8}{number["change"]:>+10.{digits}f} '
                         f'{number["deviation"]:>9.{digits}f}  {number["unit"]}')
        else:
            spread = number['free_deviation']
            spread = '-' if spread is None else f'{spread:.{digits}f}'
            lines.append(f'{name:<8}{"as it was":>10} {spread:>9}  {number["unit"]} '
                         f'(not determined to {number["limit"]:g})')
    lines += ['', f'{"residual":<8}{"before":>10} {"after":>9}  (medians)']
    lines += [f'{term:<8}{found["before"]:>10.3f} {found["after"]:>9.3f}  {found["unit"]}'
              for term, found in result.residuals.items()]
    wide = shutil.get_terminal_size((100, 24)).columns
    for finding in result.findings:
        lines += textwrap.wrap(finding, min(wide, 110), initial_indent='note: ')
    found = [line.strip() for line in yaml_text(result).splitlines() if '#' not in line]
    return '\n'.join([*lines, '', *found[2:]])


def yaml_text(result):
    """Return the parameters of the nodes, with what they are worth as a comment."""
    held = [name for name, number in result.numbers.items() if not number['known']]
    found = result.found
    return '\n'.join([
        f'# depth_ros calibrate; not determined, left as they were: {", ".join(held) or "none"}.',
        '/**:', '  ros__parameters:',
        '    # Position x y z (metres) of the LiDAR in the camera optical frame.',
        f'    lidar_translation: [{", ".join(f"{v:.5f}" for v in found["lidar_translation"])}]',
        '    # Orientation x y z w.',
        f'    lidar_rotation: [{", ".join(f"{v:.7f}" for v in found["lidar_rotation"])}]',
        f'    scan_stamp_offset: {found["scan_stamp_offset"]:.4f}', ''])


def _write_yaml(path, result):
    path.write_text(yaml_text(result))


def _write_json(path, result):
    path.write_text(json.dumps(result.as_json(), indent=1, allow_nan=False) + '\n')


def _write_picture(path, result):
    from depth_ros.pictures import save
    save(path, np.vstack([np.hstack(pair) for _, *pair in result.pictures]))


def _write_html(path, result):
    from depth_ros.page import Page
    page = Page(f'Calibration from {Path(result.path).name}')
    page.table(('number', 'unit', 'change', 'standard deviation', 'limit'), [
        (name, n['unit'], n['change'] if n['known'] else 'as it was',
         n['deviation'] if n['known'] else n['free_deviation'], n['limit'])
        for name, n in result.numbers.items()])
    page.table(('residual (median)', 'unit', 'count', 'before', 'after'), [
        (term, r['unit'], r['count'], r['before'], r['after'])
        for term, r in result.residuals.items()])
    for finding in result.findings:
        page.paragraph(finding)
    page.heading('The line on the image, before and after')
    page.pictures([(f'{when}, {name}', picture) for when, *pair in result.pictures
                   for name, picture in zip(('before', 'after'), pair)], columns=2)
    page.heading('Parameters of the nodes')
    page.code(yaml_text(result))
    page.details('Everything as JSON', json.dumps(result.as_json(), indent=1))
    page.write(path)
