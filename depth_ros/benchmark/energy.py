# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""
Energy that the machine took meanwhile, and the power mode that it ran in.

Intel and AMD count joules in /sys/class/powercap (RAPL); the sensors of a Jetson (INA3221) tell
the power of this moment, which is integrated. Where neither can be read, `reason` says why.
"""
from pathlib import Path
import threading
import time

SAMPLE_SECONDS = 0.02
NVPMODEL = 'var/lib/nvpmodel/status'


class NoMeter:
    """Nothing can be read here; `joules` is None."""

    source = None

    def __init__(self, reason):
        """Keep why."""
        self.reason = reason

    def joules(self):
        """Return None."""

    def close(self):
        """Nothing to stop."""


class RaplMeter:
    """Counts of all processor packages, with their overflow."""

    reason = ''

    def __init__(self, zones):
        """Take the folders of the packages."""
        self._zones = [(zone / 'energy_uj', int((zone / 'max_energy_range_uj').read_text()))
                       for zone in zones]
        self.source = 'RAPL ' + ', '.join((zone / 'name').read_text().strip() for zone in zones)
        self._last = [int(path.read_text()) for path, _ in self._zones]
        self._total = 0

    def joules(self):
        """Joules since the start."""
        for index, (path, most) in enumerate(self._zones):
            now = int(path.read_text())
            step = now - self._last[index]
            # The counter starts again at 0 after its largest value.
            self._total += step if step >= 0 else step + most + 1
            self._last[index] = now
        return self._total / 1e6

    def close(self):
        """Nothing to stop."""


class InaMeter:
    """Power of the board's first rail, sampled by a thread."""

    reason = ''

    def __init__(self, volts, amperes, label):
        """Take the files of millivolts and milliamperes."""
        self._files = volts, amperes
        self.source = f'INA3221 {label}'
        self._total, self._lock = 0.0, threading.Lock()
        self._at, self._watts = time.monotonic(), self._read()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name='power', daemon=True)
        self._thread.start()

    def _read(self):
        millivolts, milliamperes = (int(path.read_text()) for path in self._files)
        return millivolts * milliamperes / 1e6

    def _sample(self):
        while not self._stop.wait(SAMPLE_SECONDS):
            self._add()

    def _add(self):
        with self._lock:
            now, watts = time.monotonic(), self._read()
            self._total += (now - self._at) * (watts + self._watts) / 2
            self._at, self._watts = now, watts
            return self._total

    def joules(self):
        """Joules since the start."""
        return self._add()

    def close(self):
        """Stop to sample."""
        self._stop.set()
        self._thread.join()


def find_meter(root='/'):
    """Return the meter of this machine; a NoMeter says why there is none."""
    zones = [path for path in sorted((Path(root) / 'sys/class/powercap').glob('*:*'))
             if path.name.count(':') == 1 and _text(path / 'name').startswith('package')]
    try:
        if zones:
            return RaplMeter(zones)
        for chip in sorted((Path(root) / 'sys/class/hwmon').glob('hwmon*')):
            volts, amperes = chip / 'in1_input', chip / 'curr1_input'
            if _text(chip / 'name').startswith('ina') and volts.exists() and amperes.exists():
                return InaMeter(volts, amperes, _text(chip / 'in1_label') or 'first rail')
    except PermissionError as error:
        return NoMeter(f'{error.filename} may be read by root only')
    except (OSError, ValueError) as error:
        return NoMeter(f'the energy counter cannot be read: {error}')
    return NoMeter('no RAPL counter in /sys/class/powercap and no INA sensor in /sys/class/hwmon')


def idle_watts(meter, seconds=1.0):
    """Watts of the machine while this process sleeps; None without a meter."""
    start = meter.joules()
    if start is None:
        return None
    time.sleep(seconds)
    return (meter.joules() - start) / seconds


def power_mode(root='/'):
    """
    Return what is known of the machine's clock: plain values, None where it cannot be read.

    `governor` and `max_mhz` of the CPUs (joined where they differ), `boost`, `nvpmodel` of a
    Jetson, `cpu` and `load` (running processes, mean of a minute).
    """
    root = Path(root)
    cpus = sorted(root.glob('sys/devices/system/cpu/cpu[0-9]*/cpufreq'))
    hertz = {_text(cpu / 'scaling_max_freq') for cpu in cpus} - {''}
    boost = (_text(root / 'sys/devices/system/cpu/cpufreq/boost')
             or {'0': '1', '1': '0'}.get(
                 _text(root / 'sys/devices/system/cpu/intel_pstate/no_turbo')))
    names = [line.partition(':')[2].strip() for line in _text(root / 'proc/cpuinfo').splitlines()
             if line.startswith('model name')]
    load = _text(root / 'proc/loadavg').split()
    return {'cpu': names[0] if names else None,
            'governor': ', '.join(sorted({_text(cpu / 'scaling_governor') for cpu in cpus}
                                         - {''})) or None,
            'max_mhz': max(int(value) for value in hertz) / 1000 if hertz else None,
            'boost': {'0': False, '1': True}.get(boost),
            'nvpmodel': _text(root / NVPMODEL) or None,
            'load': float(load[0]) if load else None}


def _text(path):
    try:
        return path.read_text().strip()
    except OSError:
        return ''
