using System;
using System.Globalization;
using NUnit.Framework;

namespace Ecrhub.Tests
{
    [TestFixture]
    public sealed class CultureTests : Simulated
    {
        [TestCase("de-DE")]
        [TestCase("ar-SA")]
        [TestCase("tr-TR")]
        public void AmountsAndNumbersAreTheSameEverywhere(string culture)
        {
            Under(culture, () =>
            {
                Assert.AreNotEqual("-1234.50", (-1234.50m).ToString(), "the culture makes no difference, so this proves nothing");
                string json = new Sale { OrderNo = "L1", Amount = 1234.50m, TipAmount = -0.5m, TaxAmount = 0.00000001m, Expires = 1800 }.ToJson();
                StringAssert.Contains("\"order_amount\":\"1234.50\",\"tip_amount\":\"-0.5\"", json);
                StringAssert.Contains("\"tax_amount\":\"0.00000001\"", json);
                StringAssert.Contains("\"expires\":\"1800\"", json);
                StringAssert.Contains("\"order_timeout_ms\":12346", new TerminalOptions
                {
                    OrderTimeout = TimeSpan.FromMilliseconds(12345.6),
                }.ToJson());
            });
        }

        [Test]
        public void DigitsAreKeptAndNoExponentIsWritten()
        {
            foreach (string amount in new[] { "10", "10.0", "10.00", "0.1", "79228162514264337593543950335", "0.0000000000000000000000000001" })
            {
                decimal number = decimal.Parse(amount, CultureInfo.InvariantCulture);
                StringAssert.Contains("\"order_amount\":\"" + amount + "\"", new Sale { Amount = number }.ToJson());
            }
        }

        [TestCase("de-DE")]
        [TestCase("ar-SA")]
        public void ASaleAbroadChargesWhatWasSaid(string culture)
        {
            Under(culture, () =>
            {
                using (Terminal terminal = Connect(options => options.OrderTimeout = TimeSpan.FromSeconds(20.5)))
                {
                    PaymentResult result = terminal.Sale(new Sale { OrderNo = "M1", Amount = 1234.50m, Currency = "EUR" });
                    Assert.AreEqual(Outcome.Approved, result.Outcome);
                    Assert.AreEqual("1234.50", result.OrderAmount);
                    Assert.AreEqual(1234.50m, result.Amount("order_amount"));
                    StringAssert.StartsWith("approved M1: 1234.50 EUR, ", result.ToString());
                    Assert.Less(result.Elapsed.Value, Eventually.Bound);
                    Assert.Less(Math.Abs((DateTimeOffset.UtcNow - result.At).TotalMinutes), 5);
                }
            });
            StringAssert.Contains("\"amount\":\"1234.50\"", Simulator.Control("GET", "/ledger"));
        }
    }
}
