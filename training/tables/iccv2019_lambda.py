# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How few pixels are enough, by lambda: masks for ResNet-50 on NYU v2 (ICCV 2019)."""
from training.tables.masked import MaskRow, NETWORK, rerun_masked
from training.tables.table import Table

COLUMNS = {'rmse_soft': 'RMSE(M)', 'rmse_binary': "RMSE(M')", 'sparseness': 'sparseness'}
PUBLISHED = {1: (.605, .568, .920), 2: (.668, .617, .746), 3: (.699, .668, .589),
             4: (.731, .733, .425), 5: (.740, .758, .361), 6: (.772, .882, .215)}


def _figures(*values):
    return dict(zip(COLUMNS, values))


TABLE = Table(
    name='iccv2019-lambda',
    title='RMSE of a depth network that sees only what its mask shows, by lambda (NYU v2). M is '
          "the soft mask, M' the binarised one, sparseness the share of pixels that M' shows",
    source='Hu et al., Visualization of Convolutional Neural Networks for Monocular Depth '
           'Estimation, ICCV 2019',
    columns=COLUMNS,
    rerun=rerun_masked,
    teachers={'N': 'a last.ckpt, an ONNX file or a shipped model; trained here where not given'},
    rows=(
        MaskRow(NETWORK, 'whole image', _figures(.555, .555, 1.0), 'supervised',
                small='cpu/real_supervised', small_steps=700,
                small_change=('model.network=fast_student', 'model.encoder=efficientnet_lite0',
                              'model.imagenet=true', 'model.decay_every=400',
                              'model.protocol=image_mse')),
        *(MaskRow(f'lambda{k}', f'lambda {k}', _figures(*values), 'saliency',
                  (f'model.sparsity={k}.0',), teacher=NETWORK, small='cpu/saliency',
                  small_steps=200)
          for k, values in PUBLISHED.items())))
