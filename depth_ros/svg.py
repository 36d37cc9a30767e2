# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A small line plot as SVG text, to stand inside an HTML page; colours come from the page."""
from html import escape
import math
import re

WIDTH, HEIGHT = 560, 280
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 14, 46
COLOURS = 6
# What no HTML or XML file may hold: control characters and lone surrogates.
_FORBIDDEN = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]')


def escaped(value):
    """Return anything as text that is safe between tags and inside quoted attributes."""
    return escape(_FORBIDDEN.sub('\N{REPLACEMENT CHARACTER}', str(value)))


def line_plot(series, title='', x='', y='', x_range=None, y_range=None, marks=False,
              names=None, at=None):
    """
    Return an SVG element with one line per series.

    :param series: {name: (xs, ys)}; points that are None or not finite leave a gap.
    :param title: read to those who cannot see it; x, y: names of the axes.
    :param x_range, y_range: (low, high), else what the points need.
    :param marks: draw the points too.
    :param names: {x: text} in place of round numbers; at: {text: x} of dashed upright lines.
    """
    clean = {name: [(float(a), float(b)) if _finite(a) and _finite(b) else None
                    for a, b in zip(xs, ys)] for name, (xs, ys) in series.items()}
    points = [point for line in clean.values() for point in line if point]
    legend, more = _legend(clean) if len(clean) > 1 or any(clean) else ([], 0)
    across = _Axis(x_range or _range([p[0] for p in points]), LEFT, WIDTH - RIGHT)
    up = _Axis(y_range or _range([p[1] for p in points]), HEIGHT - BOTTOM, TOP)
    parts = [f'<svg viewBox="0 {-more} {WIDTH} {HEIGHT + more}" width="{WIDTH}" '
             f'height="{HEIGHT + more}" role="img" aria-label="{escaped(title)}" font-size="12" '
             'fill="currentColor" font-family="system-ui, sans-serif">']
    parts += _grid(across, up, x, y, names)
    parts += _uprights(across, at or {})
    for index, (name, line) in enumerate(clean.items()):
        colour = f'var(--c{index % COLOURS}, currentColor)'
        for piece in _pieces(line):
            drawn = ' '.join(f'{across(a):.1f},{up(b):.1f}' for a, b in piece)
            parts.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" '
                         'stroke-width="2" stroke-linejoin="round"/>')
            if marks or len(piece) == 1:
                parts += [f'<circle cx="{across(a):.1f}" cy="{up(b):.1f}" r="3" fill="{colour}"/>'
                          for a, b in piece]
    return ''.join([*parts, *legend]) + '</svg>'


class _Axis:
    """Maps numbers to pixels and chooses round ticks."""

    def __init__(self, limits, begin, end):
        self.low, self.high = limits
        self.begin, self.end = begin, end
        step = 10 ** math.floor(math.log10((self.high - self.low) / 4))
        while (self.high - self.low) / step > 6:
            step *= 2.5 if str(f'{step:e}')[0] == '2' else 2
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        self.ticks = [round(k * step, 12) for k in range(first, last + 1)]

    def __call__(self, value):
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)


def _uprights(across, at):
    for text, value in at.items():
        yield (f'<line x1="{across(value):.1f}" x2="{across(value):.1f}" y1="{TOP}" '
               f'y2="{HEIGHT - BOTTOM}" stroke="currentColor" stroke-dasharray="4 4" '
               f'opacity="0.6"/><text x="{across(value) + 4:.1f}" y="{HEIGHT - BOTTOM - 5}" '
               f'opacity="0.8">{escaped(text)}</text>')


def _grid(across, up, x, y, names=None):
    for tick, text in (names or {tick: f'{tick:g}' for tick in across.ticks}).items():
        yield (f'<line x1="{across(tick):.1f}" x2="{across(tick):.1f}" y1="{TOP}" '
               f'y2="{HEIGHT - BOTTOM}" stroke="currentColor" opacity="0.12"/>'
               f'<text x="{across(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" '
               f'text-anchor="middle">{escaped(text)}</text>')
    for tick in up.ticks:
        yield (f'<line y1="{up(tick):.1f}" y2="{up(tick):.1f}" x1="{LEFT}" x2="{WIDTH - RIGHT}" '
               'stroke="currentColor" opacity="0.12"/>'
               f'<text x="{LEFT - 6}" y="{up(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    yield (f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" '
           f'text-anchor="middle">{escaped(x)}</text>'
           f'<text x="14" y="{middle:.0f}" text-anchor="middle" '
           f'transform="rotate(-90 14 {middle:.0f})">{escaped(y)}</text>')


def _legend(clean):
    """Return the names in rows above the plot, and the height that they need."""
    places, row, left = [], 0, LEFT
    for name in clean:
        wide = 30 + 6.6 * len(str(name))
        if left > LEFT and left + wide > WIDTH:
            row, left = row + 1, LEFT
        places.append((row, left))
        left += wide
    parts = []
    for index, (name, (row, left)) in enumerate(zip(clean, places)):
        at = TOP - 8 - 18 * (places[-1][0] - row)
        parts.append(f'<rect x="{left:.0f}" y="{at - 9}" width="10" height="10" '
                     f'fill="var(--c{index % COLOURS}, currentColor)"/>'
                     f'<text x="{left + 15:.0f}" y="{at}">{escaped(name)}</text>')
    return parts, 18 * (places[-1][0] + 1) - TOP + 10


def _pieces(line):
    """Split a line at its gaps."""
    piece = []
    for point in [*line, None]:
        if point is None:
            if piece:
                yield piece
            piece = []
        else:
            piece.append(point)


def _finite(value):
    return value is not None and math.isfinite(value)


def _range(values):
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low == high:
        reach = abs(low) * 0.1 or 1.0
        return low - reach, high + reach
    return low, high
