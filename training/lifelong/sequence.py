# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Domains learnt one after another: which stages a comparison needs, and what they cost and gain.

A stage is a strategy and the domains learnt so far, in their order. The first stage of every
strategy is the same network of one domain, which is trained once.
"""
from __future__ import annotations

from dataclasses import dataclass
import math

from depth_ros.contracts import choose

# Strategy to its name in publications.
STRATEGIES = {'single': 'SDT', 'joint': 'JDT', 'finetune': 'FT', 'frozen': 'FAL', 'ewc': 'EWC',
              'ours': 'ours'}


@dataclass(frozen=True)
class Stage:
    """
    One training: what `strategy` makes of the last of `domains` after the others.

    :param strategy: of `STRATEGIES`; single and joint have no stage before them.
    """

    strategy: str
    domains: tuple[str, ...]

    def __post_init__(self):
        """Refuse an unknown strategy."""
        choose(STRATEGIES, self.strategy, 'strategy')

    @property
    def name(self) -> str:
        """Name the stage's folder."""
        return '-'.join((self.strategy, *self.domains))

    @property
    def previous(self) -> Stage | None:
        """Return the stage that this one goes on from."""
        before = self.domains[:-1]
        if self.strategy in ('single', 'joint'):
            return None
        return Stage(self.strategy if len(before) > 1 else 'single', before)

    @property
    def history(self) -> list[Stage]:
        """Return all stages from the first to this one."""
        return [*(self.previous.history if self.previous else []), self]


def needed(stages) -> list[Stage]:
    """Return stages with all that they go on from, each once, in an order that works."""
    return list(dict.fromkeys(one for stage in stages for one in stage.history))


def summary(stage, scores, metric: str = 'abs_rel') -> dict:
    """
    Tell what a sequence forgot and what it learnt, as changes of an error.

    :param scores: stage to what `scores.score` returned of it; of all of `stage.history` and of
        the single stages of its domains.
    :returns: forgetting: domain but the last to (error now / when it was learnt) - 1; plasticity:
        domain but the first to (error when it was learnt / of a network of it alone) - 1. NaN
        where that is x / 0.
    """
    def change(domain, now, before):
        now, before = (scores[at][domain]['correct'][metric] for at in (now, before))
        return now / before - 1 if before else math.nan
    learnt = {one.domains[-1]: one for one in stage.history}
    if stage.strategy == 'joint':
        learnt = dict.fromkeys(stage.domains, stage)
    return {
        'forgetting': {domain: change(domain, stage, at)
                       for domain, at in learnt.items() if at != stage},
        'plasticity': {domain: change(domain, at, Stage('single', (domain,)))
                       for domain, at in learnt.items() if at.strategy != 'single'}}
