# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
A report as one HTML file: text, tables, pictures and plots inside, nothing to fetch.

Every text is escaped: what comes from file names, topics or messages cannot become markup. A
policy in the page lets a browser load nothing from anywhere and run no script but our own.
"""
import base64
import hashlib
import os
from pathlib import Path

import cv2
from depth_ros.contracts import InputError
from depth_ros.svg import escaped, line_plot
import numpy as np

_STYLE = """
:root { color-scheme: light dark; --text: #1c1c1e; --page: #ffffff; --soft: #6b6b70;
  --rule: #d5d5da; --fill: #f4f4f6; --error: #b3261e; --warning: #8a5a00; --note: #1f5fa8;
  --c0: #1f6fb4; --c1: #c8641a; --c2: #2f8a3c; --c3: #8e4ba8; --c4: #a33; --c5: #5c5c5c; }
@media (prefers-color-scheme: dark) { :root { --text: #e8e8ea; --page: #17181a; --soft: #a0a0a6;
  --rule: #3a3b3f; --fill: #232427; --error: #ff8a80; --warning: #ffc46b; --note: #8ab8ff;
  --c0: #6cb2f0; --c1: #ffa25c; --c2: #77d485; --c3: #d39be8; --c4: #f77; --c5: #b5b5b5; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { font-size: 1.25rem; margin-top: 2.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--rule); text-align: left;
  vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; } th { font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
code { overflow-wrap: anywhere; } .hint { color: var(--soft); font-size: .9rem; }
.pictures { display: grid; gap: 1rem; } figure { margin: 1rem 0; } .pictures figure { margin: 0; }
figure.plot { display: inline-block; margin: .5rem .4rem .5rem 0; max-width: min(100%, 32rem); }
figure img { width: 100%; height: auto; display: block; border-radius: 4px; }
figcaption { color: var(--soft); font-size: .9rem; margin-top: .25rem; }
ul.findings { list-style: none; padding: 0; }
ul.findings li { border-left: 4px solid currentColor; padding: .4rem .8rem; margin: .5rem 0;
  background: var(--fill); }
ul.findings li.error { border-color: var(--error); }
ul.findings li.warning { border-color: var(--warning); }
ul.findings li.note { border-color: var(--note); }
li b { text-transform: uppercase; font-size: .8rem; }
li.error b { color: var(--error); } li.warning b { color: var(--warning); }
li.note b { color: var(--note); } .code { color: var(--soft); font-size: .85rem; }
details { margin: 1rem 0; } summary { cursor: pointer; color: var(--note); }
pre { background: var(--fill); padding: .8rem; overflow-x: auto; font-size: .85rem;
  border-radius: 4px; }
pre.command { white-space: pre-wrap; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; color: var(--text); }
@media (max-width: 40rem) { .pictures { grid-template-columns: 1fr !important; }
  .pictures.pairs { grid-template-columns: 1fr 1fr !important; gap: .5rem; }
  body { margin: 1rem auto; } th, td { padding: .3rem .45rem; font-size: .9rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
"""


class Page:
    """
    Collects parts from top to bottom; ``write`` makes the file.

    Texts are plain text. Cells may be numbers; None is shown as a dash.
    """

    def __init__(self, title):
        """Begin with a heading."""
        self.title, self._parts = str(title), [f'<h1>{_text(title)}</h1>']
        self._scripts, self._styles = {}, {}

    def heading(self, text):
        """Begin a section."""
        self._parts.append(f'<h2>{_text(text)}</h2>')

    def paragraph(self, text):
        """Add a paragraph."""
        self._parts.append(f'<p>{_text(text)}</p>')

    def table(self, header, rows, best=None, caption=None, digits=None):
        """
        Add a table.

        :param header: names of the columns; rows: as many cells each.
        :param best: {column: 'min' or 'max'}, by index or name; the best number becomes bold.
        :param digits: {name of a column: decimals}; else numbers have four digits.
        :raises InputError: a row has another number of cells.
        """
        header, rows = list(header), [list(row) for row in rows]
        places = [(digits or {}).get(name) for name in header]
        if any(len(row) != len(header) for row in rows):
            raise InputError(f'every row of a table needs {len(header)} cells')
        bold = _best_cells(header, rows, best or {})
        numeric = [any(_is_number(row[k]) for row in rows) and all(
            _is_number(row[k]) or row[k] is None for row in rows) for k in range(len(header))]
        lines = [f'<caption>{_text(caption)}</caption>'] if caption else []
        lines.append('<thead><tr>' + ''.join(
            f'<th scope="col"{_class(numeric[k])}>{_text(name)}</th>'
            for k, name in enumerate(header)) + '</tr></thead><tbody>')
        for r, row in enumerate(rows):
            texts = (_text(cell, places[k]) for k, cell in enumerate(row))
            cells = (f'<strong>{text}</strong>' if (r, k) in bold else text
                     for k, text in enumerate(texts))
            lines.append('<tr>' + ''.join(f'<td{_class(numeric[k])}>{cell}</td>'
                                          for k, cell in enumerate(cells)) + '</tr>')
        self._parts.append(f'<div class="scroll"><table>{"".join(lines)}</tbody></table></div>')

    def values(self, pairs):
        """Add a list of names and values: a dictionary, or pairs."""
        pairs = pairs.items() if hasattr(pairs, 'items') else pairs
        self._parts.append('<dl>' + ''.join(
            f'<dt>{_text(name)}</dt><dd>{_text(value)}</dd>' for name, value in pairs) + '</dl>')

    def subheading(self, text):
        """Begin a part of a section."""
        self._parts.append(f'<h3>{_text(text)}</h3>')

    def pictures(self, pictures, columns=3, photo=True, quality=85, most=None, pairs=False):
        """
        Add pictures side by side.

        :param pictures: (caption, array (H, W, 3) uint8 RGB) each.
        :param photo: JPEG; False: PNG, for few flat colours or where every pixel counts.
        :param most: bytes of a photo; its quality, then its size is lowered until it fits.
        :param pairs: on a narrow screen two stand side by side, not one.
        """
        figures = ''.join(
            f'<figure><img alt="{_text(caption)}" src="{_embedded(array, photo, quality, most)}">'
            f'<figcaption>{_text(caption)}</figcaption></figure>' for caption, array in pictures)
        kind = 'pictures pairs' if pairs else 'pictures'
        self._parts.append(f'<div class="{kind}" style="grid-template-columns: '
                           f'repeat({int(columns)}, 1fr)">{figures}</div>')

    def plot(self, series, title='', x='', y='', **options):
        """Add a line plot; see ``svg.line_plot``."""
        caption = f'<figcaption>{_text(title)}</figcaption>' if title else ''
        self._parts.append(
            f'<figure class="plot">{line_plot(series, title, x, y, **options)}{caption}</figure>')

    def findings(self, findings):
        """Add findings, each with level ('error', 'warning', 'note'), code and text."""
        items = ''.join(
            f'<li class="{_text(one.level)}"><b>{_text(one.level)}</b> '
            f'<span class="code">{_text(one.code)}</span><br>{_text(one.text)}</li>'
            for one in findings)
        self._parts.append(f'<ul class="findings">{items}</ul>')

    def details(self, summary, text):
        """Add preformatted text (a command, JSON) that unfolds on a click."""
        self._parts.append(f'<details><summary>{_text(summary)}</summary>'
                           f'<pre>{_text(text)}</pre></details>')

    def code(self, text):
        """Add preformatted text, such as a command to copy."""
        self._parts.append(f'<pre class="command">{_text(text)}</pre>')

    def interactive(self, markup, script, style=''):
        """
        Add markup of our own, the one thing that is not escaped, with what makes it move.

        A script or a style that several parts share stands on the page once.
        """
        self._parts.append(markup)
        self._scripts[script] = self._styles[style] = True

    def html(self):
        """Return the whole file as text."""
        body = '\n'.join([*self._parts, *(f'<script>{one}</script>' for one in self._scripts)])
        style = _STYLE + ''.join(self._styles)
        return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
                '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
                f'<meta http-equiv="Content-Security-Policy" content="{self._policy()}">\n'
                f'<title>{_text(self.title)}</title>\n<style>{style}</style></head>\n'
                f'<body>\n{body}\n</body></html>\n')

    def _policy(self):
        """Return what a browser may do with the page: nothing but show it and run our scripts."""
        allowed = ["default-src 'none'", 'img-src data:', "style-src 'unsafe-inline'",
                   "base-uri 'none'", "form-action 'none'"]
        digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()
                   for one in self._scripts]
        if digests:
            allowed.append('script-src ' + ' '.join(f"'sha256-{digest}'" for digest in digests))
        return '; '.join(allowed)

    def write(self, path):
        """
        Write the file; it appears whole or not at all.

        :raises InputError: it cannot be written.
        """
        path = Path(path)
        part = path.with_name(f'{path.name}.part')
        try:
            part.write_text(self.html(), encoding='utf-8')
            os.replace(part, path)
        except OSError as error:
            raise InputError(f'cannot write {path}: {error.strerror}') from error


def _text(value, decimals=None):
    """Return a value as escaped text; numbers keep four digits, None is a dash."""
    if value is None:
        return '–'
    if isinstance(value, (float, np.floating)):
        digits = '.4g' if decimals is None else f'.{decimals}f'
        return f'{value:{digits}}' if np.isfinite(value) else '–'
    return escaped(value)


def _is_number(value):
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _class(numeric):
    return ' class="number"' if numeric else ''


def _best_cells(header, rows, best):
    """Return {(row, column)} of the best numbers."""
    found = set()
    for column, way in best.items():
        k = header.index(column) if isinstance(column, str) else column
        numbers = {r: row[k] for r, row in enumerate(rows)
                   if _is_number(row[k]) and np.isfinite(row[k])}
        if numbers:
            top = (min if way == 'min' else max)(numbers.values())
            found |= {(r, k) for r, value in numbers.items() if value == top}
    return found


def _embedded(array, photo, quality, most=None):
    """Return a picture (H, W, 3) uint8 RGB as a data URI."""
    array = np.asarray(array)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise InputError(f'a picture is (H, W, 3) uint8, not {array.shape} {array.dtype}')
    data = _encoded(array, photo, quality)
    while photo and most and len(data) > most and min(array.shape[:2]) > 16:
        if quality > 25:
            quality = max(quality - 15, 25)
        else:
            array = cv2.resize(array, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
        data = _encoded(array, photo, quality)
    return f'data:image/{"jpeg" if photo else "png"};base64,{base64.b64encode(data).decode()}'


def _encoded(array, photo, quality):
    kind, flags = ('.jpg', [cv2.IMWRITE_JPEG_QUALITY, quality]) if photo else ('.png', [])
    done, data = cv2.imencode(kind, cv2.cvtColor(array, cv2.COLOR_RGB2BGR), flags)
    if not done:
        raise InputError(f'a picture of {array.shape[1]}x{array.shape[0]} cannot be encoded')
    return data.tobytes()
