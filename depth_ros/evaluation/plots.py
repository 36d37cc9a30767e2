# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The curves of the suite as pictures; needs matplotlib."""
import math

from depth_ros.contracts import InputError

COLUMNS = 4


def new_figure(count, columns=COLUMNS, size=(3.2, 2.6)):
    """Return a figure and its axes, at least ``count`` of them, without pyplot's globals."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError('plots need matplotlib: pip install matplotlib') from error
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    figure = Figure((size[0] * columns, size[1] * rows), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for spare in axes[count:]:
        spare.set_axis_off()
    return figure, axes


def plot_robustness(report, path):
    """Draw the change of REL of every trouble, a line per group, into a picture file."""
    curves = {}
    for curve in report['curves']:
        if len(curve['levels']) > 1:
            own = (curve['name'], curve['unit']) if curve['name'] == 'line height' else (
                curve['name'], '')
            curves.setdefault(own, []).append(curve)
    figure, axes = new_figure(len(curves))
    colours = dict(zip(report['usual'], ('tab:blue', 'tab:orange', 'tab:green')))
    for ((name, _), group), axis in zip(curves.items(), axes):
        for curve in group:
            points = dict(zip(curve['levels'], curve['change']))
            points.setdefault(curve['usual_level'], 0.0)
            levels = sorted(level for level in points if points[level] is not None)
            axis.plot(levels, [points[level] for level in levels], 'o-', ms=3,
                      color=colours[curve['group']], label=curve['group'])
        axis.axhline(0, color='0.6', lw=0.8)
        axis.set_title(name, fontsize=9)
        axis.set_xlabel(group[0]['unit'], fontsize=8)
        axis.tick_params(labelsize=7)
        axis.set_ylim(min(-0.02, axis.get_ylim()[0]), max(0.1, axis.get_ylim()[1]))
        axis.legend(fontsize=7)
    figure.supylabel('change of REL', fontsize=9)
    figure.savefig(path, dpi=85)


def plot_confidence(report, path):
    """Draw sparsification (above) and reliability (below) of every set into a picture file."""
    sets = {name: one for name, one in report.items() if one}
    figure, axes = new_figure(2 * len(sets), len(sets))
    for (name, one), above, below in zip(sets.items(), axes, axes[len(sets):]):
        for curve, style in (('model', '-'), ('ideal', '--'), ('random', ':')):
            above.plot([100 * share for share in one['dropped']], one[curve], style, label=curve)
        above.set_title(f'{name} (AUSE {one["ause"]:.2f})', fontsize=9)
        above.set_xlabel('least confident dropped, %', fontsize=8)
        above.set_ylabel('REL', fontsize=8)
        above.set_ylim(0)
        above.legend(fontsize=7)
        below.plot([0, 1], [0, 1], color='0.6', lw=0.8)
        filled = [entry for entry in one['bins'] if entry['share'] > 0.005]
        below.plot([entry['stated'] for entry in filled],
                   [entry['observed'] for entry in filled], 'o-', ms=3)
        below.set_xlim(0, 1)
        below.set_ylim(0, 1)
        below.set_xlabel('stated probability of 10 %', fontsize=8)
        below.set_ylabel('observed', fontsize=8)
        for axis in (above, below):
            axis.tick_params(labelsize=7)
    figure.savefig(path, dpi=85)
