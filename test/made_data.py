# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Training data that needs no renderer: floors askew before a wall, in random colours."""
import lightning
import torch
from torch.utils.data import DataLoader


class MadeData(lightning.LightningDataModule):
    """Batches of floors with one row as the line, or without one."""

    def __init__(self, batch_size: int = 2, none_share: float = 0.0, device: str = 'cpu'):
        """Keep the options, those of ProceduralData that matter here."""
        super().__init__()
        self.save_hyperparameters()

    def _batch(self, seed):
        count = self.hparams.batch_size
        generator = torch.Generator().manual_seed(seed)
        down = torch.linspace(0.05, 1, 32)[None, :, None]
        right = torch.linspace(-1, 1, 64)[None, None, :]
        near, tilt = torch.rand(2, count, 1, 1, generator=generator)
        rows = (down + 0.5 * (tilt - 0.5) * right).clamp(min=0.05)
        depth = ((0.5 + 2 * near) / rows).clamp(max=8.0).contiguous()
        sparse = torch.zeros_like(depth)
        if self.hparams.none_share < 1:
            row = 8 + seed % 20
            sparse[:, row] = depth[:, row]
        image = torch.randint(0, 255, (count, 32, 64, 3), generator=generator,
                              dtype=torch.uint8)
        return {'image': image, 'sparse_depth': sparse, 'depth': depth,
                'camera': torch.tensor([[60.0, 60.0, 31.5, 15.5]]).repeat(count, 1)}

    def train_dataloader(self):
        """Enough batches for any test."""
        return DataLoader([self._batch(seed) for seed in range(20)], batch_size=None)

    def val_dataloader(self):
        """One batch."""
        return DataLoader([self._batch(99)], batch_size=None)
