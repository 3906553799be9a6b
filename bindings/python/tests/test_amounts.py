"""Amounts pass through no binary floating point, and are never taken for cents."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import ecrhub
from ecrhub import _requests

from .simulator import Simulator


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("34.50", "34.50"),
        (Decimal("34.50"), "34.50"),
        (Decimal("3450E-2"), "34.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.0001"), "0.0001"),
        (Decimal("1E-4"), "0.0001"),
        (Decimal("123456789012.5"), "123456789012.5"),
    ],
)
def test_amounts_are_written_plainly(amount: Any, text: str) -> None:
    assert _requests.amount(amount, "amount") == text


@pytest.mark.parametrize("exponent", [999999, -999999])
def test_no_amount_fills_the_memory(exponent: int) -> None:
    assert len(_requests.amount(Decimal(f"1E{exponent}"), "amount")) < 20


@pytest.mark.parametrize(
    ("amount", "why"),
    [
        (34.5, "amount: an amount is text or a Decimal in major units, like \"34.50\"; a float cannot hold most amounts"),
        (3450, "a whole number could be meant as cents: got 3450"),
        (True, "a whole number"),
        (b"34.50", "bytes is neither"),
    ],
)
def test_what_could_be_another_amount_is_refused(
    terminal: ecrhub.Terminal, simulator: Simulator, amount: Any, why: str
) -> None:
    with pytest.raises(TypeError, match=why):
        terminal.sale(order_no="A1", amount=amount)
    with pytest.raises(TypeError, match="tip_amount: "):
        terminal.sale(order_no="A1", amount="1.00", tip_amount=1.5)  # type: ignore[arg-type]
    assert simulator.get("state")["received"] == 0


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("-Infinity"), Decimal("-1"), Decimal("1E+99"), Decimal("1.23456")])
def test_decimals_that_are_no_amount_are_refused_by_the_library(terminal: ecrhub.Terminal, amount: Decimal) -> None:
    with pytest.raises(ecrhub.RequestError) as refused:
        terminal.sale(order_no="A1", amount=amount)
    assert [fault.field for fault in refused.value.faults] == ["biz_data.order_amount"]


def test_numbers_of_an_answer_keep_their_digits(terminal: ecrhub.Terminal, simulator: Simulator) -> None:
    simulator.post("oddities", {"oddities": ["numbers", "code-zero"]})
    result = terminal.sale(order_no="A1", amount="10.50")
    assert '"order_amount":10.50' in result.raw or '"order_amount":10.5' in result.raw
    written = result.raw.split('"response":')[1].split('"order_amount":')[1].split(",")[0]
    assert result.order_amount == written
    assert isinstance(result.response, dict) and isinstance(result.response["biz_data"]["order_amount"], ecrhub.Number)
