# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`python -m training validate`: errors of a run on its validation frames."""
HELP = 'errors on the fixed procedural frames'


def add_arguments(parser):
    """Add the checkpoint."""
    parser.add_argument('--checkpoint', required=True)


def run(args):
    """Measure and print."""
    import torch
    from training.experiment import build
    from training.export import load_method
    from training.methods.base import depth_metrics
    method, config, _ = load_method(args.checkpoint)
    data, total, count = build(config['data']), torch.zeros(2), 0
    with torch.no_grad():
        for batch in data.val_dataloader():
            total += torch.stack(depth_metrics(method.predict_depth(batch), batch['depth']))
            count += 1
    rel, delta1 = (total / count).tolist()
    print(f'procedural validation frames: REL {rel:.4f}, delta1 {delta1:.4f}')
    return 0
