"""The same with async and await, by the descriptor and by a thread."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any, Awaitable, Callable, Iterator, List

import pytest

import ecrhub
import ecrhub.aio
from ecrhub import Outcome, _events, _pump

from .simulator import Simulator

Run = Callable[[Callable[[], Awaitable[Any]]], Any]


class NoReaders(asyncio.SelectorEventLoop):
    """A loop that watches no descriptors, like the Proactor on Windows."""

    def add_reader(self, fd: Any, callback: Any, *args: Any) -> Any:  # type: ignore[override]
        raise NotImplementedError


@pytest.fixture(params=["descriptor", "thread"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    loop = NoReaders() if request.param == "thread" else asyncio.SelectorEventLoop()

    def run_in_loop(work: Callable[[], Awaitable[Any]]) -> Any:
        return loop.run_until_complete(asyncio.wait_for(work(), 30))

    yield run_in_loop
    threads = [thread for thread in threading.enumerate() if thread.name == "ecrhub events"]
    assert (request.param == "thread") == bool(threads) or not threads
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    loop.close()


def test_it_sells_and_asks(run: Run, simulator: Simulator) -> None:
    async def work() -> None:
        async with ecrhub.aio.connect(simulator.url, app_id="tests") as terminal:
            result = await terminal.sale(order_no="A1", amount="34.50", currency="USD")
            assert result.approved and str(result).startswith("approved A1: 34.50 USD, transaction ")
            assert (await terminal.sale(order_no="A2", amount="10.01")).outcome is Outcome.DECLINED
            assert (await terminal.void(order_no="A3", original_order_no="A1")).approved
            assert len((await terminal.sale(order_no="A4", amount="10.69")).raw) > 1_000_000
            terminal.acknowledge(result)
            assert [order.merchant_order_no for order in terminal.pending()] == ["A2", "A3", "A4"]
            assert terminal.state().state == "connected"

    run(work)
    assert [simulator.charges(number) for number in ("A1", "A2", "A4")] == [1, 0, 1]


def test_many_wait_at_once(run: Run, simulator: Simulator) -> None:
    async def work() -> None:
        async with ecrhub.aio.connect(simulator.url, app_id="tests") as terminal:
            answers = await asyncio.gather(*(terminal.query(f"Q{number}") for number in range(200)))
            assert [answer.merchant_order_no for answer in answers] == [f"Q{number}" for number in range(200)]

    run(work)


def test_a_cancelled_task_leaves_the_order_in_flight(run: Run, simulator: Simulator) -> None:
    async def work() -> None:
        async with ecrhub.aio.connect(simulator.url, app_id="tests") as terminal:
            selling = asyncio.ensure_future(terminal.sale(order_no="A1", amount="10.13", request_id="mine"))
            while terminal.state().in_flight == 0 or simulator.get("state")["running"] is None:
                await asyncio.sleep(0.01)
            selling.cancel()
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await selling
            # Before Python 3.11 a task raises another CancelledError than the one it ended with.
            errors = [cancelled.value, cancelled.value.__context__]
            assert "mine" in [getattr(error, "request_id", None) for error in errors]
            assert [order.state for order in terminal.pending()] == ["in_flight"]
            simulator.post("approve")
            async for event in terminal.events(timeout=10):
                if isinstance(event, ecrhub.Completed):
                    assert (event.request_id, event.outcome) == ("mine", Outcome.APPROVED)
                    return
            raise AssertionError("the completion never came")

    run(work)
    assert simulator.charges("A1") == 1


def test_a_task_that_is_cancelled_as_its_answer_comes_loses_nothing(run: Run, simulator: Simulator) -> None:
    async def work() -> None:
        async with ecrhub.aio.connect(simulator.url, app_id="tests") as terminal:
            assert isinstance(await terminal.next_event(10), ecrhub.Connected)
            asking = asyncio.ensure_future(terminal.query("A1", request_id="mine"))
            while not (owners := terminal._mailbox.owners):
                await asyncio.sleep(0)
            owner = owners["mine"]
            while not owner.inbox:
                await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            event = await terminal.next_event(1)
            assert isinstance(event, ecrhub.Completed) and event.request_id == "mine"

    run(work)


def test_a_time_limit_of_asyncio_is_a_cancellation(run: Run, simulator: Simulator) -> None:
    async def work() -> None:
        async with ecrhub.aio.connect(simulator.url, app_id="tests") as terminal:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(terminal.sale(order_no="A1", amount="10.13"), 0.3)
            assert (await terminal.close("A1")).outcome is Outcome.OK
            told = [event async for event in terminal.events(timeout=0.3) if isinstance(event, ecrhub.Completed)]
            assert [event.outcome for event in told] == [Outcome.CANCELLED]

    run(work)


def test_events_wait_and_are_woken(run: Run, simulator: Simulator) -> None:
    async def work() -> None:
        async with ecrhub.aio.connect(simulator.url, app_id="tests") as terminal:
            assert isinstance(await terminal.next_event(10), ecrhub.Connected)
            assert await terminal.next_event(0) is None
            assert await terminal.next_event(0.05) is None
            terminal.wake()
            assert await terminal.next_event() is None
            listening = asyncio.ensure_future(terminal.next_event())
            await asyncio.sleep(0.05)
            terminal.wake()
            assert await listening is None
            request_id = terminal.submit({"topic": "ecrhub.pay.query", "biz_data": {"merchant_order_no": "A1"}})
            event = await terminal.next_event(10)
            assert isinstance(event, ecrhub.Completed) and event.request_id == request_id

    run(work)


@pytest.mark.parametrize("end", ["disconnect", "shutdown"])
def test_the_end_of_a_terminal_ends_every_wait(run: Run, simulator: Simulator, end: str) -> None:
    async def work() -> None:
        terminal = ecrhub.aio.connect(simulator.url, app_id="tests")
        waits: List["asyncio.Future[Any]"] = [
            asyncio.ensure_future(terminal.sale(order_no="A1", amount="10.13", request_id="a")),
            asyncio.ensure_future(_all(terminal)),
        ]
        while simulator.get("state")["running"] is None:
            await asyncio.sleep(0.01)
        (terminal.disconnect if end == "disconnect" else ecrhub.shutdown)()
        if end == "shutdown":
            # The descriptor is gone with the handle; the terminal learns it by its next call at the latest.
            terminal.disconnect()
        with pytest.raises(ecrhub.WaitEndedError, match="lives on") as ended:
            await waits[0]
        assert ended.value.request_id == "a"
        assert all(isinstance(event, ecrhub.Connected) for event in await waits[1])
        terminal.disconnect()
        with pytest.raises(ecrhub.HandleError, match="is disconnected"):
            await terminal.query("A1")
        assert await _all(terminal) == []

    run(work)


@pytest.mark.parametrize("end", ["disconnect", "shutdown"])
def test_a_late_disconnect_disturbs_no_other_terminal(run: Run, simulator: Simulator, end: str) -> None:
    """The number of its descriptor may be another one's by then."""

    async def work() -> None:
        gone = ecrhub.aio.connect(simulator.url, app_id="tests")
        assert (await gone.query("A0")).outcome is Outcome.NOT_FOUND
        (gone.disconnect if end == "disconnect" else ecrhub.shutdown)()
        async with ecrhub.aio.connect(simulator.url, app_id="tests") as terminal:
            assert (await asyncio.wait_for(terminal.query("A0"), 10)).outcome is Outcome.NOT_FOUND
            selling = asyncio.ensure_future(terminal.sale(order_no="A1", amount="10.13"))
            while simulator.get("state")["running"] is None:
                await asyncio.sleep(0.01)
            gone.disconnect()
            gone.disconnect()
            simulator.post("approve")
            assert (await asyncio.wait_for(selling, 10)).approved

    run(work)


