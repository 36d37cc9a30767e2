# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Files written whole or not at all: whatever stops a run leaves the old one or the new one."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import io
import json
import os
from pathlib import Path

from lightning.pytorch.plugins.io import TorchCheckpointIO
import onnx
import torch


@contextmanager
def replacing(path) -> Iterator[Path]:
    """
    Give the path of a new file beside `path`, which takes its place at the end.

    An error leaves `path` as it was, and nothing beside it. A killed process leaves the new file,
    whose name begins with a dot, and the next write of the same process id replaces it.
    """
    path = Path(path)
    part = path.with_name(f'.{path.stem}.{os.getpid()}.part{path.suffix}')
    try:
        yield part
        with part.open('rb') as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(part)):
            error.filename = str(path)  # what a full disk says names no file
        raise


def write_text(path, text: str) -> None:
    """Write a text file whole or not at all."""
    with replacing(path) as part:
        part.write_text(text)


def write_json(path, values, **options) -> None:
    """Write plain values as JSON whole or not at all."""
    write_text(path, json.dumps(values, indent=1, **options) + '\n')


def save_onnx(model, path) -> None:
    """Write a model file whole or not at all."""
    with replacing(path) as part:
        onnx.save(model, str(part))


class WholeCheckpoints(TorchCheckpointIO):
    """
    Checkpoints of Lightning, written beside their place and renamed.

    Lightning writes into the folder of temporary files and moves that, which is a copy where the
    run lies on another disk: a kill then left half a last.ckpt, and a full /tmp stopped a run.
    """

    def save_checkpoint(self, checkpoint, path, storage_options=None):
        """Write a checkpoint, making its folder."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        # Through memory: torch's own writer hides what the disk says.
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with replacing(path) as part:
            part.write_bytes(content.getbuffer())
