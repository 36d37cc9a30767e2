# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From checkpoints to figures, tables, curves and sheets of attacks in one folder."""
from __future__ import annotations

import json
from pathlib import Path
import time

from depth_ros.contracts import InputError
from depth_ros.evaluation.environment import environment
from depth_ros.evaluation.protocols import find_protocol
from depth_ros.evaluation.run import plain
from depth_ros.page import Page
from depth_ros.pictures import save
import torch
from training.attack.gradient import Attack
from training.attack.measure import (
    CONFIGURATIONS,
    EPS,
    FIGURES,
    measure,
    Models,
    on_device,
    stronger,
)
from training.attack.natural import measure_natural
from training.attack.plots import plot_attacks, plot_natural
from training.attack.sheets import grey_levels, sheet
from training.experiment import build, load_config
from training.runs import load_method
from training.targets import load_target

PIXEL_EPS = (0.0, 2 / 255, 4 / 255, 8 / 255)
SHEET_EPS = 0.1
HEADINGS = dict(zip(FIGURES, ('RMSE', 'REL', 'log10', 'd1', 'd2', 'd3')))


def load_models(paths) -> Models:
    """Load {N, G, G_adv, N_adv: path} on the GPU where there is one."""
    place = 'cuda' if torch.cuda.is_available() else 'cpu'

    def load(name, read):
        return read(paths[name]).to(place) if name in paths else None
    return Models(load('N', load_target), load('G', load_mask), load('G_adv', load_mask),
                  load('N_adv', load_target))


def load_mask(path):
    """Read the mask network of a `saliency` or `defence` run, frozen and in eval mode."""
    return load_method(path)[0].net.requires_grad_(False)


def attack_report(paths, args) -> tuple[dict, dict]:
    """
    Attack; see `commands.attack` for the arguments.

    :returns: the report (plain values), and pictures by file name.
    """
    start, models = time.monotonic(), load_models(paths)
    config = args.config or next((Path(path).parent / 'config.yaml' for path in paths.values()
                                  if str(path).endswith('.ckpt')), None)
    if config is None:
        raise InputError('no network here is a run, so that nothing tells which frames to attack: '
                         'give --config')
    batches = list(build(load_config(config, args.set)['data']).val_dataloader())
    protocol = find_protocol(args.protocol)
    attack = Attack(steps=args.steps, space=args.space, loss=args.loss,
                    author_step=args.author_step)
    eps = args.eps or (EPS if args.space == 'normalised' else PIXEL_EPS)
    report = {'networks': paths, 'protocol': protocol.name, 'definition': protocol.definition,
              'space': args.space,
              'curves': measure(models, batches, attack, eps, protocol, [attack])}
    steps, starts = args.strong
    report['strong'] = []
    if steps and starts:
        few = spread(batches, args.strong_frames)
        report['strong'] = measure(models, few, attack, eps, protocol,
                                   [attack, stronger(attack, steps, starts)])
    report['natural'] = [] if args.no_natural else measure_natural(models, batches, protocol)
    shown = spread(batches, 4, args.sheet)
    at = min(eps, key=lambda value: abs(value - SHEET_EPS)) or max(eps)
    pictures = {'sheet.png': sheet(models, on_device(shown[0], models), attack, at, attack)}
    report.update(seconds=round(time.monotonic() - start, 1), sheet_eps=at,
                  environment={**environment(), 'torch': torch.__version__,
                               'threads': torch.get_num_threads()})
    return plain(report), pictures


def spread(batches, count: int, names=()) -> list:
    """Return one batch of so many frames, evenly spread, or those whose names have these parts."""
    frames = [{key: value[k:k + 1] if torch.is_tensor(value) else value[k]
               for key, value in batch.items()}
              for batch in batches for k in range(len(batch['image']))]
    if names:
        frames = [frame for name in names for frame in frames if name in frame['name']]
        if not frames:
            raise InputError(f'no frame is called like {", ".join(names)}')
    elif len(frames) > count:
        frames = [frames[round(k * (len(frames) - 1) / max(1, count - 1))] for k in range(count)]
    keys = [key for key, value in frames[0].items() if torch.is_tensor(value)]
    return [{**{key: torch.cat([frame[key] for frame in frames]) for key in keys},
             'name': [frame.get('name', '') for frame in frames]}] if frames else []


