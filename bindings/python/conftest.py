"""What the tests and the doctests share: a terminal in software, one for each test."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest

import ecrhub
import ecrhub.aio
from tests.simulator import Simulator

ROOT = Path(__file__).resolve().parent.parent.parent

# A shell has what it runs in the background ignore this one, and the programs that the tests interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    program = os.environ.get("ECRHUB_SIMULATOR") or str(ROOT / "target/release/ecrhub-simulator")
    with Simulator(program) as running:
        yield running


@pytest.fixture
def terminal(simulator: Simulator) -> Iterator[ecrhub.Terminal]:
    with ecrhub.connect(simulator.url, app_id="tests", recovery_interval_ms=50) as connected:
        yield connected


@pytest.fixture(autouse=True)
def _examples(request: pytest.FixtureRequest, doctest_namespace: Dict[str, Any]) -> None:
    """What the examples of the documentation take for granted."""
    if isinstance(request.node, pytest.DoctestItem):
        simulator: Simulator = request.getfixturevalue("simulator")
        folder: Path = request.getfixturevalue("tmp_path")
        doctest_namespace.update(ecrhub=ecrhub, asyncio=asyncio, url=simulator.url, folder=folder)
