# Targets: venv demo test lint fuzz killed clean. Needs Python 3.11, make and a package registry, nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PACKAGED := setup.py setup.cfg pyproject.toml package.xml $(wildcard launch/* config/* resource/depth_ros resource/executables/*)
DEMO_ARGS ?=
# As TEST_ARGS="test/nodes -k scan": these tests alone, one after the other.

# A sourced ROS installation, or the environment of another ROS venv, must not leak into this one.
unexport PYTHONPATH PYTHONHOME LD_LIBRARY_PATH AMENT_PREFIX_PATH COLCON_PREFIX_PATH CMAKE_PREFIX_PATH
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE RMW_IMPLEMENTATION VIRTUAL_ENV

.PHONY: venv venv-test demo test lint fuzz killed clean
.DELETE_ON_ERROR:

venv: $(VENV)/.package.stamp
	@:

venv-test: $(VENV)/.test.stamp $(VENV)/.openvino.stamp $(VENV)/.trt.stamp $(VENV)/.package.stamp
	@:

demo: venv
	$(BIN)/depth_ros demo $(DEMO_ARGS)

# What talks over DDS runs alone: its waits are for what happens, but two at once would be slower.
test: venv-test
ifneq ($(strip $(TEST_ARGS)),)
	$(BIN)/python -m pytest $(TEST_ARGS)
else
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not ros" -n 2 --dist loadfile; first=$$?; \
	$(BIN)/python -m pytest -m ros; exit $$((first || $$?))
endif

lint: venv-test
	$(BIN)/python -m pytest test/test_lint.py

# Longer than what `make test` does of the same: docs/security.md.
fuzz: venv-test
	PYTHONPATH=. OMP_NUM_THREADS=1 $(BIN)/python -W ignore test/fuzz_files.py

killed: venv-test
	PYTHONPATH=. OMP_NUM_THREADS=1 $(BIN)/python -W ignore test/killed_runs.py

clean:
	rm -rf $(VENV) build install log dist demo_output .pytest_cache .ruff_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed (3.11 is tested): make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo.stamp: requirements/demo.txt | $(BIN)/python
	@echo 'Installing ROS 2 (Jazzy wheels) and ONNX Runtime into $(VENV) ...'
	$(PIP) install --quiet --requirement requirements/demo.txt
	@touch $@

$(VENV)/.test.stamp: requirements/test.txt $(VENV)/.demo.stamp
	@echo 'Installing torch, the linters and pytest into $(VENV) ...'
	$(PIP) install --quiet --requirement requirements/test.txt
	@touch $@

# Without what it names as needed: a package that reports its use, which the runtime does without.
$(VENV)/.openvino.stamp: requirements/openvino.txt $(VENV)/.test.stamp
	@echo 'Installing OpenVINO into $(VENV) ...'
	$(PIP) install --quiet --no-deps --requirement requirements/openvino.txt
	@touch $@

# TensorRT-RTX reads and builds every model in the tests; its wheels exist for this machine only.
$(VENV)/.trt.stamp: requirements/tensorrt_rtx.txt $(VENV)/.test.stamp
ifeq ($(shell uname -sm),Linux x86_64)
	@echo 'Installing TensorRT-RTX into $(VENV) ...'
	$(PIP) install --quiet --no-deps --requirement requirements/tensorrt_rtx.txt
endif
	@touch $@

# Editable: the code is used where it lies; launch files, config and executables are copied (an
# editable install leaves out data_files, a plain `pip install .` does not).
$(VENV)/.package.stamp: $(VENV)/.demo.stamp $(PACKAGED)
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -W ignore setup.py --quiet install_data --install-dir=$(VENV)
	@touch $@
