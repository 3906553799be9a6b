"""Many threads on one terminal, and waits that are ended before their time."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, List

import pytest

import ecrhub
from ecrhub import Outcome, _mailbox, _waits

from . import till
from .simulator import Simulator


def test_eight_threads_get_their_own_answers(terminal: ecrhub.Terminal) -> None:
    def ask(number: int) -> bool:
        return terminal.query(f"Q{number}").merchant_order_no == f"Q{number}"

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(ask, range(800))) == {True: 800}
    assert [event for event in terminal.events(timeout=0.1) if event.is_kept] == []


def test_threads_and_a_listener_share_the_events(terminal: ecrhub.Terminal) -> None:
    heard: List[ecrhub.Event] = []
    listeners = [threading.Thread(target=lambda: heard.extend(terminal.events())) for _ in range(2)]
    for listener in listeners:
        listener.start()

    def ask(number: int) -> str:
        if number % 4 == 0:
            return terminal.submit({"topic": "ecrhub.pay.query", "biz_data": {"merchant_order_no": f"S{number}"}})
        assert terminal.query(f"Q{number}").merchant_order_no == f"Q{number}"
        return ""

    with ThreadPoolExecutor(8) as pool:
        submitted = sorted(filter(None, pool.map(ask, range(400))))
    end = time.monotonic() + 20
    while len(heard) < 101 and time.monotonic() < end:
        time.sleep(0.01)
    terminal.disconnect()
    for listener in listeners:
        listener.join(10)
        assert not listener.is_alive()
    assert sorted(event.request_id for event in heard if isinstance(event, ecrhub.Completed)) == submitted


def test_others_run_while_one_waits(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    done = threading.Event()

    def wait_for_the_customer() -> None:
        terminal.sale(order_no="A1", amount="1.13")
        done.set()

    sell = threading.Thread(target=wait_for_the_customer)
    sell.start()
    simulator.wait_for_order()
    # While the other thread leads, in C and without the GIL, this one gets its own answer.
    assert terminal.query("A1").outcome is Outcome.IN_PROGRESS
    assert not done.is_set()
    terminal.close("A1")
    assert done.wait(10)
    sell.join()


def test_a_listener_is_woken_and_orders_are_not(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    assert isinstance(terminal.next_event(10), ecrhub.Connected)
    terminal.wake()
    assert terminal.next_event() is None, "a wake-up is never lost"
    results: List[Any] = []
    threads = [
        threading.Thread(target=lambda: results.append(terminal.sale(order_no="A1", amount="1.13").outcome)),
        threading.Thread(target=lambda: results.append(list(terminal.events()))),
    ]
    for thread in threads:
        thread.start()
    simulator.wait_for_order()
    while not terminal._waits.mailbox.listeners:
        time.sleep(0.01)
    terminal.wake()
    threads[1].join(10)
    assert results == [[]]
    simulator.post("approve")
    threads[0].join(10)
    assert results == [[], Outcome.APPROVED]


@pytest.mark.parametrize("end", ["disconnect", "shutdown"])
def test_the_end_of_a_terminal_ends_every_wait(simulator: Simulator, end: str) -> None:
    terminal = ecrhub.connect(simulator.url, app_id="tests")
    errors: List[BaseException] = []

    def wait(call: Any) -> None:
        try:
            call()
        except ecrhub.WaitEndedError as error:
            errors.append(error)

    calls = [
        lambda: terminal.sale(order_no="A1", amount="1.13", request_id="a"),
        lambda: terminal.query("A1", request_id="b"),
        lambda: list(terminal.events()),
    ]
    threads = []
    for call in calls[:1] + calls[2:]:
        threads.append(threading.Thread(target=wait, args=(call,)))
        threads[-1].start()
    simulator.wait_for_order()
    simulator.post("freeze")
    threads.append(threading.Thread(target=wait, args=(calls[1],)))
    threads[-1].start()
    while terminal.state().in_flight < 2:
        time.sleep(0.01)
    (terminal.disconnect if end == "disconnect" else ecrhub.shutdown)()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert sorted(error.request_id for error in errors if isinstance(error, ecrhub.WaitEndedError)) == ["a", "b"]
    assert all("lives on" in str(error) and error.name == "ECRHUB_INTERRUPTED" for error in errors)  # type: ignore[attr-defined]


CTRL_C = """
    import sys, threading, ecrhub
    def say(word):
        # In one piece: two threads speak.
        sys.stdout.write(f"{word}\\n")
        sys.stdout.flush()
    with ecrhub.connect(sys.argv[1], app_id="tests") as terminal:
        others, events = [], []
        if sys.argv[2] == "follows":
            # Another thread leads, and the main thread sleeps.
            others.append(threading.Thread(target=lambda: events.extend(terminal.events())))
        if sys.argv[2] == "leads":
            # The main thread leads, and must hand that on.
            others.append(threading.Thread(target=lambda: say(terminal.query("NOBODY").outcome)))
        try:
            print("waiting", flush=True)
            if sys.argv[2] == "follows":
                others[0].start()
            terminal.sale(order_no="A1", amount="10.13", request_id="mine")
        except KeyboardInterrupt as interrupted:
            print(type(interrupted).__name__, interrupted.request_id, str(interrupted))
        if sys.argv[2] == "leads":
            others[0].start()
        say(terminal.pending()[0].state)
        sys.stdin.readline()
        if sys.argv[2] == "follows":
            terminal.wake()
        for other in others:
            other.join()
        # Whoever fetched it: the listener has it, or it waits.
        while not any(isinstance(event, ecrhub.Completed) for event in events):
            events.append(terminal.next_event())
        print(events[-1].outcome, events[-1].request_id)
