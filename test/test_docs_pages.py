# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pages of the documentation: links lead somewhere, and quoted messages are those of the code."""
import ast
from functools import lru_cache
from pathlib import Path
import re

from docs_commands import pages
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = [str(path.relative_to(REPOSITORY)) for path in pages(REPOSITORY)]
LINK = re.compile(r'(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)')
# Of pip, Python, ROS and shells: not ours to check.
FOREIGN = ('ModuleNotFoundError', 'externally-managed', 'A module that was', 'Package ',
           'No module named', 'extrapolation into')


def without_code(text):
    """Blank fenced blocks and inline code."""
    text = re.sub(r'^ *```.*?^ *```', '', text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r'`[^`\n]*`', 'x', text)


def anchors(path):
    """Return the anchors that a page's headings have, as GitHub makes them."""
    found = set()
    text = re.sub(r'^ *```.*?^ *```', '', path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r'^#+ (.*)$', text, re.MULTILINE):
        words = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading).lower()
        found.add(re.sub(r'[^\w\- ]', '', words).strip().replace(' ', '-'))
    return found


def wrong_links(path):
    """Return the links of a page that lead nowhere."""
    wrong = []
    for link in (a or b for a, b in LINK.findall(without_code(path.read_text()))):
        if '://' in link or link.startswith('mailto:'):
            continue
        name, _, anchor = link.partition('#')
        target = path.parent / name if name else path
        if not target.exists() or (
                anchor and target.suffix == '.md' and anchor not in anchors(target)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize('page', PAGES)
def test_links(page, repository):
    assert not wrong_links(repository / page)


def test_wrong_links_are_found(tmp_path):
    page = tmp_path / 'a.md'
    page.write_text('# One two: `three`\n[a](a.md#one-two-three) [b](b.md) [c](#four) ![d](e.png)'
                    ' `[f](g.md)` [h](https://x)\n')
    assert wrong_links(page) == ['b.md', '#four', 'e.png']


def test_every_page_can_be_reached(repository):
    """From the README, by links."""
    waiting, seen = [repository / 'README.md'], set()
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        for link in (a or b for a, b in LINK.findall(without_code(path.read_text()))):
            target = (path.parent / link.partition('#')[0]).resolve()
            waiting += [target] if target.suffix == '.md' else []
    assert not [page for page in PAGES if (repository / page) not in seen]


@lru_cache
def messages(repository):
    """Return all texts of the code, what is put in replaced by a line break."""
    found = []
    for package in ('depth_ros', 'training'):
        for path in (repository / package).rglob('*.py'):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.JoinedStr):
                    found.append(''.join(part.value if isinstance(part, ast.Constant) else '\n'
                                         for part in node.values))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
    return '\n\n'.join(found)


def known_part(message, text):
    """Return the share of a message's triples of words that some text has; 1 of short ones."""
    words = message.split()
    triples = [' '.join(words[k:k + 3]) for k in range(len(words) - 2)]
    return sum(triple in text for triple in triples) / len(triples) if triples[1:] else 1.0


@pytest.mark.parametrize('page', ['docs/troubleshooting.md', 'docs/nodes/completion.md'])
def test_quoted_messages_are_those_of_the_code(page, repository):
    """Of the first column: some three words in a row of each piece, between what is put in."""
    text, count, wrong = ' '.join(messages(repository).split(' ')), 0, []
    for line in (repository / page).read_text().splitlines():
        cell = line.split('|')[1] if line.startswith('| ') else ''
        for message in re.findall(r'`([^`]+)`', cell):
            for piece in re.split(r"\.\.\.|'[^']*'|/\w+|\d+|dropped: |[();]", message):
                if not message.startswith(FOREIGN):
                    count += len(piece.split()) > 3
                    wrong += [message] * (not known_part(piece, text))
    assert count > 3 and not wrong, '\n'.join(wrong)


def test_invented_messages_are_found(repository):
    text = messages(repository)
    assert known_part('your scanner spins anticlockwise through time', text) == 0.0
    assert known_part('nobody publishes it: check the remapping', text) == 1.0
