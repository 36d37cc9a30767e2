# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Metric depth of one domain after another, without forgetting the ones before.

Hu et al., Lifelong-MonoDepth: Lifelong Learning for Multi-Domain Monocular Metric Depth Estimation
(arXiv 2303.05050).
"""
from __future__ import annotations

from depth_ros.contracts import choose, InputError
from depth_ros.evaluation.protocols import find_protocol
import torch
from training.datasets.domains import DomainData, in_order, stored
from training.lifelong.domains import domain_folder, domain_names, read_kept, REPLAY
from training.lifelong.fisher import diagonal_fisher, ewc_penalty
from training.losses.lifelong import FLOOR, stage_loss, uncertainty_loss
from training.methods.metric_depth import normalised, truth_at
from training.methods.recipe import Recipe
from training.networks.blocks import resize
from training.networks.lifelong import LifelongNet
from training.runs import load_method, run_folder

# What is trained, and what holds the old domains.
STRATEGIES = {
    'ours': 'everything; consistency with the network before and replay',
    'finetune': 'encoder, fusion and the new heads; nothing holds the old domains',
    'frozen': 'the new heads alone, on features that stay as they are, statistics too',
    'ewc': 'as finetune; weights that the old domains need are held (elastic weight '
           'consolidation)',
    'joint': 'several domains at once, by their batches in turn; there is none before'}


class Lifelong(Recipe):
    """
    Learn a new domain with a network that knows others: one stage.

    Adam, learning rate times `decay_by` every `decay_every` epochs (or steps). Data are those of
    `DomainData`. When training ends, what is kept of each domain is written beside the weights,
    see `lifelong.stage`.

    :param domain: name of the new domain; with strategy joint, names of several.
    :param previous: the run of the stage before, its folder or last.ckpt; None for a first stage.
    :param strategy: see STRATEGIES; without old domains all but joint are the same.
    :param imagenet: start the encoder of a first stage from `weights`, or from the public ones
        where that is None.
    :param weight_consistency, weight_replay: lambda of an old domain's two terms, one number or
        one for each old domain; weight_replay None: as weight_consistency.
    :param weight_ewc: lambda of elastic weight consolidation; fisher_frames: replay frames of
        which, at most, Fisher's information is made.
    :param focal: None for domains of one camera each. Otherwise all predictors answer for a
        camera of that focal length (pixels) and answers are scaled by the batch's camera.
    :param author_mode: as the released two-domain script: the old heads begin with random weights,
        replay begins once per epoch and is not repeated, after which every old domain has the
        first one's weight; nothing keeps the medians of the consistency from 0; means are divided
        by one less than the number of images.
    :param protocol: of validation, see `depth_ros.evaluation.protocols`.
    :param freeze_norm: keep BatchNorm's statistics, for batches of one or two images.
    :param older: names of the old domains, and `focal` of each; None: those of `previous`.
    """

    task = 'monocular'  # of the model contract

    def __init__(self, domain: str | list[str] = 'first', encoder: str = 'resnet34',
                 imagenet: bool = True, weights: str | None = None,
                 previous: str | None = None, strategy: str = 'ours',
                 weight_consistency: float | list[float] = 10.0,
                 weight_replay: float | list[float] | None = None, weight_ewc: float = 1e3,
                 fisher_frames: int = 1000, lr: float = 1e-4, weight_decay: float = 1e-4,
                 decay_every: int = 5, decay_by: float = 0.5, decay_unit: str = 'epoch',
                 focal: float | None = None, author_mode: bool = False,
                 protocol: str = 'pixel_weighted', freeze_norm: bool = False,
                 older: dict[str, float | None] | None = None):
        """See the class; the weights of `previous` are read when training starts."""
        super().__init__()
        self.save_hyperparameters()
        find_protocol(protocol)
        choose(STRATEGIES, strategy, 'strategy')
        new = [domain] if isinstance(domain, str) else list(domain)
        if older is None:
            older = {name: read_kept(previous, name).focal
                     for name in (domain_names(previous) if previous else ())}
        self.names, self.count_old = [*older, *new], len(older)
        self.focals = [*older.values()] + [focal] * len(new)
        _check_names(self.names, new, strategy, previous)
        self.consistency = self._weights('weight_consistency')
        self.replay = self._weights('weight_replay') or self.consistency
        start = (weights or 'imagenet') if imagenet and not older else None
        self.net = LifelongNet(encoder, len(self.names), start)
        # In a tuple, so that it is neither trained nor written to the checkpoints.
        self.kept, self.fisher = (), {}
        self.train()  # what a strategy freezes

    def _weights(self, key) -> list:
        given = self.hparams[key]
        if given is None:
            return []
        given = [given] * self.count_old if isinstance(given, (int, float)) else list(given)
        if len(given) != self.count_old or min(given, default=0) < 0:
            raise InputError(f'model.{key} is {self.hparams[key]}: give one number of 0 or more, '
                             f'or one for each of the {self.count_old} old domains')
        return given

    @classmethod
    def loading_options(cls, options: dict, content: dict) -> dict:
        """Return the options to make the method of a checkpoint with, without the run before."""
        older = content.get('older_domains')
        return {**options, 'previous': None, 'older': older} if older else options

    def on_save_checkpoint(self, checkpoint):
        """Keep what loading needs to know of the old domains."""
        checkpoint['older_domains'] = dict(zip(self.names[:self.count_old], self.focals))

    def setup(self, stage: str | None = None):
        """Take over the network before, and give its replay frames to the data."""
        h, data = self.hparams, self.trainer.datamodule
        if stage == 'fit' and not isinstance(data, DomainData | None):
            raise InputError(f'{type(data).__name__} keeps no frames for later stages: lifelong '
                             'learning needs data.class_path: DomainData')
        if stage != 'fit' or self.kept or not h.previous:
            return
        previous, _, _ = load_method(run_folder(h.previous) / 'last.ckpt')
        if not isinstance(previous, Lifelong) or previous.names != self.names[:self.count_old]:
            raise InputError(f'{h.previous} is no run of lifelong learning with the domains '
                             f'{", ".join(self.names[:self.count_old])}')
        if previous.hparams.encoder != h.encoder:
            raise InputError(f'model.encoder={h.encoder}, but {h.previous} has '
                             f'{previous.hparams.encoder}')
        self.net.copy_from(previous.net, heads=not h.author_mode)
        self.kept = (previous.net.eval().requires_grad_(False),)
        if data is not None and h.strategy == 'ours':
            data.remember([(domain_folder(h.previous, name) / REPLAY,
                            read_kept(h.previous, name).steps) for name in previous.names],
                          not h.author_mode)

    def on_fit_start(self):
        """Find what the old domains need of the weights, for elastic weight consolidation."""
        if self.hparams.strategy == 'ewc' and self.kept:
            net = self.kept[0].to(self.device).requires_grad_(True)
            self.fisher = diagonal_fisher(dict(enumerate(net.shared())), self._old_losses(net))
            net.requires_grad_(False)

    def _old_losses(self, net):
        """Yield the loss of the network before on each kept frame of the old domains."""
        h = self.hparams
        for domain, name in enumerate(self.names[:self.count_old]):
            frames = stored(domain_folder(h.previous, name) / REPLAY,
                            read_kept(h.previous, name).steps, False)
            frames.indices = frames.data.spread(h.fisher_frames)
            for batch in in_order(frames, 1):
                batch = {key: value.to(self.device) if torch.is_tensor(value) else value
                         for key, value in batch.items()}
                yield uncertainty_loss(*net.predict(net.features(normalised(batch['image'])),
                                                    domain), self.targets(batch, domain))

    def train(self, mode: bool = True):
        """Switch to training, but for what the strategy keeps as it is."""
        super().train(mode)
        if self.count_old:
            old, strategy = self.net.predictors[:self.count_old], self.hparams.strategy
            still = {'ours': (), 'joint': ()}.get(strategy, (old,))
            if strategy == 'frozen':
                still = (old, self.net.encoder, self.net.fusion)
            for part in still:
                part.requires_grad_(False).eval()
        return self

    def unit(self, batch, domain: int):
        """Return metres per unit of a predictor's answer: (B, 1, 1, 1), or 1."""
        if self.focals[domain] is None:
            return 1.0
        focal = (batch['camera'][:, 0] * batch['camera'][:, 1]).sqrt()
        return (focal / self.focals[domain])[:, None, None, None]

    def targets(self, batch, domain: int):
        """Give the ground truth (B, 1, H, W) in the unit of a predictor; unknown is 0."""
        return truth_at(batch['depth'], batch['depth'].shape[1:]) / self.unit(batch, domain)

    def domain_of(self, batch) -> int:
        """Return the predictor of a batch: the one that it names, or the newest."""
        return int(batch['domain'][0]) if 'domain' in batch else -1

    def losses(self, batch) -> dict:
        """Learn a batch of the new domain; hold the old ones as the strategy says."""
        h, domain = self.hparams, self.domain_of(batch)
        image = normalised(batch['image'])
        features = self.net.features(image)
        new, old, frozen, replay = said(self.net, features, domain), (), (), ()
        if h.strategy == 'ours' and self.kept:
            old = [said(self.net, features, k) for k in range(self.count_old)]
            frozen = self._before(image)
            replay = [self._replayed(one, k) for k, one in enumerate(batch.get('replay', ()))]
        consistency, replayed = self.consistency, self.replay
        if h.author_mode and None in replay:
            consistency, replayed = ([one[0]] * len(one) for one in (consistency, replayed))
        parts = stage_loss(new, self.targets(batch, domain), old, frozen, replay, consistency,
                           replayed, 0.0 if h.author_mode else FLOOR)
        if self.fisher:
            parts['ewc'] = h.weight_ewc * ewc_penalty(
                self.fisher, *(dict(enumerate(net.shared())) for net in (self.net, self.kept[0])))
            parts['loss'] = parts['loss'] + parts['ewc']
        return {**parts, 'prediction': new[0]}

    @torch.no_grad()
    def _before(self, image) -> list:
        """Give what the network before says of images, for each old domain."""
        net = self.kept[0].to(image.device)
        features = net.features(image)
        return [said(net, features, k) for k in range(self.count_old)]

    def _replayed(self, batch, domain):
        """Give (depth, log-uncertainty, target) of an old domain's own frames, or None."""
        if batch is None:
            return None
        features = self.net.features(normalised(batch['image']))
        return *said(self.net, features, domain), self.targets(batch, domain)

    def answer(self, features, batch, domain: int):
        """Predict (B, H, W) metres at the size of the ground truth by a predictor."""
        depth = self.net.predictors[domain].depth(features) * self.unit(batch, domain)
        return resize(depth, batch['depth'].shape[1:])[:, 0]

    def predict_depth(self, batch):
        """Predict (B, H, W) metres by the predictor of the batch's domain, or the newest."""
        return self.answer(self.net.features(normalised(batch['image'])), batch,
                           self.domain_of(batch))

    def after_fit(self, run, data) -> None:
        """Write what the run keeps of its domains."""
        from training.lifelong.stage import finish_stage
        finish_stage(run, data)


def said(net, features, domain: int) -> tuple:
    """Give (depth, log-uncertainty) in full precision, which losses need."""
    return tuple(value.float() for value in net.predict(features, domain))


def _check_names(names, new, strategy, previous):
    for name in new:
        domain_folder('.', name)  # says what is wrong with it
    if len(set(names)) < len(names):
        raise InputError(f'model.domain={", ".join(new)}: the domains must have different names, '
                         f'and there are {", ".join(names)}')
    if (strategy == 'joint') != (len(new) > 1) or not new:
        raise InputError(f'model.domain={", ".join(new)} with model.strategy={strategy}: several '
                         'domains at once are learned by strategy joint, and one by the others')
    if strategy == 'joint' and previous:
        raise InputError('model.strategy=joint has no model.previous: give the frames of all '
                         'domains (data.others)')
