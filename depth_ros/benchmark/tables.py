# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The figures of a benchmark as Markdown, aligned so that it can be read in a terminal too."""


def markdown(heads, rows):
    """Return a Markdown table; cells are texts."""
    cells = [heads, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = ['| ' + ' | '.join(cell.ljust(width) for cell, width in zip(row, widths)) + ' |'
             for row in cells]
    return '\n'.join([lines[0], '|' + '|'.join('-' * (width + 2) for width in widths) + '|',
                      *lines[1:]])


def report(result):
    """Return all tables of a result, each with its heading."""
    parts = [('Machine', machine(result))]
    if result.get('models'):
        parts += [('Engines alone', bare(result['models'])),
                  ('In the estimator, from a 640 x 480 image', stages(result['models']))]
        if any(row['vs'] for row in result['models']):
            parts.append(('Peers in the same runtime', peers(result['models'])))
    if result.get('left_out'):
        parts.append(('Left out', left_out(result['left_out'])))
    if result.get('nodes'):
        parts.append(('Nodes over DDS', nodes(result['nodes'])))
    if result.get('load'):
        parts.append(('Load', load(result['load'])))
    if result.get('soak'):
        parts.append(('Minutes', soak(result['soak'])))
    if result.get('loop'):
        parts.append(('Looping recording', loop(result['loop'])))
    return '\n\n'.join(f'### {title}\n\n{text}' for title, text in parts) + '\n'


def left_out(rows):
    """List what could not run, once for each reason."""
    reasons = {}
    for row in rows:
        what = ' '.join(filter(None, (row['model'], row['precision'])))
        reasons.setdefault((row['engine'], row['reason']), []).append(what)
    return '\n'.join(f'- {engine}{": " * bool(any(what))}{", ".join(filter(None, what))}: '
                     f'{reason}' for (engine, reason), what in reasons.items())


def machine(result):
    """Lines about the machine, its power mode and its energy counter."""
    power, cores = result['power'], result['environment']['cores']
    mode = power['mode']
    known = [f'{name} {mode[name]}' for name in ('governor', 'max_mhz', 'boost', 'nvpmodel')
             if mode[name] is not None]
    energy = power['source'] or f'not readable ({power["reason"]})'
    if power.get('idle_watts') is not None:
        energy += f', {power["idle_watts"]:.1f} W idle'
    return (f'{cores} cores, {mode["cpu"] or "unknown CPU"}; load before: {mode["load"]}.\n'
            f'Power mode: {", ".join(known) or "not readable"}. Energy: {energy}.')


def bare(rows):
    """Engines alone; ratios are to ONNX Runtime fp32 of the same model and size."""
    heads = ['model', 'input', 'engine', 'precision', 'load s', 'ms (p99)', 'p99 / median',
             'time / ONNX Runtime fp32', 'differs by, median (p99)', 'peak MiB', 'J / image']
    return markdown(heads, [[
        row['model'], size(row), row['runner'], row['precision'], f'{row["load_s"]:.2f}',
        milliseconds(row['bare_ms']), f'{row["bare_ms"]["ratio"]:.2f}',
        number(row['vs_reference'], '.2f'), _difference(row['difference']),
        f'{row["peak_memory_mib"]:.0f}', number(row['joules_per_image'], '.2f')] for row in rows])


def stages(rows):
    """Stages of the estimator, the engine among them."""
    heads = ['model', 'input', 'engine', 'precision', 'preprocess', 'inference', 'postprocess',
             'total, ms (p99)', 'images / s']
    return markdown(heads, [[
        row['model'], size(row), row['runner'], row['precision'],
        *(milliseconds(row[f'{stage}_ms'])
          for stage in ('preprocess', 'inference', 'postprocess', 'total')),
        f'{row["images_per_second"]:.1f}'] for row in rows if 'total_ms' in row])


def peers(rows):
    """Time ratios of peers to our models in the same engine and precision."""
    heads = ['peer', 'input', 'engine', 'precision', 'ms (p99)', 'our model', 'input',
             'peer / ours']
    return markdown(heads, [[
        row['model'], size(row), row['runner'], row['precision'], milliseconds(row['bare_ms']),
        other['model'], size(other), f'{other["ratio"]:.2f}']
        for row in rows for other in row['vs']])


def nodes(rows):
    """Nodes at a rate that they keep up with."""
    heads = ['node', 'engine', 'precision', 'subscribed', 'Hz', 'answered',
             'latency, ms (p99)', 'inference inside', 'overhead', 'overhead / bare inference',
             'latency / bare inference', 'CPU ms / image']
    return markdown(heads, [[
        row['node'], (row['engine'] or '-').split()[0], row['precision'], _topics(row),
        number(row['rate_hz']['out'], '.1f'),
        f'{row["images"]["arrived"]} of {row["images"]["sent"]}',
        milliseconds(row['latency_ms']), milliseconds(row['inference_ms']),
        number(row['overhead_ms'] and row['overhead_ms']['median'], '.1f'),
        *(number(100 * row['relative'][name], '.0f') + ' %' if row['relative'] else '-'
          for name in ('overhead', 'latency')),
        number(row['cpu_ms_per_image'], '.1f')] for row in rows])


def load(rows):
    """Nodes that get more than they can answer, or share the machine."""
    heads = ['scenario', 'engine', 'input', 'threads', 'Hz in, out', 'latency, ms (p99)', 'max',
             'p99 / median', 'first, last fifth', 'sent', 'in', 'out', 'arrived', 'dropped',
             'lost before, after', 'unaccounted']
    return markdown(heads, [[
        row['name'], ' '.join((row['engine'] or '-').split()[:3]), size(row),
        str(row['threads'] or 'all'),
        ', '.join(number(row['rate_hz'][name], '.1f') for name in ('in', 'out')),
        milliseconds(row['latency_ms']), *_tail(row['latency_ms']),
        *(str(row['images'][name]) for name in ('sent', 'in', 'out', 'arrived')),
        dropped(row['images']),
        f'{row["images"]["lost_before"]}, {row["images"]["lost_after"]}',
        str(row['images']['unaccounted'])] for row in rows])


def soak(row):
    """One node for minutes: latency, counts, memory."""
    held = row['memory']
    return (load([row]) + f'\n\nAnonymous memory of the node: {held["first_mib"]:.1f} MiB to '
            f'{held["last_mib"]:.1f} MiB, between {held["min_mib"]:.1f} and '
            f'{held["max_mib"]:.1f}, slope {number(held["slope_mib_per_minute"], "+.2f")} MiB/min '
            f'({row["minutes"]:g} min, {len(row["topics"])} topics).')


def loop(row):
    """Tell what a recording in a loop did to a node: counts, then every series over time."""
    images, load = row['images'], row['load']
    lost = ', '.join(f'{topic} {count}' for topic, count in images['lost_after'].items())
    heads = ['over time', 'first', 'last', 'min', 'max', 'first, last fifth', 'slope / min']
    return (f'{row["bag"]} at {row["rate_hz"]:.1f} Hz, {row["minutes"]:g} min, '
            f'{row["loops"]:.1f} times; load of the machine {load["min"]:.1f} to '
            f'{load["max"]:.1f}.\n'
            f'Images sent {images["sent"]}, lost before the node {images["lost_before"]}, in '
            f'{images["in"]}, out {images["out"]}, dropped: {dropped(images)}; unaccounted '
            f'{images["unaccounted"]}; time jumps {row["time_jumps"]}.\n'
            f'Published but not heard: {lost}.\n\n') + markdown(heads, [[
                name.replace('_', ' '),
                *(f'{row[name][end]:.1f}' for end in ('first', 'last', 'min', 'max')),
                f'{row[name]["first_fifth"]:.1f}, {row[name]["last_fifth"]:.1f}',
                number(row[name]['slope_per_minute'], '+.3f')]
                for name in ('memory_mib', 'open_files', 'threads', 'latency_ms',
                             'replay_memory_mib', 'replay_open_files')])


def dropped(images):
    """List counts and reasons."""
    return ', '.join(f'{count} {reason}' for reason, count in images['dropped'].items()) or '0'


def milliseconds(values):
    """Median and, in parentheses, the 99th percentile."""
    if values is None:
        return '-'
    return f'{values["median"]:.1f} ({values["p99"]:.1f})'


def number(value, form):
    """Return a number as text, or a dash."""
    return '-' if value is None else format(value, form)


def size(row):
    """Height x width of the input."""
    return f'{row["input"]["height"]} x {row["input"]["width"]}'


def _difference(found):
    if not found:
        return '-'
    median, p99 = found['median_rel'], found['p99_rel']
    text = ' '.join(['-' if median is None else f'{100 * median:.2g} %',
                     '(-)' if p99 is None else f'({100 * p99:.2g} %)'])
    return text + ('' if found['passed'] else ', refused')


def _tail(latency):
    if latency is None:
        return '-', '-', '-'
    return (f'{latency["max"]:.1f}', f'{latency["ratio"]:.2f}',
            f'{latency["first"]:.1f}, {latency["last"]:.1f}')


def _topics(row):
    return ', '.join(topic.removeprefix('depth/').replace('points', 'cloud')
                     .replace('image', 'depth', 1) for topic in row['topics'])