def write_report(report, pictures, folder) -> list:
    """Write report.json, report.md, report.html and PNG files into a folder; returns the paths."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'report.json').write_text(json.dumps(report, indent=1) + '\n')
    (folder / 'report.md').write_text(markdown(report))
    for name, picture in pictures.items():
        save(folder / name, picture)
    plot_attacks(report, folder / 'curves.png')
    if report['natural']:
        plot_natural(report, folder / 'natural.png')
    page(report, pictures).write(folder / 'report.html')
    names = ['report.json', 'report.md', 'report.html', *pictures, 'curves.png'] + \
        ['natural.png'] * bool(report['natural'])
    return [folder / name for name in names]


def rows(curves):
    """Return (setting, configuration, eps, figures in order) of each measured point."""
    return [(curve['setting'], CONFIGURATIONS[curve['configuration']].published, at,
             [curve['figures'][name][k] for name in FIGURES])
            for curve in curves for k, at in enumerate(curve['eps'])]


def natural_rows(report):
    """Return (header, rows) of REL: a row per kind and level, a column per configuration."""
    names = list(dict.fromkeys(curve['configuration'] for curve in report['natural']))
    cells = {}
    for curve in report['natural']:
        for level, value in zip(curve['levels'], curve['figures']['abs_rel']):
            if level != curve['usual']:
                key = f'{curve["corruption"]} ({curve["unit"]})', level
                cells.setdefault(key, {})[curve['configuration']] = value
    return ['corruption', 'level', *names], [
        [kind, level, *(values[name] for name in names)]
        for (kind, level), values in cells.items()]


def markdown(report) -> str:
    """Write the figures for a document."""
    def table(header, lines):
        text = [[f'{cell:.3f}' if isinstance(cell, float) and place > 1 else f'{cell:g}'
                 if isinstance(cell, (int, float)) else cell for place, cell in enumerate(line)]
                for line in lines]
        return '\n'.join('| ' + ' | '.join(line) + ' |' for line in (
            header, ['---'] * len(header), *text))
    header = ['depth', 'eps', *HEADINGS.values()]
    parts = []
    for heading, curves in (('All frames', report['curves']),
                            ('Few frames, strong attack', report['strong'])):
        for setting in dict.fromkeys(curve['setting'] for curve in curves):
            chosen = [curve for curve in curves if curve['setting'] == setting]
            parts += [f'{heading} ({chosen[0]["images"]}), {setting}:', table(header, [
                [name, at, *map(float, figures)] for _, name, at, figures in rows(chosen)])]
    if report['natural']:
        parts += ['REL under natural corruptions:', table(*natural_rows(report))]
    return '\n\n'.join([*parts, f'{report["protocol"]}: {report["definition"]}. '
                                f'{report["seconds"]:.0f} s.']) + '\n'


def page(report, pictures) -> Page:
    """Make the report as one page."""
    made = Page('Depth under attack')
    made.values({name: str(path) for name, path in report['networks'].items()})
    made.paragraph('transfer: images attacked against N alone, the same for every configuration, '
                   'as published. adaptive: each configuration attacked as a whole, with the '
                   'gradient through its mask and depth network. worst of all: for each image.')
    for setting in dict.fromkeys(curve['setting'] for curve in report['curves']):
        made.plot({curve['configuration']: (curve['eps'], curve['figures']['rmse'])
                   for curve in report['curves'] if curve['setting'] == setting},
                  f'{setting}: RMSE over eps', 'eps', 'RMSE, metres', marks=True)
    levels = f' (about {grey_levels(report["sheet_eps"]):.0f} of 255 grey levels)' \
        if report['space'] == 'normalised' else ''
    made.heading(f'Frames at eps {report["sheet_eps"]:g}{levels}')
    made.paragraph('x* is attacked against N, x^ against N(x.G_adv(x)). Changes are amplified to '
                   'full contrast about grey.')
    made.pictures([('', picture) for picture in pictures.values()], 1, photo=False)
    header = ['setting', 'depth', 'eps', *HEADINGS.values()]
    for heading, curves in (('Figures', report['curves']), ('Strong attack', report['strong'])):
        if curves:
            made.heading(heading)
            made.table(header, [[setting, name, at, *figures]
                                for setting, name, at, figures in rows(curves)],
                       caption=f'{curves[0]["images"]} frames. {report["definition"]}')
    if report['natural']:
        made.heading('Natural corruptions, REL')
        made.table(*natural_rows(report))
    made.details('Versions and machine', json.dumps(report['environment'], indent=1))
    return made
