# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A published table as data: rows with their figures, and the settings that rerun them."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from training.tables.measure import measure_depth


@dataclass(frozen=True)
class Row:
    """
    One row.

    :param name: short, also the name of its run's folder; label: as the table prints it.
    :param published: figures by the names of `Table.columns`; those not published are left out.
    :param config: `config/training/<config>.yaml`, changed by `change` (KEY=VALUE as in `fit
        --set`); None: a figure quoted from others, which is not rerun.
    :param train: (role of the data, whether its labels are used), see `data.FULL`.
    :param teacher: name of the row whose checkpoint teaches this one.
    """

    name: str
    label: str
    published: dict = field(default_factory=dict)
    config: str | None = None
    change: tuple[str, ...] = ()
    train: tuple[tuple[str, bool], ...] = (('nyu', True),)
    teacher: str | None = None


@dataclass(frozen=True)
class Table:
    """
    A published table.

    :param columns: metric name to the heading in print.
    :param needs: roles of the full data, training sets first; see `data.FULL`.
    :param small_steps, small_batch, small_size, small_crop: of a row on small data; sizes are
        (height, width).
    :param measure: (method, loader) -> {metric: figure}; another for tables of other methods.
    :param rerun: what reruns it, None: `rerun.rerun`; teachers: role to where its weights are;
        small_change: KEY=VALUE of all rows on small data. The last two are for `rerun_taught`.
    :param small_row: (config, number of training images), what else small data change in place.
    """

    name: str
    title: str
    source: str
    columns: dict
    rows: tuple[Row, ...]
    needs: tuple[str, ...] = ('nyu',)
    small_steps: int = 30
    small_batch: int = 4
    small_size: tuple[int, int] = (78, 104)
    small_crop: tuple[int, int] = (72, 96)
    measure: Callable = measure_depth
    rerun: Callable | None = None
    teachers: dict = field(default_factory=dict)
    small_change: tuple[str, ...] = ()
    small_row: Callable | None = None