"""


@pytest.mark.parametrize("role", ["alone", "leads", "follows"])
def test_ctrl_c_ends_a_wait_and_loses_nothing(simulator: Simulator, role: str) -> None:
    program = till.start(CTRL_C, simulator.url, role)
    assert program.stdout is not None and program.stdin is not None
    assert program.stdout.readline() == "waiting\n"
    simulator.wait_for_order()
    time.sleep(0.2)
    began = time.monotonic()
    program.send_signal(signal.SIGINT)
    said = program.stdout.readline()
    assert time.monotonic() - began < 5
    assert said.startswith('Interrupted mine the wait was ended; the request "mine" lives on')
    if role == "leads":
        assert sorted([program.stdout.readline(), program.stdout.readline()]) == ["in_flight\n", "not_found\n"]
    else:
        assert program.stdout.readline() == "in_flight\n"
    simulator.post("approve")
    program.stdin.write("\n")
    assert till.finish(program) == "approved mine\n"
    assert simulator.charges("A1") == 1


def test_ctrl_c_that_nobody_catches_says_what_is_in_flight(simulator: Simulator) -> None:
    program = till.start(CTRL_C.replace("except KeyboardInterrupt", "except ZeroDivisionError"), simulator.url, "alone")
    assert program.stdout is not None
    assert program.stdout.readline() == "waiting\n"
    simulator.wait_for_order()
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=till.PATIENCE)
    assert 'ecrhub.Interrupted: the wait was ended; the request "mine" lives on' in err


def test_an_exception_of_a_signal_handler_says_what_is_in_flight(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    def handle(_number: int, _frame: object) -> None:
        raise TimeoutError("too long")

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(TimeoutError, match="too long") as raised:
            terminal.sale(order_no="A1", amount="1.13", request_id="mine")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert getattr(raised.value, "request_id") == "mine"
    if sys.version_info >= (3, 11):
        assert '"mine" lives on' in raised.value.__notes__[0]
    simulator.post("approve")
    completions = (event for event in terminal.events(timeout=10) if isinstance(event, ecrhub.Completed))
    assert next(completions).request_id == "mine"


def test_an_event_whose_filing_was_cut_short_is_filed_again(
    terminal: ecrhub.Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C may come after the library has given an event away, and before anybody has it."""
    terminal.query("A1")
    mailbox = terminal._waits.mailbox
    file = mailbox.file
    cut: List[int] = []

    def file_and_be_cut(letter: _mailbox.Letter) -> None:
        # Before it is filed, or after it was.
        if len(cut) == 1:
            file(letter)
        if len(cut) < 2:
            cut.append(letter.number)
            raise KeyboardInterrupt
        file(letter)

    monkeypatch.setattr(terminal._waits._pump, "_file", file_and_be_cut)
    for request_id in ("before", "after"):
        with pytest.raises(ecrhub.Interrupted, match=request_id):
            terminal.query("A1", request_id=request_id)
    assert len(cut) == 2
    told = [event.request_id for event in terminal.events(timeout=0.2) if isinstance(event, ecrhub.Completed)]
    assert sorted(told) == ["after", "before"]


