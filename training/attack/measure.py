# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
How far depth falls under attack, with and without defence.

Published is the transfer setting: one attacked image per eps, made against plain N, for all
configurations. Whoever knows the defence attacks it as a whole: the adaptive setting, with the
gradient through mask network and N, gives each configuration its own attacked images.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from depth_ros.contracts import InputError
from depth_ros.evaluation.protocols import Average
import torch
from torch import nn
from tqdm import tqdm
from training.attack.gradient import Attack, perturb
from training.attack.mix import of_batch
from training.methods.metric_depth import normalised
from training.saliency.measure import truth_of
from training.targets import Target

FIGURES = ('rmse', 'abs_rel', 'log10', 'delta1', 'delta2', 'delta3')
EPS = (0.0, 0.05, 0.1, 0.15, 0.2)
TRANSFER, ADAPTIVE, WORST = 'transfer', 'adaptive', 'worst of all'


@dataclass(frozen=True)
class Models:
    """
    What is attacked and what defends; None leaves its configurations out.

    :param target: N; mask: G, trained on clean images; guard: G_adv; hardened: N_adv.
    """

    target: Target
    mask: nn.Module | None = None
    guard: nn.Module | None = None
    hardened: Target | None = None


@dataclass(frozen=True)
class Configuration:
    """
    One way to depth from an attacked image.

    :param published: its name in the publication; needs: the member of `Models` it takes.
    :param answer: (models, clean, attacked, depth) -> (B, 1, h, w) metres; depth(target) is the
        function of images of that network.
    :param whole: (models, depth) -> function of the image alone whose gradient an adaptive attack
        follows; None: not a function of the attacked image alone, or N itself.
    """

    published: str
    needs: str
    answer: Callable
    whole: Callable | None = None


def masked(net, depth):
    """Return N(x net(x)) as a function of x."""
    return lambda image: depth(image * net(image))


CONFIGURATIONS = {
    'N': Configuration('N(x*)', 'target', lambda m, clean, x, depth: depth(m.target)(x)),
    'N.G(x)': Configuration('N(x* . G(x))', 'mask', lambda m, clean, x, depth:
                            depth(m.target)(x * m.mask(clean))),
    'N.G': Configuration('N(x* . G(x*))', 'mask',
                         lambda m, clean, x, depth: masked(m.mask, depth(m.target))(x),
                         lambda m, depth: masked(m.mask, depth(m.target))),
    'N_adv': Configuration('N_adv(x*)', 'hardened',
                           lambda m, clean, x, depth: depth(m.hardened)(x),
                           lambda m, depth: depth(m.hardened)),
    'N.G_adv': Configuration('N(x* . G_adv(x*))', 'guard',
                             lambda m, clean, x, depth: masked(m.guard, depth(m.target))(x),
                             lambda m, depth: masked(m.guard, depth(m.target))),
}


def configurations(models: Models) -> dict:
    """Return those of CONFIGURATIONS whose models are there."""
    return {name: one for name, one in CONFIGURATIONS.items()
            if getattr(models, one.needs) is not None}


def measure(models: Models, batches, attack: Attack, eps: Sequence[float] = EPS,
            protocol=None, adaptive: Sequence[Attack] = ()) -> list:
    """
    Measure every configuration at every eps.

    :param batches: of frames with ground truth (`FrameData`), normalised images.
    :param attack: of the transfer setting; its eps does not count.
    :param adaptive: attacks on each defended configuration itself; the first is called 'adaptive',
        further ones by their steps and starts. With any, 'worst of all' takes for each image what
        is worst of the transfer and the adaptive attacks.
    :returns: curves: `setting`, `configuration`, `attack`, `eps`, `figures` ({name: [at eps]}),
        `images`.
    :raises InputError: there is no frame.
    """
    seen, count = {}, 0
    for batch in tqdm(batches, disable=None, desc='attacking', unit='batch', leave=False):
        batch = on_device(batch, models)
        count += len(batch['image'])
        for key, images in _measure_batch(models, batch, attack, eps, protocol, adaptive).items():
            seen.setdefault(key, []).extend(images)
    if not count:
        raise InputError('there is no frame to attack: the data need validation frames')
    attacks = {TRANSFER: attack, **_named(adaptive)}
    curves = {}
    for (setting, name, at), images in seen.items():
        curve = curves.setdefault((setting, name), {
            'setting': setting, 'configuration': name,
            'attack': _described(attacks.get(setting)), 'eps': [],
            'figures': {figure: [] for figure in FIGURES}, 'images': count})
        average = Average(protocol)
        for image in images:
            average.add(image)
        result = average.result()
        curve['eps'].append(at)
        for figure in FIGURES:
            curve['figures'][figure].append(result[figure])
    return list(curves.values())


def on_device(batch, models):
    """Return a batch where the networks are, its images normalised."""
    place = next(models.target.parameters()).device
    batch = {key: value.to(place) if torch.is_tensor(value) else value
             for key, value in batch.items()}
    return {**batch, 'image': normalised(batch['image'])}


def _named(adaptive):
    return {ADAPTIVE if not k else f'{ADAPTIVE}, {one.steps} steps, {one.starts} starts': one
            for k, one in enumerate(adaptive)}


def _described(attack):
    if attack is None:
        return None
    values = asdict(attack)
    del values['eps']
    return values


def _measure_batch(models, batch, attack, eps, protocol, adaptive):
    """Return {(setting, configuration, eps): [metrics of each image]}."""
    clean, found = batch['image'], {}

    def depth(target):
        return of_batch(target, batch)

    def score(setting, name, at, x):
        with torch.no_grad():
            answer = one.answer(models, clean, x, depth)
        truth = truth_of(batch, models.target, answer.shape[2:]).float().cpu().numpy()
        images = [protocol.image(*pair) for pair in zip(answer[:, 0].float().cpu().numpy(), truth)]
        found[setting, name, at] = images
        return images

    for at in eps:
        x = clean
        if at:
            x = perturb(attack.at(at), depth(models.target), clean, batch['depth'])
        for name, one in configurations(models).items():
            tries = [score(TRANSFER, name, at, x)]
            if one.whole is None or not adaptive:
                continue
            for setting, stronger in _named(adaptive).items():
                own = clean
                if at:
                    own = perturb(stronger.at(at), one.whole(models, depth), clean,
                                  batch['depth'])
                tries.append(score(setting, name, at, own))
            found[WORST, name, at] = [max(images, key=_rmse) for images in zip(*tries)]
    return found


def _rmse(image):
    return image['rmse'] if image['pixels'] else -1.0


def stronger(attack: Attack, steps: int, starts: int) -> Attack:
    """
    Return an attack of more steps and random starts, of which the worst counts.

    The steps together reach two and a half times as far as the ball, as is usual.
    """
    return replace(attack, steps=steps, starts=starts, keep_worst=True, alpha=None,
                   pace=2.5 / steps)
