"""Signal handlers that call the package while their thread is inside of it."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, Callable, List, Optional

import pytest

import ecrhub
from ecrhub import Outcome

from . import till
from .simulator import Simulator


GIVE_UP = """
    import signal, sys, threading, time, ecrhub
    with ecrhub.connect(sys.argv[1], app_id="tests") as terminal:
        def give_up(number, frame):
            print("close", terminal.close("A1", timeout=3).outcome, flush=True)
        signal.signal(signal.SIGALRM, give_up)
        listener = threading.Thread(target=lambda: list(terminal.events()))
        if sys.argv[2] == "follows":
            listener.start()
            while terminal._waits._leader is None:
                time.sleep(0.01)
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        print("sale", terminal.sale(order_no="A1", amount="10.13").outcome)
        terminal.wake()
        if listener.ident:
            listener.join()
"""


@pytest.mark.parametrize("role", ["leads", "follows"])
def test_a_handler_gives_up_the_order_that_is_waited_for(simulator: Simulator, role: str) -> None:
    assert till.run(GIVE_UP, simulator.url, role).splitlines() == ["close ok", "sale cancelled"]


def test_a_handler_ends_the_listening(terminal: ecrhub.Terminal) -> None:
    assert isinstance(terminal.next_event(10), ecrhub.Connected)
    for end in (terminal.wake, terminal.disconnect):
        before = signal.signal(signal.SIGALRM, lambda _number, _frame, end=end: end())  # type: ignore[misc]
        try:
            began = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            assert list(terminal.events(timeout=20)) == []
            assert time.monotonic() - began < 10
        finally:
            signal.signal(signal.SIGALRM, before)


def test_what_ends_a_wait_inside_of_a_handler_ends_the_outer_one_too(
    terminal: ecrhub.Terminal, simulator: Simulator
) -> None:
    def ask(_number: int, _frame: Optional[FrameType]) -> None:
        # As by a Ctrl-C while the handler waits.
        raise ecrhub.Interrupted("inner")

    before = signal.signal(signal.SIGALRM, ask)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(ecrhub.Interrupted, match='"outer" lives on') as raised:
            terminal.sale(order_no="A1", amount="1.13", request_id="outer")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert raised.value.request_id == "outer"
    assert isinstance(raised.value.__cause__, ecrhub.Interrupted) and raised.value.__cause__.request_id == "inner"
    simulator.post("approve")
    completions = (event for event in terminal.events(timeout=10) if isinstance(event, ecrhub.Completed))
    assert next(completions).request_id == "outer"


#: Where anything is shared; the rest builds and reads messages.
INSIDE = {f"ecrhub.{name}" for name in ("_connection", "_mailbox", "_pump", "_terminal", "_waits")}


class Steps:
    """Does something at one step of the package's own Python in this thread: what a signal's handler may do."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        self._left = at
        self._act = act
        self.is_reached = False

    def __enter__(self) -> Steps:
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        # What is raised while an object is thrown away is Python's own to drop.
        if frame.f_globals.get("__name__") not in INSIDE or frame.f_code.co_name == "__del__":
            return None
        frame.f_trace_opcodes = True
        return self._step

    def _step(self, _frame: FrameType, event: str, _argument: Any) -> Any:
        # Some versions of Python leave opcodes out, but no lines.
        if event in ("line", "opcode") and not self.is_reached:
            self._left -= 1
            if self._left < 0:
                self.is_reached = True
                self._act()
        return self._step


def steps_of(work: Callable[[], object], act: Callable[[], None], each: Callable[[bool], None]) -> int:
    """Does the work again and again, and acts at its first step, then at its second, ...; how many it has."""
    at = 0
    while True:
        with Steps(at, act) as steps:
            try:
                work()
            except KeyboardInterrupt:
                pass
        each(steps.is_reached)
        if not steps.is_reached:
            return at
        at += 1


@pytest.mark.parametrize("role", ["leads", "follows"])
@pytest.mark.parametrize("journal", [False, True])
def test_at_every_step_a_handler_may_call(simulator: Simulator, tmp_path: Any, role: str, journal: bool) -> None:
    heard: List[ecrhub.Event] = []
    submitted: List[str] = []
    answers: List[ecrhub.Completed] = []
    ids = iter(range(1_000_000))
    file = tmp_path / "till.db" if journal else None
    with ecrhub.connect(simulator.url, app_id="tests", journal=file) as terminal:
        assert isinstance(terminal.next_event(10), ecrhub.Connected)

        def listen() -> None:
            while True:
                event = terminal.next_event()
                if event is None:
                    return
                heard.append(event)

        listener = threading.Thread(target=listen)
        if role == "follows":
            listener.start()

        def handle() -> None:
            number = next(ids)
            event = terminal.next_event(0)
            if event is not None:
                heard.append(event)
            answer = terminal.query(f"I{number}")
            assert answer.merchant_order_no == f"I{number}"
            terminal.acknowledge(answer)

        def work() -> None:
            number = next(ids)
            about = {"merchant_order_no": f"S{number}"}
            submitted.append(terminal.submit({"topic": "ecrhub.pay.query", "biz_data": about}))
            answer = terminal.query(f"O{number}")
            assert answer.merchant_order_no == f"O{number}"
            answers.append(answer)
            terminal.acknowledge(answer)
            event = terminal.next_event(0)
            if event is not None:
                heard.append(event)

        count = steps_of(work, handle, lambda _: None)
        assert count > 100 and len(answers) == count + 1
        # The listener is told to end once, and wake-ups may be left over.
        end = time.monotonic() + 20
        while terminal.state().in_flight and time.monotonic() < end:
            time.sleep(0.01)
        while listener.ident and listener.is_alive():
            terminal.wake()
            listener.join(0.05)
        heard.extend(iter(lambda: terminal.next_event(0.2), None))
        assert terminal._waits.mailbox.owners == {} and terminal._waits.mailbox.listeners == []
        assert terminal._waits._leader is None and terminal._waits._pump._parcels == {}
    told = [event.request_id for event in heard if isinstance(event, ecrhub.Completed)]
    assert sorted(told) == sorted(submitted), "each is told once"