def test_a_leader_that_fails_strands_nobody(terminal: ecrhub.Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = terminal._waits._pump.turn
    failures: List[str] = []

    def fail_sometimes(wait_ms: int) -> int:
        status = turn(wait_ms)
        if len(failures) < 40 and threading.current_thread().name.startswith("fails"):
            failures.append("")
            raise ZeroDivisionError
        return status

    monkeypatch.setattr(terminal._waits._pump, "turn", fail_sometimes)
    done: List[bool] = []

    def ask(name: str) -> None:
        for number in range(50):
            try:
                done.append(terminal.query(f"{name}{number}").merchant_order_no == f"{name}{number}")
            except ZeroDivisionError as error:
                assert getattr(error, "request_id")

    threads = [threading.Thread(target=ask, args=(f"Q{n}",), name=f"{'fails' if n < 2 else 'works'}{n}") for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert len(failures) > 0
    assert done == [True] * (300 - len(failures))
    left = [event for event in terminal.events(timeout=0.2) if isinstance(event, ecrhub.Completed)]
    assert len(left) == len(failures), "what the failed waits would have got is told as events"


def test_a_lock_that_an_exception_left_taken_is_given_back(
    terminal: ecrhub.Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on some versions of Python when Ctrl-C comes just as a ``with`` takes its lock."""
    terminal.query("A1")
    waits = terminal._waits

    def take_and_be_cut(_letter: _mailbox.Letter) -> None:
        waits.mailbox.lock.acquire()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(waits._pump, "_file", take_and_be_cut)
        with pytest.raises(ecrhub.Interrupted):
            terminal.query("A1")
    assert another_thread_gets_its_answer(terminal)


def test_a_lead_that_was_not_handed_on_is_not_kept(terminal: ecrhub.Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = terminal._waits
    leave = waits._leave
    cut: List[object] = []

    def be_cut(waiter: _waits.Waiter) -> None:
        if not cut:
            cut.append(waiter)
            raise KeyboardInterrupt
        leave(waiter)

    monkeypatch.setattr(waits, "_leave", be_cut)
    with pytest.raises(ecrhub.Interrupted, match="mine"):
        terminal.query("A1", request_id="mine")
    assert another_thread_gets_its_answer(terminal)
    told = [event.request_id for event in terminal.events(timeout=0.1) if isinstance(event, ecrhub.Completed)]
    assert told == ["mine"]


def another_thread_gets_its_answer(terminal: ecrhub.Terminal) -> bool:
    answers: List[ecrhub.Completed] = []
    thread = threading.Thread(target=lambda: answers.append(terminal.query("A2")), daemon=True)
    thread.start()
    thread.join(10)
    return [answer.merchant_order_no for answer in answers] == ["A2"]


def test_the_lead_goes_to_one_who_still_waits() -> None:
    waits = _waits.Waits(0)
    gone, waiting, leader = (_waits.Waiter(name) for name in ("gone", "waiting", "leader"))
    for number, waiter in enumerate((leader, gone, waiting)):
        waiter.thread = number
        waits.mailbox.register(waiter)
        waits._takes_lead(waiter)
    # It has its answer and is on its way out: it would never lead.
    waits._leave(gone)
    assert gone.gate is None and waiting.gate is not None and waiting.gate.locked()
    waits._leave(leader)
    assert not waiting.gate.locked()


def test_only_the_main_thread_looks_up_now_and_then(terminal: ecrhub.Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    spans: List[float] = []
    turn = terminal._waits._pump.turn

    def note(wait_ms: int) -> int:
        spans.append(wait_ms)
        return turn(wait_ms)

    monkeypatch.setattr(terminal._waits._pump, "turn", note)
    terminal.query("A1")
    assert max(spans) <= 100
    spans.clear()
    thread = threading.Thread(target=lambda: terminal.query("A1"))
    thread.start()
    thread.join()
    assert min(spans) > 60_000
    assert _waits._SLICE_SECONDS <= 0.1


def test_a_forked_child_may_not_use_its_parents_terminal(simulator: Simulator) -> None:
    out = till.run(
        """
        import os, sys, threading, ecrhub
        with ecrhub.connect(sys.argv[1], app_id="tests") as terminal:
            terminal.sale(order_no="A1", amount="1.00")
            listener = threading.Thread(target=lambda: list(terminal.events()))
            listener.start()
            # The worst moment: another thread holds the lock, and it will never be free in the child.
            terminal._waits.mailbox.lock.acquire()
            child = os.fork()
            if child:
                terminal._waits.mailbox.lock.release()
                assert os.waitpid(child, 0)[1] == 0
                print("parent", terminal.sale(order_no="A2", amount="1.00").outcome, flush=True)
                terminal.disconnect()
                listener.join()
            else:
                calls = [
                    lambda: terminal.sale(order_no="A3", amount="1.00"), terminal.next_event, terminal.pending,
                    terminal.wake, terminal.state, lambda: terminal.acknowledge("x", "approved"), terminal.disconnect,
                ]
                for call in calls:
                    try:
                        call()
                    except ecrhub.ForkedError as error:
                        assert "connect anew here" in str(error)
                        print("forked", flush=True)
                with ecrhub.connect(sys.argv[1], app_id="tests") as own:
                    print("child", own.sale(order_no="A4", amount="1.00").outcome, flush=True)
        """,
        simulator.url,
    )
    assert out.splitlines() == ["forked"] * 7 + ["child approved", "parent approved"]
    assert [simulator.charges(number) for number in ("A1", "A2", "A3", "A4")] == [1, 1, 0, 1]


def test_the_interpreter_ends_with_a_terminal_open(simulator: Simulator) -> None:
    out = till.run(
        """
        import sys, threading, logging, ecrhub, warnings
        warnings.simplefilter("ignore", ResourceWarning)
        logging.basicConfig(level=5)
        logging.getLogger().handlers[0].setStream(sys.stdout)
        ecrhub.set_log_level(ecrhub.TRACE)
        terminal = ecrhub.connect(sys.argv[1], app_id="tests")
        terminal.submit({"topic": "ecrhub.pay.order", "biz_data": {
            "trans_type": "1", "merchant_order_no": "A1", "order_amount": "1.13"}})
        threading.Thread(target=lambda: list(terminal.events()), daemon=True).start()
        def ask():
            try:
                terminal.sale(order_no="A2", amount="1.00")
            except ecrhub.Error:
                pass
        threading.Thread(target=ask, daemon=True).start()
        print("the till's last words")
        """,
        simulator.url,
    )
    # Another thread may write its line between these words and the end of theirs.
    assert "the till's last words" in out


def test_the_library_is_shut_down_before_the_interpreter_ends(simulator: Simulator) -> None:
    out = till.run(
        """
        import atexit, sys
        @atexit.register
        def last():
            # Registered first, so it runs last. The callback for the log is gone by then too.
            library = ecrhub._native.library
            print(library.ecrhub_status_name(library.ecrhub_disconnect(terminal._handle)).decode())
            print(library.ecrhub_connect(b"http://refused", None) < 0, [line for line in said if "refused" in line])
            terminal._is_closed = True
        import logging, ecrhub
        said = []
        logging.getLogger("ecrhub").addFilter(lambda record: said.append(record.getMessage()))
        ecrhub.set_log_level(ecrhub.TRACE)
        terminal = ecrhub.connect(sys.argv[1], app_id="tests")
        terminal.query("A1")
        said.clear()
        """,
        simulator.url,
    )
    assert out.splitlines() == ["ECRHUB_ERR_HANDLE", "True []"]


def test_ids_are_of_one_process(simulator: Simulator) -> None:
    code = """
        import os, sys, ecrhub
        def ask():
            with ecrhub.connect(sys.argv[1], app_id="tests") as terminal:
                sys.stdout.write(terminal.query("A1").request_id + "\\n")
                sys.stdout.flush()
        ask()
        if hasattr(os, "fork"):
            child = os.fork()
            if child == 0:
                ask()
                os._exit(0)
            os.waitpid(child, 0)
        ask()
        """
    ids = till.run(code, simulator.url).split() + till.run(code, simulator.url).split()
    assert len(set(ids)) == len(ids) == 6
    assert len({request_id[:16] for request_id in ids}) == 4


def test_a_terminal_that_is_forgotten_is_disconnected_with_a_warning(simulator: Simulator) -> None:
    terminal = ecrhub.connect(simulator.url, app_id="tests")
    terminal.query("A1")
    with pytest.warns(ResourceWarning, match=f"{simulator.url}.* was never disconnected"):
        del terminal
    end = time.monotonic() + 10
    while simulator.get("state")["connections"] and time.monotonic() < end:
        time.sleep(0.01)
    assert simulator.get("state")["connections"] == 0


SIGNALS = """
    import json, random, signal, sys, threading, time, ecrhub

    def handle(number, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, handle)
    random.seed(int(sys.argv[2]))
    ended = {"returned": [], "interrupted": [], "elsewhere": []}
    # An order that meets another one at the terminal is found out, and closed.
    quick = {"recovery_timeout_ms": 500, "recovery_interval_ms": 100}
    with ecrhub.connect(sys.argv[1], app_id="tests", **quick) as terminal:
        def ask(thread):
            for number in range(200):
                assert terminal.query(f"Q{thread}X{number}").merchant_order_no == f"Q{thread}X{number}"
        others = [threading.Thread(target=ask, args=(thread,)) for thread in range(2)]
        for other in others:
            other.start()
        for number in range(1500):
            order_no = f"A{number}"
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 6e-4))
                result = terminal.sale(order_no=order_no, amount="1.00", request_id=order_no)
                signal.setitimer(signal.ITIMER_REAL, 0)
                ended["returned"].append(result.request_id)
            except ecrhub.Interrupted as error:
                ended["interrupted"].append(error.request_id)
            except KeyboardInterrupt:
                # Before the sale began, or when its result was already this program's.
                ended["elsewhere"].append(order_no)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        for other in others:
            other.join()
        while terminal.state().in_flight:
            time.sleep(0.01)
        events = terminal.events(timeout=0.3)
        ended["told"] = [event.request_id for event in events if isinstance(event, ecrhub.Completed)]
        ended["pending"] = [order.request_id for order in terminal.pending()]
    print(json.dumps(ended))
"""


def test_whenever_a_signal_comes_no_completion_is_lost(simulator: Simulator) -> None:
    ended = json.loads(till.run(SIGNALS, simulator.url, "1"))
    returned, interrupted, told = ended["returned"], ended["interrupted"], ended["told"]
    charged = {entry["merchant_order_no"] for entry in simulator.get("ledger")}
    assert len(returned) + len(interrupted) + len(ended["elsewhere"]) == 1500
    assert len(told) == len(set(told)) and not set(told) & set(returned), "each is told once"
    assert len(interrupted) > 50 and len(returned) > 50, "the signals come at all moments"
    # One that was cut short before it was sent has no completion, and was not charged either.
    assert (charged & set(interrupted)) <= set(told)
    # In the moment between the package and the till's next line nobody has it: it is still listed as open.
    assert charged <= set(returned) | set(told) | set(ended["pending"])
