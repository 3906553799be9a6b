"""A till in Python. `till.py roundtrip|pipelined ecrhub|websocket-client|websockets URL COUNT`.

Each does what must be done at the least: builds the request, sends it, reads the answer and pairs it. `roundtrip` has one
request at a time, `pipelined` 64 in flight.
"""

import json
import sys
import time

IN_FLIGHT = 64
WARM_UP = 200


def body(serial):
    return {
        "trans_type": "1",
        "merchant_order_no": f"B{serial:015}",
        "order_amount": "34.50",
        "price_currency": "USD",
    }


def whole_order(serial):
    return {
        "topic": "ecrhub.pay.order",
        "biz_data": body(serial),
        "request_id": f"{serial:028x}",
        "timestamp": str(time.time_ns() // 1_000_000),
        "version": "1.0",
        "app_id": "bench-till",
    }


class Ecrhub:
    def __init__(self, url):
        import ecrhub

        self.ecrhub = ecrhub
        self.terminal = ecrhub.connect(url, app_id="bench-till")
        self.events = self.terminal.events()

    def sell(self, serial):
        result = self.terminal.sale(order_no=f"B{serial:015}", amount="34.50", currency="USD")
        assert result.outcome is self.ecrhub.Outcome.APPROVED

    def submit(self, serial):
        return self.terminal.submit({"topic": "ecrhub.pay.order", "biz_data": body(serial)})

    def take(self):
        for event in self.events:
            if isinstance(event, self.ecrhub.Completed):
                assert event.outcome is self.ecrhub.Outcome.APPROVED
                return event.request_id


class Socket:
    def __init__(self, socket):
        self.socket = socket

    def sell(self, serial):
        request_id = self.submit(serial)
        assert self.take() == request_id

    def submit(self, serial):
        order = whole_order(serial)
        self.socket.send(json.dumps(order, separators=(",", ":")))
        return order["request_id"]

    def take(self):
        answer = json.loads(self.socket.recv())
        assert answer["response_code"] == "000"
        assert answer["biz_data"]["trans_status"] == "2"
        return answer["request_id"]


def by_websocket_client(url):
    import websocket

    return Socket(websocket.create_connection(url))


def by_websockets(url):
    from websockets.sync.client import connect

    # A context manager that stays open to the end of the process.
    return Socket(connect(url).__enter__())


def roundtrip(till, serials):
    samples = []
    for serial in serials:
        before = time.perf_counter_ns()
        till.sell(serial)
        samples.append(time.perf_counter_ns() - before)
    return samples


def pipelined(till, serials):
    """As soon as one is answered, the next one is sent. The clock of each starts when the till wants to send it."""
    unsent, wanted_at, samples = iter(serials), {}, []

    def send_next():
        wanted = time.perf_counter_ns()
        for serial in unsent:
            wanted_at[till.submit(serial)] = wanted
            break

    for _ in range(IN_FLIGHT):
        send_next()
    while wanted_at:
        wanted = wanted_at.pop(till.take())
        samples.append(time.perf_counter_ns() - wanted)
        send_next()
    return samples


def main():
    how, who, url, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    tills = {"ecrhub": Ecrhub, "websocket-client": by_websocket_client, "websockets": by_websockets}
    run = {"roundtrip": roundtrip, "pipelined": pipelined}[how]
    till = tills[who](url)
    run(till, range(WARM_UP))
    cpu, began = time.process_time_ns(), time.perf_counter_ns()
    samples = run(till, range(WARM_UP, WARM_UP + count))
    wall, cpu = time.perf_counter_ns() - began, time.process_time_ns() - cpu
    samples.sort()
    print(
        json.dumps(
            {
                "count": count,
                "p50_ns": samples[count // 2],
                "p99_ns": samples[count * 99 // 100],
                "wall_ns": wall,
                "cpu_ns": cpu,
            }
        )
    )


main()
