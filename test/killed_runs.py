# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Kill training by signal 9 at random moments and go on: `PYTHONPATH=. python test/killed_runs.py`.

For each of fit, export, r2m, a stage of lifelong learning and add-domain, on tiny data: the
command once without interruption, then killed again and again until it has been killed `--kills`
times, then to its end. Each time the files that stand under their own names must be whole, and the
end must be the same. Prints a Markdown table.
"""
import argparse
import json
import os
from pathlib import Path
import random
import signal
import sys
import tempfile
import time
import traceback

from depth_ros.model import read_spec
import numpy as np
from posts_bag import make_posts_bag
from tiny_frames import fit_config
import torch
from training.__main__ import main as training_main
from training.networks.encoders import read_checkpoint
import yaml

TOLERANCE = 1e-4
SMALL = ('data.batch_size=2', 'data.steps.size=[64,96]', 'data.steps.crop=[64,96]',
         'trainer.checkpoint_steps=1', 'trainer.log_every_n_steps=1')


def run(words, kill_after=None):
    """Run a command in a child; kill it after seconds. Returns (exit code or None, seconds)."""
    begin = time.monotonic()
    child = os.fork()
    if not child:
        log = os.open(os.path.join(tempfile.gettempdir(), 'killed_runs.log'),
                      os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = 70
        try:
            code = training_main([str(word) for word in words])
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)
    if kill_after is not None:
        end = begin + kill_after
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status), time.monotonic() - begin
            time.sleep(min(0.005, max(end - time.monotonic(), 0)))
        os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return (None if code == -signal.SIGKILL else code), time.monotonic() - begin


class Fit:
    """`fit`: last.ckpt is whole at any time; its weights and their mean are the same."""

    def __init__(self, folder, steps=8):
        """Write the data."""
        self.config = fit_config(folder, steps)

    def words(self, out):
        """Return the command."""
        return ['fit', '--config', self.config, '--run', out]

    def check(self, out):
        """Look at what a kill left."""
        if (out / 'last.ckpt').exists():
            read_checkpoint(out / 'last.ckpt')
        for name in ('config.yaml', 'provenance.json'):
            if (out / name).exists():
                assert yaml.safe_load((out / name).read_text()), name

    def result(self, out):
        """Return {name: array} of the end."""
        content = read_checkpoint(out / 'last.ckpt')
        found = {**content['state_dict'], **{f'mean {name}': value for name, value in
                                             content['average']['mean'].items()}}
        return {'steps': np.array(content['global_step']),
                **{name: value.float().numpy() for name, value in found.items()}}


class Export(Fit):
    """`export`: the file of before or the new one; answers are the same."""

    def __init__(self, folder, steps=8):
        """Train what is exported."""
        from tiny_runs import leave_run
        self.checkpoint = leave_run(folder / 'left', 'Student', {})

    def words(self, out):
        """Return the command."""
        return ['export', '--checkpoint', self.checkpoint, '--out', out / 'model.onnx']

    def check(self, out):
        """Look at what a kill left."""
        if (out / 'model.onnx').exists():
            read_spec(out / 'model.onnx')

    def result(self, out):
        """Return what the model says of an image."""
        import onnxruntime
        spec = read_spec(out / 'model.onnx')
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(spec.file), options, ['CPUExecutionProvider'])
        image = np.random.default_rng(0).integers(
            0, 255, (1, spec.input_height, spec.input_width, 3), dtype=np.uint8)
        return {'depth': session.run(['depth'], {'image': image})[0]}


class Robot(Fit):
    """`r2m`: record, frames, answers, checkpoint and model are whole; the figures are the same."""

    def __init__(self, folder, steps=8):
        """Write the recording."""
        self.bag = make_posts_bag(folder / 'yard', frames=40)

    def words(self, out):
        """Return the command."""
        return ['r2m', '--bag', self.bag, '--out', out, '--steps', 6, '--measure-frames', 6,
                '--take', 'trained', '--set', *SMALL]

    def check(self, out):
        """Look at what a kill left."""
        if (out / 'r2m.json').exists():
            json.loads((out / 'r2m.json').read_text())
        for path in (out / 'model.onnx', out / 'run' / 'trained.onnx'):
            if path.exists():
                read_spec(path)
        super().check(out / 'run')

    def result(self, out):
        """Return weights and figures."""
        stages = json.loads((out / 'r2m.json').read_text())['stages']
        beams = stages['figures']['found']['beams']
        return {**super().result(out / 'run'),
                **{f'REL {name}': np.array(one['abs_rel']) for name, one in beams.items()}}


class Stage(Fit):
    """A stage of lifelong learning: what is kept of each domain is whole and the same, too."""

    def __init__(self, folder, steps=8):
        """Train the stage before, on one frame: the order does not matter."""
        from tiny_domains import stage_config, write_domain_frames
        from training.lifelong.stage import run_stage
        self.first, self.steps = folder / 'first', steps
        sources = [write_domain_frames(folder / name, scale, train=1, test=1)
                   for name, scale in (('room', 1.0), ('street', 8.0))]
        for name, source, previous in zip(('room', 'street'), sources, (None, self.first)):
            config = stage_config(name, source, previous, steps)
            config['average'] = 0.9
            config['data']['init_args']['batch_size'] = 1
            self.config = folder / f'{name}.yaml'
            self.config.write_text(yaml.safe_dump(config))
            if previous is None:
                run_stage(config, self.first)

    def check(self, out):
        """Look at what a kill left."""
        super().check(out)
        for path in out.glob('domains/[!.]*/*.json'):
            assert json.loads(path.read_text()), path
        for path in out.glob('domains/[!.]*/mean.npy'):
            assert np.load(path).shape[0] == 64

    def result(self, out):
        """Return weights, means and facts of the end."""
        from training.lifelong.domains import NUMBERS, read_domains
        found = super().result(out)
        for domain in read_domains(out):
            found.update({f'{domain.name} {key}': np.array(getattr(domain, key))
                          for key in ('mean', *NUMBERS)})
        return found


class AddDomain(Stage):
    """`add-domain`: its report is the same as well."""

    def words(self, out):
        """Return the command."""
        return ['add-domain', '--model', self.first, '--data', self.config, '--name', 'street',
                '--out', out, '--steps', self.steps]

    def result(self, out):
        """Return the figures, too."""
        domains = json.loads((out / 'report.json').read_text())['domains']
        return {**super().result(out), **{
            f'REL {name} {when}': np.array(one['selected']['abs_rel'])
            for name, both in domains.items() for when, one in both.items()}}


KINDS = {'fit': Fit, 'export': Export, 'r2m': Robot, 'stage': Stage, 'add-domain': AddDomain}


def killed(kind, kills, seed, folder, steps=8):
    """Return {kills, seconds, worst}: how far the end is from that of the run without kills."""
    chance, case = random.Random(seed), KINDS[kind](folder, steps)
    whole, out = folder / 'whole', folder / 'killed'
    whole.mkdir()
    out.mkdir()
    code, seconds = run(case.words(whole))
    assert code == 0, f'{kind} ends with {code}'
    hit = ended = 0
    while hit < kills:
        code, _ = run(case.words(out), chance.uniform(0, seconds))
        assert code in (None, 0), f'{kind}, called again after {hit} kills, ends with {code}'
        hit += code is None
        case.check(out)
        if code == 0:  # it came to its end before: begin again
            ended += 1
            compare(case, whole, out)
            out = folder / f'killed_{ended}'
            out.mkdir()
    assert run(case.words(out))[0] == 0
    return {'kills': hit, 'ends': ended + 1, 'seconds': seconds,
            'worst': compare(case, whole, out)}


def compare(case, whole, out):
    """Return the greatest difference of two ends, over the greatest value of each array."""
    wanted, found = case.result(whole), case.result(out)
    assert wanted.keys() == found.keys()
    worst = max(float(np.abs(found[name] - value).max() / max(np.abs(value).max(), 1e-3))
                for name, value in wanted.items() if value.size)
    assert worst < TOLERANCE, f'the end differs by {worst}'
    return worst


def main():
    """Kill each kind of command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--what', nargs='*', default=list(KINDS), choices=list(KINDS))
    parser.add_argument('--kills', type=int, default=20)
    parser.add_argument('--steps', type=int, default=8, help='of fit')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    print('| command | seconds alone | killed | ends | greatest difference at the end |\n'
          '|---|---|---|---|---|')
    for kind in args.what:
        with tempfile.TemporaryDirectory() as folder:
            found = killed(kind, args.kills, args.seed, Path(folder), args.steps)
        print(f'| {kind} | {found["seconds"]:.1f} | {found["kills"]} | {found["ends"]} | '
              f'{found["worst"]:.1e} |', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
