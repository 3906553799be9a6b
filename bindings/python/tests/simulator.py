"""The simulator program, on loopback, and its control API."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from types import TracebackType
from typing import Any, List, Optional, Type, Union


class Simulator:
    """A terminal in software that nobody thinks long at; it ends with the ``with``."""

    def __init__(self, program: str, *flags: str) -> None:
        self.program = program
        ports = ["--port", "0", "--control-port", "0"]
        # It ends with the thread that started it, also when that is killed.
        command = ["setpriv", "--pdeathsig", "KILL", program, *ports, "--think-ms", "0", "--slow-ms", "700", "--quiet", *flags]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self._address("listening on ")
        self.control = self._address("control on ")

    def _address(self, words: str) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith(words), f"the simulator says {line!r}"
        return line[len(words) :].strip()

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def get(self, call: str) -> Any:
        with urllib.request.urlopen(f"{self.control}/{call}") as answer:
            return json.load(answer)

    def post(self, call: str, body: object = None) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.control}/{call}", data=data)) as answer:
            return json.load(answer)

    def next(self, behaviour: Union[str, List[str]]) -> None:
        """What the next order will do."""
        self.post("next", {"behaviour": behaviour})

    def charges(self, order_no: str) -> int:
        """How often money moved for this order."""
        return sum(entry["merchant_order_no"] == order_no for entry in self.get("ledger"))

    def wait_for_order(self, seconds: float = 10.0) -> None:
        """Until an order waits at the terminal."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.get("state")["running"] is not None:
                return
            time.sleep(0.01)
        raise AssertionError(f"no order came to the terminal: {self.get('state')}")
