# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pages stand alone, are well formed, and take texts as texts."""
import base64
import hashlib
from html.parser import HTMLParser
from xml.etree import ElementTree

import cv2
from depth_ros.bags.findings import Finding
from depth_ros.contracts import InputError
from depth_ros.page import Page
from depth_ros.svg import line_plot
import numpy as np
import pytest

HOSTILE = '</title></style><script>alert(1)</script>"\' onload=x & <b>\x00\ud800 {x} http://e.org'
VOID = {'meta', 'img', 'br'}


class Checker(HTMLParser):
    """Follows a page: tags must close in order; collects attributes, tags and texts."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], {}
        self.feed(text)
        self.close()
        assert not self.open, f'never closed: {self.open}'

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f'</{tag}> does not close what is open'

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


def full_page(text):
    page = Page(text)
    page.paragraph(text)
    page.heading(text)
    page.table([text, 'REL', 'n'], [[text, 0.25, 1], ['b', 0.125, None], ['c', float('nan'), 7]],
               best={'REL': 'min', 2: 'max'}, caption=text)
    page.values({text: text, 'none': None})
    noise = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    page.pictures([(text, noise), ('flat', noise)], columns=2, photo=False)
    page.plot({text: ([0, 1, 2], [1.0, None, 3.0]), 'b': ([0, 2], [2, 2])}, text, text, text)
    page.findings([Finding('error', text, text), Finding('note', 'b', 'fine')])
    page.details(text, text)
    page.code(text)
    return page, noise


@pytest.mark.parametrize('text', ('plain', HOSTILE))
def test_a_page_is_well_formed_and_needs_nothing_else(tmp_path, text):
    page, _ = full_page(text)
    page.write(tmp_path / 'page.html')
    assert [path.name for path in tmp_path.iterdir()] == ['page.html']
    whole = (tmp_path / 'page.html').read_text(encoding='utf-8')
    found = Checker(whole)
    for tag, name, value in found.attributes:
        assert not name.startswith('on'), (tag, name)
        if name in ('src', 'href', 'srcset', 'action'):
            assert value.startswith('data:image/png;base64,')
        elif name not in ('alt', 'aria-label'):
            assert 'http' not in (value or '')
    assert not {'script', 'link', 'iframe', 'object'} & set(found.tags)
    style = ''.join(found.texts['style'])
    assert 'url(' not in style and '@import' not in style and 'http' not in style
    assert 'prefers-color-scheme: dark' in style


def test_hostile_text_stays_text():
    page, _ = full_page(HOSTILE)
    plain, _ = full_page('plain')
    found, same = Checker(page.html()), Checker(plain.html())
    # No tag came in, and what a reader sees is what was given.
    assert found.tags == same.tags
    seen = HOSTILE.replace('\x00', '\N{REPLACEMENT CHARACTER}').replace(
        '\ud800', '\N{REPLACEMENT CHARACTER}')
    for tag in ('title', 'h1', 'p', 'h2', 'th', 'td', 'dt', 'dd', 'figcaption', 'summary', 'pre',
                'caption'):
        assert ''.join(found.texts[tag]).startswith(seen), tag
    assert '<script' not in page.html()


def test_the_best_numbers_are_bold():
    assert Checker(full_page('a')[0].html()).texts['strong'] == ['0.125', '7']
    with pytest.raises(InputError, match='2 cells'):
        Page('x').table(['a', 'b'], [[1]])


def test_pictures_are_inside():
    page, noise = full_page('a')
    sources = [value for tag, name, value in Checker(page.html()).attributes if name == 'src']
    data = np.frombuffer(base64.b64decode(sources[0].split(',')[1]), np.uint8)
    back = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    np.testing.assert_array_equal(back, noise)
    page.pictures([('photo', np.full((8, 8, 3), 90, np.uint8))])
    assert 'data:image/jpeg;base64,' in page.html()
    with pytest.raises(InputError, match='uint8'):
        page.pictures([('depth', np.zeros((4, 4, 3)))])


def test_a_page_may_only_run_what_it_was_made_with():
    page, _ = full_page('a')
    page.interactive('<div id="one"></div>', 'let a = "\N{GREEK SMALL LETTER ALPHA}";', 'b {}')
    page.interactive('<div id="two"></div>', 'let a = "\N{GREEK SMALL LETTER ALPHA}";', 'b {}')
    text = page.html()
    found = Checker(text)
    script, = found.texts['script']
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(value for tag, name, value in found.attributes if 'default-src' in value)
    assert f"script-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy
    assert found.texts['style'][0].count('b {}') == 1
    assert 'script-src' not in full_page('a')[0].html()


def test_photos_keep_to_their_size():
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    sizes = []
    for most in (None, 30_000):
        page = Page('x')
        page.pictures([('a', noise)], most=most)
        sizes.append(len(page.html()))
    assert sizes[1] < sizes[0] and sizes[1] < 30_000 * 4 / 3 + 6000


def test_decimals_of_a_column():
    page = Page('x')
    page.table(['a', 'b'], [[0.5, 0.5], [None, 1.23456]], digits={'a': 3})
    assert Checker(page.html()).texts['td'] == ['0.500', '0.5', '–', '1.235']


def test_an_unwritable_page_is_one_error(tmp_path):
    with pytest.raises(InputError, match='cannot write'):
        Page('x').write(tmp_path / 'absent' / 'page.html')


def test_plots_are_svg_with_points_in_place():
    root = ElementTree.fromstring(line_plot(
        {'a': ([0, 1, None, 3, 4], [0, 10, 5, float('inf'), 5])}, 'title', 'x', 'y'))
    lines = [element for element in root if element.tag == 'polyline']
    first = [tuple(map(float, pair.split(','))) for pair in lines[0].get('points').split()]
    # Two points before the gap: the lower left corner, and up to the top.
    assert len(lines) == 2 and len(first) == 2
    assert first[1][0] > first[0][0] and first[1][1] < first[0][1]
    assert len([element for element in root if element.tag == 'circle']) == 1


def test_plots_name_places_and_keep_the_legend_off_the_lines():
    series = {f'a rather long name {k}': ([0, 1], [0, 1]) for k in range(5)}
    text = line_plot(series, names={0: '0-1', 1: '> 1'}, at={'line': 0.5})
    root = ElementTree.fromstring(text)
    texts = {element.text: element for element in root if element.tag == 'text'}
    assert {'0-1', '> 1', 'line'} <= set(texts)
    _, top, _, height = map(float, root.get('viewBox').split())
    plot_top = min(float(element.get('y1')) for element in root if element.tag == 'line')
    for name in series:
        assert top < float(texts[name].get('y')) < plot_top
    assert root.get('height') == f'{height:.0f}'


@pytest.mark.parametrize('values', [[], [3.0], [2.0, 2.0], [0.0, 0.0], [-1e-9, 1e-9],
                                    [1e6, 3e7], [-5, 4.2]])
def test_plots_take_any_range(values):
    root = ElementTree.fromstring(line_plot({HOSTILE: (range(len(values)), values)}, HOSTILE))
    ticks = [element.text for element in root if element.tag == 'text']
    assert 4 <= len(ticks) <= 20
