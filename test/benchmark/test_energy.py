# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Energy counters and power modes, out of made folders."""
import time

from depth_ros.benchmark.energy import find_meter, idle_watts, power_mode
import pytest


def write(root, **files):
    """Write files below a folder; two underscores in a name stand for a slash."""
    for name, text in files.items():
        path = root / name.replace('__', '/')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{text}\n')


@pytest.fixture
def rapl(tmp_path):
    """Folder of a machine with two packages and a domain inside of one."""
    for index, name in (('0', 'package-0'), ('1', 'package-1'), ('0:0', 'core')):
        write(tmp_path / f'sys/class/powercap/intel-rapl:{index}', name=name,
              energy_uj=1_000_000, max_energy_range_uj=9_999_999)
    return tmp_path


def test_packages_are_summed_and_overflow_is_seen(rapl):
    meter = find_meter(rapl)
    assert meter.source == 'RAPL package-0, package-1' and not meter.reason
    zones = rapl / 'sys/class/powercap'
    write(zones, **{'intel-rapl:0__energy_uj': 3_500_000, 'intel-rapl:0:0__energy_uj': 9_000_000})
    assert meter.joules() == pytest.approx(2.5)
    # The counter of the second package began again at 0 after 9,999,999.
    write(zones, **{'intel-rapl:1__energy_uj': 500_000})
    assert meter.joules() == pytest.approx(2.5 + 9.5)
    assert meter.joules() == pytest.approx(12.0)
    assert idle_watts(meter, 0.01) == 0.0


def test_a_sensor_of_power_is_integrated(tmp_path):
    write(tmp_path / 'sys/class/hwmon/hwmon2', name='ina3221', in1_input=5000, curr1_input=2000,
          in1_label='VDD_IN')
    outside = time.monotonic()
    meter = find_meter(tmp_path)
    inside = time.monotonic()
    try:
        assert meter.source == 'INA3221 VDD_IN'
        time.sleep(0.1)
        least = 10.0 * (time.monotonic() - inside)
        found = meter.joules()
        assert 0 < least <= found <= 10.0 * (time.monotonic() - outside)
    finally:
        meter.close()


def test_what_cannot_be_read_is_said(tmp_path, rapl):
    nothing = find_meter(tmp_path / 'empty')
    assert nothing.source is None and nothing.joules() is None
    assert 'no RAPL' in nothing.reason and 'INA' in nothing.reason
    assert idle_watts(nothing) is None
    write(rapl / 'sys/class/powercap/intel-rapl:0', energy_uj='broken')
    broken = find_meter(rapl)
    assert broken.joules() is None and 'cannot be read' in broken.reason


def test_power_mode(tmp_path):
    empty = power_mode(tmp_path)
    assert set(empty.values()) == {None}
    for index, governor in enumerate(('powersave', 'performance')):
        write(tmp_path / f'sys/devices/system/cpu/cpu{index}/cpufreq', scaling_governor=governor,
              scaling_max_freq=1_500_000)
    write(tmp_path, sys__devices__system__cpu__intel_pstate__no_turbo=1,
          proc__cpuinfo='processor : 0\nmodel name : Made CPU\n', proc__loadavg='0.25 1 1 1/1 1',
          var__lib__nvpmodel__status='pmode:0002')
    assert power_mode(tmp_path) == {
        'cpu': 'Made CPU', 'governor': 'performance, powersave', 'max_mhz': 1500.0,
        'boost': False, 'nvpmodel': 'pmode:0002', 'load': 0.25}
