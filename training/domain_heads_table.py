# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the heads of several domains cost, by the way they are computed, in every engine here."""
from __future__ import annotations

from pathlib import Path
from time import process_time
from types import SimpleNamespace

from depth_ros.contracts import InputError
from depth_ros.engines import close, EngineError, load_only, parity
from depth_ros.engines.precision import typed
from depth_ros.engines.trt_build import build, BuildOptions
from depth_ros.engines.trt_libraries import Libraries
from depth_ros.model import CONTRACT, read_spec
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto
import torch
from training.domain_heads import GatheredHeads, HEADS
from training.domains_graph import DomainsGraph
from training.export import DEPTH_MIN, write_graph, write_metadata
from training.networks.lifelong import LifelongNet
from training.untrained import randomise

LIMIT = 0.05  # see untrained.LIMIT
ENGINES = ('onnxruntime', 'openvino')
WAYS = (*HEADS, 'branches')
WARM_UP = 3


def untrained(path, encoder: str, domains: int, size, heads: str, seed: int = 1):
    """
    Write a network with random weights and mean maps; return the ModelSpec.

    :param heads: one of WAYS.
    """
    torch.manual_seed(seed)
    net = LifelongNet(encoder, domains).eval()
    randomise(_Runnable(net), 'monocular')
    for predictor in net.predictors:
        predictor.depth[-1].bias.data += 10.0  # relative errors about 0 m would say nothing
    shape = (64, size[0] // 2, size[1] // 2)
    like = np.concatenate([np.zeros((1, 128)), np.eye(128)]).astype(np.float32)
    facts = [SimpleNamespace(name=f'domain {number}', focal=100.0, typical_depth=3.0,
                             depth_max=80.0, distance_99=1.0,
                             mean=torch.rand(shape).numpy(), likeness=like)
             for number in range(domains)]
    graph = DomainsGraph(net, facts, HEADS.get(heads, GatheredHeads)).eval()
    _, (height, width, multiple) = write_graph(graph, 'monocular', path, size, LIMIT)
    if heads == 'branches':
        onnx.save(branched(onnx.load(str(path))), str(path))
    write_metadata(path, {
        'contract': CONTRACT, 'name': Path(path).stem, 'task': 'monocular',
        'input_height': height, 'input_width': width, 'size_multiple': multiple,
        'depth_min': DEPTH_MIN, 'licence': 'Apache-2.0', 'lineage': 'random weights: for timing',
        'training': 'none', 'seed': seed, 'revision': '', 'figures': '{}', **graph.metadata()})
    return read_spec(path)


def branched(model):
    """Turn a graph of GatheredHeads into one with a branch (`If`) per domain (in place)."""
    graph, make = model.graph, helper.make_node
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = [stored[f'heads.{name}'] for name in ('first', 'first_bias', 'last', 'last_bias')]
    made = {output: node for node in graph.node for output in node.output}
    first, last = [node for node in graph.node if node.op_type == 'Conv'
                   and node.input[1] not in stored]
    features, answer = first.input[0], last.output[0]
    gathers = [made[made[name].input[0]] for node in (first, last) for name in node.input[1:]]
    domain = gathers[0].input[1]

    def pair(number):
        """Return the branch of one domain."""
        names = [f'{name}_{number}' for name in ('w1', 'b1', 'w2', 'b2')]
        output = f'answer_{number}'
        nodes = [make('Conv', [features, *names[:2]], [f'x_{number}'], pads=[2] * 4),
                 make('Relu', [f'x_{number}'], [f'y_{number}']),
                 make('Conv', [f'y_{number}', *names[2:]], [output], pads=[2] * 4, group=2)]
        constants = [numpy_helper.from_array(np.ascontiguousarray(values[number]), name)
                     for name, values in zip(names, weights)]
        return helper.make_graph(nodes, f'domain_{number}', [], [
            helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], constants)

    def chain(number, output):
        """Return the nodes that choose between this domain and those after it."""
        rest = pair(number + 1)
        if number + 2 < len(weights[0]):
            name = f'rest_{number}'
            rest = helper.make_graph(chain(number + 1, name), f'after_{number}', [], [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, None)])
        graph.initializer.append(numpy_helper.from_array(np.array([number]), f'is_{number}'))
        return [make('Equal', [domain, f'is_{number}'], [f'equal_{number}']),
                make('If', [f'equal_{number}'], [output], then_branch=pair(number),
                     else_branch=rest)]

    place = list(graph.node).index(last)
    new = chain(0, answer)
    gone = [first, last, *gathers, *(made[name] for node in (first, last)
                                     for name in node.input[1:])]
    gone += [node for node in graph.node if node.op_type == 'Relu'
             and node.input[0] == first.output[0]]
    nodes = list(graph.node)
    kept = nodes[:place] + new + nodes[place:]
    kept = [node for node in kept if not any(node is other for other in gone)]
    del graph.node[:]
    graph.node.extend(kept)
    for tensor in [tensor for tensor in graph.initializer if tensor.name.startswith('heads.')]:
        graph.initializer.remove(tensor)
    return model