@pytest.mark.skipif(sys.version_info < (3, 10), reason="Python 3.9 does not bear an exception at every step")
def test_at_every_step_ctrl_c_may_come(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    assert isinstance(terminal.next_event(10), ecrhub.Connected)
    answered: List[str] = []
    interrupted: List[str] = []
    told: List[str] = []
    ids = iter(range(1_000_000))

    def interrupt() -> None:
        raise KeyboardInterrupt

    def work() -> None:
        order_no = f"A{next(ids)}"
        try:
            answered.append(terminal.sale(order_no=order_no, amount="1.00", request_id=order_no).request_id)
        except ecrhub.Interrupted as error:
            assert error.request_id == order_no
            interrupted.append(order_no)

    def look(_is_reached: bool) -> None:
        # Others go on, and so does this one.
        done: List[Outcome] = []
        other = threading.Thread(target=lambda: done.append(terminal.query("NONE").outcome), daemon=True)
        other.start()
        other.join(10)
        assert done == [Outcome.NOT_FOUND]
        assert terminal.query("NONE").outcome is Outcome.NOT_FOUND
        while terminal.state().in_flight:
            time.sleep(0.001)
        events = iter(lambda: terminal.next_event(0), None)
        told.extend(event.request_id for event in events if isinstance(event, ecrhub.Completed))

    count = steps_of(work, interrupt, look)
    assert count > 100 and len(interrupted) > 50
    assert len(told) == len(set(told)) and set(told) <= set(interrupted), "each is told once"
    charged = {entry["merchant_order_no"] for entry in simulator.get("ledger")}
    assert charged & set(interrupted) <= set(told), "none is lost"


@pytest.mark.skipif(sys.version_info < (3, 10), reason="Python 3.9 does not bear an exception at every step")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_at_every_step_of_connecting_ctrl_c_leaves_nothing_behind(simulator: Simulator, tmp_path: Any) -> None:
    file = tmp_path / "till.db"

    def interrupt() -> None:
        raise KeyboardInterrupt

    def work() -> None:
        ecrhub.connect(simulator.url, app_id="tests", journal=file).disconnect()

    assert steps_of(work, interrupt, lambda _: None) > 20
    end = time.monotonic() + 10
    while simulator.get("state")["connections"] and time.monotonic() < end:
        time.sleep(0.01)
    assert simulator.get("state")["connections"] == 0


STRESS = """
    import random, signal, sys, threading, time, ecrhub
    random.seed(int(sys.argv[2]))
    inner = submitted = 0
    told = []
    with ecrhub.connect(sys.argv[1], app_id="tests") as terminal:
        def handle(number, frame):
            global inner
            signal.setitimer(signal.ITIMER_REAL, 0)
            inner += 1
            event = terminal.next_event(0)
            if isinstance(event, ecrhub.Completed):
                told.append(event.request_id)
            if inner % 3 == 0:
                assert terminal.query(f"I{inner}", timeout=20).merchant_order_no == f"I{inner}"
            if inner % 5 == 0:
                assert terminal.close(f"I{inner}", timeout=20).outcome in ("ok", "refused")
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 4e-3))
        def ask(thread):
            for number in range(1000):
                assert terminal.query(f"Q{thread}X{number}").merchant_order_no == f"Q{thread}X{number}"
        others = [threading.Thread(target=ask, args=(thread,)) for thread in range(2)]
        for other in others:
            other.start()
        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 1e-3)
        ids = set()
        for number in range(5000):
            assert terminal.query(f"O{number}").merchant_order_no == f"O{number}"
            if number % 10 == 0:
                about = {"topic": "ecrhub.pay.query", "biz_data": {"merchant_order_no": f"S{number}"}}
                ids.add(terminal.submit(about))
        for other in others:
            other.join()
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        while terminal.state().in_flight:
            time.sleep(0.01)
        told += [event.request_id for event in terminal.events(timeout=0.3) if isinstance(event, ecrhub.Completed)]
        assert len(told) == len(set(told)) and set(told) == ids, (len(told), len(ids))
    assert inner > 100, inner
    print("all of it")
"""


def test_handlers_that_call_all_the_time_disturb_nothing(simulator: Simulator) -> None:
    assert till.run(STRESS, simulator.url, "1") == "all of it\n"