def test_a_shutdown_ends_the_waits_by_itself(run: Run, simulator: Simulator) -> None:
    async def work() -> None:
        terminal = ecrhub.aio.connect(simulator.url, app_id="tests")
        selling = asyncio.ensure_future(terminal.sale(order_no="A1", amount="10.13"))
        while simulator.get("state")["running"] is None:
            await asyncio.sleep(0.01)
        ecrhub.shutdown()
        with pytest.raises(ecrhub.WaitEndedError):
            await asyncio.wait_for(selling, 10)
        terminal.disconnect()

    run(work)


def test_no_descriptor_is_left_open(run: Run, simulator: Simulator) -> None:
    async def work() -> None:
        async with ecrhub.aio.connect(simulator.url, app_id="tests") as terminal:
            await terminal.query("A1")

    run(work)
    before = os.listdir("/proc/self/fd")
    for _ in range(5):
        run(work)
    assert len(os.listdir("/proc/self/fd")) <= len(before) + 1


@pytest.mark.parametrize("times", [1, 1_000_000])
def test_what_cannot_be_read_ends_the_waits_unless_it_can_be_after_all(
    run: Run, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    read = _events.read_event
    failures: List[str] = []

    def fail(text: str) -> ecrhub.Event:
        if len(failures) < times:
            failures.append(text)
            raise MemoryError("no room")
        return read(text)

    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        async with ecrhub.aio.connect(simulator.url, app_id="tests") as terminal:
            assert isinstance(await terminal.next_event(10), ecrhub.Connected)
            monkeypatch.setattr(_pump, "read_event", fail)
            if times == 1:
                assert (await asyncio.wait_for(terminal.query("A1"), 10)).outcome is Outcome.NOT_FOUND
                return
            listening = asyncio.ensure_future(terminal.next_event())
            for _ in range(2):
                with pytest.raises(ecrhub.InternalError, match="no room") as raised:
                    await asyncio.wait_for(terminal.query("A1", request_id=f"mine{len(failures)}"), 10)
                assert isinstance(raised.value.__cause__, MemoryError)
            with pytest.raises(ecrhub.InternalError, match="no room"):
                await asyncio.wait_for(listening, 10)
            with pytest.raises(ecrhub.InternalError, match="no room"):
                await asyncio.wait_for(terminal.next_event(), 10)

    run(work)
    assert failures


def test_refusals_are_the_same(run: Run, simulator: Simulator) -> None:
    async def work() -> None:
        async with ecrhub.aio.connect(simulator.url, app_id="tests") as terminal:
            with pytest.raises(ecrhub.RequestError, match="order_amount"):
                await terminal.sale(order_no="A1", amount="-1")
            with pytest.raises(TypeError, match="a float cannot hold"):
                await terminal.sale(order_no="A1", amount=1.5)  # type: ignore[arg-type]
            assert (await terminal.query("A1")).outcome is Outcome.NOT_FOUND

    run(work)
    with pytest.raises(RuntimeError, match="no running event loop"):
        ecrhub.aio.connect(simulator.url)


async def _all(terminal: ecrhub.aio.Terminal) -> List[ecrhub.Event]:
    return [event async for event in terminal.events()]