class _Runnable(torch.nn.Module):
    """A LifelongNet as `untrained.randomise` runs it: on uint8 images, every head once."""

    def __init__(self, net):
        """Wrap it."""
        super().__init__()
        self.net = net

    def forward(self, image):
        """(1, H, W, 3) uint8 -> depth of the first domain."""
        features = self.net.features((image.float() / 58 - 2).permute(0, 3, 1, 2))
        return [self.net.predict(features, number)[0]
                for number in range(len(self.net.predictors))][0]


def measure(folder, encoder: str, size, domains, rounds: int, threads: int, report=print) -> dict:
    """
    Export every way for every number of domains, and time all of them in turns.

    Times are those of the processor that this process had, since other processes may have the
    rest of it.

    :returns: `rows` of plain values: heads, domains, MiB, `ms` by engine (median), `tensorrt`: by
        precision 'ok', or why it cannot be converted, parsed or built (most domains only).
    """
    rows = []
    for number in domains:
        loaded = {}
        for heads in WAYS if number > 1 else ['gathered']:
            spec = untrained(Path(folder) / f'{heads}_{number}.onnx', encoder, number, size, heads)
            rows.append({'heads': heads, 'domains': number, 'ms': {}, 'notes': {},
                         'mib': spec.file.stat().st_size / 2 ** 20})
            for engine in ENGINES:
                try:
                    loaded[len(rows) - 1, engine] = load_only(
                        engine, spec, *size, threads=threads)
                except EngineError as error:
                    rows[-1]['notes'][engine] = str(error)
            rows[-1]['tensorrt'] = (_tensorrt(spec, size, folder)
                                    if number == max(domains) > 1 else '')
            report(f'{heads}, {number} domains: made')
        for (place, engine), milliseconds in _in_turns(loaded, rounds).items():
            rows[place]['ms'][engine] = milliseconds
    return {'encoder': encoder, 'size': list(size), 'rounds': rounds, 'threads': threads,
            'rows': rows}


def _in_turns(loaded, rounds) -> dict:
    """Run every engine once a round and return their medians in milliseconds."""
    times, rng = {key: [] for key in loaded}, np.random.default_rng(0)
    for turn in range(WARM_UP + rounds):
        for index in rng.permutation(len(loaded)):
            key, engine = list(loaded.items())[index]
            feed = parity.stored_input(engine.spec, engine.height, engine.width)
            start = process_time()
            engine.run(**feed)
            if turn >= WARM_UP:
                times[key].append(1e3 * (process_time() - start))
    for engine in loaded.values():
        close(engine)
    return {key: float(np.median(values)) for key, values in times.items()}


def _tensorrt(spec, size, folder):
    """Say whether TensorRT-RTX, which needs no GPU for that, parses and builds it."""
    try:
        import tensorrt_rtx_bindings as trt
    except ImportError:
        return 'not installed'
    libraries, found = Libraries(trt, None, 'tensorrt_rtx', trt.__version__), {}
    for precision in ('fp32', 'fp16', 'int8'):
        try:
            file = typed(spec, precision, folder)
            build(libraries, file, spec, *size, BuildOptions(precision))
            found[precision] = 'ok'
        except InputError as error:
            found[precision] = str(error)[:300]
        except Exception as error:
            found[precision] = f'{type(error).__name__}: {error}'[:300]
    return found


def table(report) -> str:
    """Return the Markdown table: milliseconds, and in brackets the parts of one domain's."""
    lines = ['| domains | heads | ' + ' | '.join(f'{engine}, ms' for engine in ENGINES)
             + ' | MiB | TensorRT-RTX |', '|---' * (4 + len(ENGINES)) + '|']
    alone = next((row['ms'] for row in report['rows'] if row['domains'] == 1), {})
    for row in report['rows']:
        cells = [str(row['domains']), row['heads']]
        for engine in ENGINES:
            value = row['ms'].get(engine)
            text = row['notes'].get(engine, '')[:40] if value is None else f'{value:.1f}'
            if value and alone.get(engine):
                text += f' ({value / alone[engine]:.2f})'
            cells.append(text)
        found = row['tensorrt']
        said = found if isinstance(found, str) else ', '.join(
            name if text == 'ok' else f'no {name}' for name, text in found.items())
        lines.append('| ' + ' | '.join([*cells, f'{row["mib"]:.1f}', said]) + ' |')
    return '\n'.join(lines)
