# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Every command of README and docs is run here, or marked with what it needs and checked.

How blocks are marked, and what is checked of them: docs_commands.py.
"""
from pathlib import Path
import re

from depth_ros.cli import PROGRAM as ROBOT
import docs_commands
from docs_commands import Command, commands, pages, problem, python_or_robot
import pytest

pytest.importorskip('torch')
pytest.importorskip('lightning')
pytest.importorskip('jsonargparse')
from training.__main__ import PROGRAM as TRAINING  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = [str(path.relative_to(REPOSITORY)) for path in pages(REPOSITORY)]


def of_page(page):
    """Return the commands of a page."""
    return commands(page, (REPOSITORY / page).read_text())


@pytest.mark.parametrize('page', PAGES)
def test_commands_are_what_the_project_has(page, repository):
    """Parsers take them; files, keys, rows, topics' parameters and arguments are there."""
    wrong = [f'{command}\n    {text}' for command in of_page(page)
             if (text := problem(command, repository))]
    assert not wrong, '\n'.join(wrong)


@pytest.fixture
def folder(repository, tmp_path, monkeypatch):
    """Return a folder like the root of a checkout, with a recording `my_bag` in it."""
    for name in ('config', 'docs', 'training', 'test', 'depth_ros'):
        (tmp_path / name).symlink_to(repository / name)
    (tmp_path / 'my_bag').symlink_to(repository / 'depth_ros' / 'demo_bag')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def unmarked(page):
    """Return the commands of the blocks of a page that need nothing."""
    return [command for command in of_page(page) if command.needs == ()]


DONE = set()


@pytest.mark.slow
@pytest.mark.parametrize('page', [page for page in PAGES if unmarked(page)])
def test_blocks_without_a_mark_run(page, folder, capsys):
    """One after the other, in a folder of their own; the same command of another page once."""
    for command in unmarked(page):
        if command.words in DONE:
            continue
        DONE.add(command.words)
        ours = python_or_robot(command.words)
        assert ours, f'{command}\n    only our commands are run here: mark ' \
            f'the block with <!-- needs: ... -->, of {", ".join(docs_commands.NEEDS)}'
        program, words = ours
        assert program.main(words) == 0, f'{command}\n{capsys.readouterr().err}'


def test_every_command_is_run_by_a_test(repository):
    """Those whose blocks are marked too, with smaller numbers: some test calls each by name."""
    here = {command.words for page in PAGES for command in unmarked(page)}
    texts = [path.read_text() for path in (repository / 'test').rglob('*.py')]
    for program in (ROBOT, TRAINING):
        for name in program.commands:
            called = re.compile(rf"[\[(]\s*'{name}'[,\]]|', '{name}', '-")
            own = any(ours and ours[0] is program and ours[1][:1] == (name,)
                      for ours in map(python_or_robot, here))
            assert own or any(called.search(text) for text in texts), (
                f'no test calls {program.call} {name}')


def test_every_mark_is_needed():
    """A mark stands before a block, not somewhere in the text."""
    for page in PAGES:
        text = (REPOSITORY / page).read_text()
        marked = sum(bool(needs) for _, _, needs, _ in docs_commands.blocks(text))
        assert len(docs_commands.MARK.findall(text)) == marked, page


@pytest.mark.parametrize('text, said', [
    ('```bash\ndepth_ros measure my_bag\n```', 'no command measure'),
    ('```\ndepth_ros check my_bag --fast\n```', 'does not take --fast'),
    ('```bash\npython -m training fit --config config/training/x.yaml --run r\n```', 'not there'),
    ('```bash\npython -m training fit --config config/training/student.yaml --run r \\\n'
     '    --set model.lrr=3   # a comment\n```', 'unknown key model.lrr'),
    ('```bash\npython -m training table ksem2023 --rows nobody\n```', "no rows ['nobody']"),
    ('```bash\nros2 launch depth_ros completion.launch.py camera:=x\n```', 'no argument camera'),
    ('```bash\nros2 run depth_ros replay --ros-args -p bagg:=x\n```', 'no parameter bagg'),
    ('```bash\nmake coffee\n```', 'no coffee'), ('```bash\nfrobnicate\n```', 'no command that'),
    ('<!-- needs: luck -->\n```bash\ndepth_ros models\n```', "unknown mark 'luck'"),
    ('say `depth_ros evaluate` or `depth_ros rate X`', 'no command rate'),
    ('| `python -m training export --checkpoint C --otu x` |', 'does not take --otu'),
])
def test_wrong_commands_are_found(text, said, repository):
    problems = [problem(command, repository) for command in commands('page.md', text)]
    assert any(said in found for found in problems), problems


def test_what_is_a_command(repository):
    text = ('```bash\nA=1 .venv/bin/depth_ros check B [--html H] && \\\n  depth_ros models\n'
            '```\n<!-- needs: gpu, minutes -->\n\n```sh\ndepth_ros doctor\n```\n'
            'and `make test`, but not `depth_ros`\n```yaml\nmake: x\n```\n')
    assert commands('p', text) == [
        Command('p', 2, ('depth_ros', 'check', 'B', '--html', 'H'), ()),
        Command('p', 2, ('depth_ros', 'models'), ()),
        Command('p', 8, ('depth_ros', 'doctor'), ('gpu', 'minutes')),
        Command('p', 10, ('make', 'test'), None)]
    assert not any(problem(command, repository) for command in commands('p', text))
