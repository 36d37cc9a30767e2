# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Curves of attacks and corruptions as pictures; needs matplotlib, as the suite's plots do."""
from __future__ import annotations

from depth_ros.evaluation.plots import new_figure
from training.attack.measure import ADAPTIVE, CONFIGURATIONS, TRANSFER, WORST

COLOURS = dict(zip(CONFIGURATIONS, ('tab:red', 'tab:olive', 'tab:orange', 'tab:blue',
                                    'tab:green')))
STYLES = {TRANSFER: '-', ADAPTIVE: '--', WORST: ':'}


def plot_attacks(report, path):
    """Draw RMSE and REL over eps, a line per configuration and setting, into a picture file."""
    figure, axes = new_figure(2, 2, (4.2, 3.4))
    for axis, name, heading in zip(axes, ('rmse', 'abs_rel'), ('RMSE, metres', 'REL')):
        for curve in report['curves']:
            style = STYLES.get(curve['setting'])
            if style is None:
                continue
            axis.plot(curve['eps'], curve['figures'][name], style, marker='o', ms=3,
                      color=COLOURS[curve['configuration']],
                      label=curve['configuration'] if style == '-' else None)
        axis.set_title(heading, fontsize=9)
        axis.set_xlabel('eps, normalised image', fontsize=8)
        axis.tick_params(labelsize=7)
        axis.set_ylim(0)
    axes[0].legend(fontsize=7)
    figure.suptitle('solid: attack on N alone, dashed: on the whole defence, dotted: worst of all',
                    fontsize=8)
    figure.savefig(path, dpi=100)


def plot_natural(report, path):
    """Draw REL over the levels of every corruption into a picture file."""
    kinds = {}
    for curve in report['natural']:
        kinds.setdefault((curve['corruption'], curve['unit']), []).append(curve)
    figure, axes = new_figure(len(kinds), 3)
    for ((name, unit), curves), axis in zip(kinds.items(), axes):
        for curve in curves:
            axis.plot(curve['levels'], curve['figures']['abs_rel'], 'o-', ms=3,
                      color=COLOURS[curve['configuration']], label=curve['configuration'])
        axis.axvline(curves[0]['usual'], color='0.8', lw=0.8, zorder=0)
        axis.set_title(name, fontsize=9)
        axis.set_xlabel(unit, fontsize=8)
        axis.tick_params(labelsize=7)
        axis.set_ylim(0)
    axes[0].legend(fontsize=7)
    figure.supylabel('REL', fontsize=9)
    figure.savefig(path, dpi=85)
