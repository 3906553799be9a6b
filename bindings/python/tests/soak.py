"""Sells thousands of times, one after another, and watches the process's resident memory.

    soak.py SIMULATOR SALES

The collector is forced between all calls, in every other tenth the library's log is on, a megabyte comes now and then, and
threads and an event loop take their turns.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import ecrhub
import ecrhub.aio
from tests.simulator import Simulator

#: The library keeps the last 4,096 unacknowledged orders; all here are acknowledged, so nothing has a reason to grow.
ALLOWED_KIB = 2_048
#: Tenths. The library remembers the last few thousand numbers; until those are full, it grows.
WARM_UP = 5


class Counting(logging.Handler):
    """A handler that C calls, from whatever thread, while the collector is at work in others."""

    records = 0

    def emit(self, record: logging.LogRecord) -> None:
        assert record.getMessage()
        self.records += 1


def resident_kib() -> int:
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def sell(terminal: ecrhub.Terminal, order_no: str, amount: str = "10.00") -> None:
    result = terminal.sale(order_no=order_no, amount=amount, attach="Grüße")
    gc.collect()
    assert result.approved and result.merchant_order_no == order_no and result.attach == "Grüße", result
    terminal.acknowledge(result)


async def sell_async(url: str, prefix: str) -> None:
    async with ecrhub.aio.connect(url, app_id="soak") as terminal:
        for number in range(10):
            result = await terminal.sale(order_no=f"{prefix}{number}", amount="10.00")
            assert result.approved
            terminal.acknowledge(result)


def batch(terminal: ecrhub.Terminal, url: str, start: int, count: int) -> None:
    """Sales one after another, and a little of everything else."""
    for number in range(start, start + count):
        sell(terminal, f"S{number}")
        gc.collect()
    sell(terminal, f"H{start}", "10.69")
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda number: not terminal.query(f"Q{number}").approved, range(100)))
    asyncio.run(sell_async(url, f"A{start}X"))
    for event in terminal.events(timeout=0):
        assert not event.is_kept, event


def main() -> None:
    program, sales = sys.argv[1], int(sys.argv[2])
    step = sales // 10
    log = Counting()
    logging.getLogger("ecrhub").addHandler(log)
    # What was imported stays: the collector need not look at it ten thousand times.
    gc.collect()
    gc.freeze()
    with Simulator(program) as simulator, ecrhub.connect(simulator.url, app_id="soak") as terminal:
        began = time.monotonic()
        sizes = []
        for start in range(0, sales, step):
            ecrhub.set_log_level(ecrhub.TRACE if start // step % 2 else None)
            batch(terminal, simulator.url, start, step)
            sizes.append(resident_kib())
        charges = len(simulator.get("ledger"))
        took = time.monotonic() - began
    expected = sales + 10 + 100
    before, after = sizes[WARM_UP - 1], sizes[-1]
    print(f"{sales} sales in {took:.1f} s, {charges} charges; resident after each tenth, KiB: {sizes}")
    print(f"the collector ran {gc.get_stats()[2]['collections']} times; {log.records} records were logged")
    print(f"resident {before} KiB after warm-up, {after} KiB at the end")
    assert log.records > 0, "the log was not on"
    assert charges == expected, f"{expected} charges expected, there were {charges}"
    assert after - before < ALLOWED_KIB, f"it grew by {after - before} KiB, {ALLOWED_KIB} are allowed"


if __name__ == "__main__":
    main()
