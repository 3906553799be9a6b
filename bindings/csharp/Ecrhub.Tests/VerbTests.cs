using System;
using System.Linq;
using NUnit.Framework;

namespace Ecrhub.Tests
{
    [TestFixture]
    public sealed class VerbTests : Simulated
    {
        [Test]
        public void EveryVerbIsApprovedAndMovesItsMoney()
        {
            using (Terminal terminal = Connect())
            {
                PaymentResult sale = terminal.Sale(new Sale { OrderNo = "A1", Amount = 34.50m, Currency = "USD", TipAmount = 1.50m });
                Assert.AreEqual(Outcome.Approved, sale.Outcome);
                Assert.AreEqual("1", sale.TransType);
                Assert.AreEqual("34.50", sale.OrderAmount);
                Assert.AreEqual("1.50", sale.TipAmount);
                Assert.AreEqual("2", Approved(terminal.Void(new VoidOrder { OrderNo = "A2", OriginalOrderNo = "A1" })).TransType);
                Approved(terminal.Sale(new Sale { OrderNo = "A3", Amount = 20m }));
                Assert.AreEqual("3", Approved(terminal.Refund(
                    new Refund { OrderNo = "A4", OriginalOrderNo = "A3", Amount = 5.00m })).TransType);
                Assert.AreEqual("4", Approved(terminal.Authorize(new Authorization { OrderNo = "A5", Amount = 100.00m })).TransType);
                Assert.AreEqual("6", Approved(terminal.Complete(
                    new Completion { OrderNo = "A6", OriginalOrderNo = "A5", Amount = 80.00m })).TransType);
                Assert.AreEqual("20.00", Approved(terminal.Cashback(
                    new Cashback { OrderNo = "A7", Amount = 10.00m, CashbackAmount = 20.00m })).CashbackAmount);
            }
            Assert.AreEqual(1, Simulator.Charges("A1"));
            Assert.AreEqual(1, Simulator.Charges("A6"));
            Assert.AreEqual(1, Simulator.Charges("A7"));
        }

        [Test]
        public void EveryVerbHasItsTask()
        {
            using (Terminal terminal = Connect())
            {
                Approved(Await(terminal.SaleAsync(new Sale { OrderNo = "B1", Amount = 10m })));
                Approved(Await(terminal.VoidAsync(new VoidOrder { OrderNo = "B2", OriginalOrderNo = "B1", Amount = 10m })));
                Approved(Await(terminal.SaleAsync(new Sale { OrderNo = "B3", Amount = 10m })));
                Approved(Await(terminal.RefundAsync(new Refund { OrderNo = "B4", OriginalOrderNo = "B3", Amount = 10m })));
                Approved(Await(terminal.AuthorizeAsync(new Authorization { OrderNo = "B5", Amount = 10m })));
                Approved(Await(terminal.CompleteAsync(new Completion { OrderNo = "B6", OriginalOrderNo = "B5", Amount = 10m })));
                Approved(Await(terminal.CashbackAsync(new Cashback { OrderNo = "B7", Amount = 10m, CashbackAmount = 5m })));
                Assert.AreEqual("2", Approved(Await(terminal.QueryAsync(new Query { OrderNo = "B3" }))).TransStatus);
                Assert.AreEqual(Outcome.Refused, Await(terminal.CloseAsync(new Close { OrderNo = "B3" })).Outcome);
                Assert.AreEqual(Outcome.Ok,
                    Await(terminal.SendAsync("{\"topic\":\"ecrhub.heartbeat\",\"biz_data\":{}}")).Outcome);
            }
        }

        [Test]
        public void QueryAndCloseTellTheirOwnOutcomes()
        {
            using (Terminal terminal = Connect())
            {
                Assert.AreEqual(Outcome.NotFound, terminal.Query(new Query { OrderNo = "NEVER" }).Outcome);
                terminal.Submit(new Sale { OrderNo = "C1", Amount = 10.13m });
                WaitUntilPaying("C1");
                Assert.AreEqual(Outcome.InProgress, terminal.Query(new Query { OrderNo = "C1" }).Outcome);
                Assert.AreEqual(Outcome.Ok, terminal.Close(new Close { OrderNo = "C1" }).Outcome);
                Assert.AreEqual(Outcome.Cancelled, Next(terminal, EventKind.Completed).Result.Outcome);
            }
        }

        [TestCase("10.01", Outcome.Declined, "106")]
        [TestCase("10.02", Outcome.Cancelled, "110")]
        [TestCase("10.03", Outcome.Cancelled, "102")]
        [TestCase("10.05", Outcome.Declined, "115")]
        public void ADeclineIsAResult(string amount, Outcome outcome, string code)
        {
            using (Terminal terminal = Connect())
            {
                PaymentResult result = terminal.Sale(new Sale
                {
                    OrderNo = "D1",
                    Amount = decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture),
                });
                Assert.AreEqual(outcome, result.Outcome);
                Assert.AreEqual(code, result.ResponseCode);
                Assert.NotNull(result.ResponseMsg);
                Assert.IsFalse(result.Approved);
                StringAssert.Contains(result.ResponseMsg, result.ToString());
            }
            Assert.AreEqual(0, Simulator.Charges("D1"));
        }

        [Test]
        public void WhatNeverLeftIsNotSent()
        {
            Simulator.Post("/refuse");
            using (Terminal terminal = Connect(options => options.SendTimeout = TimeSpan.FromMilliseconds(200)))
            {
                PaymentResult result = terminal.Sale(new Sale { OrderNo = "E1", Amount = 10m });
                Assert.AreEqual(Outcome.NotSent, result.Outcome);
                Assert.AreEqual(Sent.No, result.Sent);
                Assert.AreEqual("ECRHUB_TIMEOUT", result.Error.Name);
                Assert.AreEqual(Stage.Send, result.Error.Stage);
                Assert.IsNull(result.Response);
                Assert.IsNull(result.TransNo);
                StringAssert.StartsWith("not_sent E1: ", result.ToString());
            }
        }

        [Test]
        public void ARefusalNamesEveryFault()
        {
            using (Terminal terminal = Connect())
            {
                var sale = new Sale { OrderNo = "E \"; 2", Amount = -1.5m, Currency = "EURO" };
                RequestException refused = Assert.Throws<RequestException>(() => terminal.Sale(sale));
                Assert.AreEqual("ECRHUB_ERR_REQUEST", refused.Name);
                Assert.AreEqual(-5, refused.Status);
                Assert.AreEqual(3, refused.Faults.Count, refused.Message);
                StringAssert.StartsWith("biz_data.merchant_order_no: ", refused.Faults[0]);
                StringAssert.EndsWith("\"E \\\"; 2\"", refused.Faults[0]);
                StringAssert.StartsWith("biz_data.price_currency: ", refused.Faults[1]);
                StringAssert.StartsWith("biz_data.order_amount: ", refused.Faults[2]);
                Assert.AreEqual(0, terminal.Pending().Count);
            }
        }

        [Test]
        public void RefusalsHaveTheirOwnClasses()
        {
            using (Terminal terminal = Connect(options => options.MaxInFlight = 1))
            {
                Assert.AreEqual("ECRHUB_ERR_JSON", Assert.Throws<RequestException>(() => terminal.Send("{\"topic\":")).Name);
                terminal.Submit(new Sale { OrderNo = "F1", Amount = 10.13m });
                Assert.Throws<BusyException>(() => terminal.Sale(new Sale { OrderNo = "F2", Amount = 1m }));
                WaitUntilPaying("F1");
                Simulator.Post("/approve");
                Assert.AreEqual("F1", Next(terminal, EventKind.Completed).MerchantOrderNo);
                Assert.Throws<DuplicateException>(() => terminal.Sale(new Sale { OrderNo = "F1", Amount = 1m }));
                EcrhubException unknown = Assert.Throws<EcrhubException>(() => terminal.Acknowledge("nobody", Outcome.Approved));
                Assert.AreEqual("ECRHUB_ERR_ARGUMENT", unknown.Name);
                StringAssert.Contains("nobody", unknown.Message);
            }
        }

        [Test]
        public void TheOptionsAreCheckedByTheLibrary()
        {
            ConfigException refused = Assert.Throws<ConfigException>(() => Connect(options =>
            {
                options.OrderTimeout = TimeSpan.Zero;
                options.MaxInFlight = -1;
            }));
            Assert.AreEqual(2, refused.Faults.Count, refused.Message);
            Assert.IsTrue(refused.Faults.Any(fault => fault.StartsWith("order_timeout_ms: ", StringComparison.Ordinal)));
            Assert.Throws<ConfigException>(() => Terminal.Connect("http://127.0.0.1"));
            Assert.Throws<JournalException>(() => Connect(options => options.Journal = "/nowhere/at/all/till.db"));
        }

        [Test]
        public void WhatCFunctionsCannotTakeIsRefusedBeforeThem()
        {
            using (Terminal terminal = Connect())
            {
                Assert.Throws<ArgumentNullException>(() => terminal.Sale(null));
                Assert.Throws<ArgumentNullException>(() => terminal.Send((string)null));
                Assert.Throws<ArgumentNullException>(() => Terminal.Connect((string)null));
                StringAssert.Contains("NUL", Assert.Throws<ArgumentException>(() => terminal.Send("{}\0")).Message);
                var half = new Sale { OrderNo = "G1", Amount = 1m, Attach = "half \ud83d pair" };
                StringAssert.Contains("surrogate", Assert.Throws<ArgumentException>(() => terminal.Sale(half)).Message);
                Assert.Throws<ArgumentOutOfRangeException>(() => terminal.Send("{}", TimeSpan.FromDays(30)));
                Assert.Throws<EcrhubException>(() => terminal.Send("{}", TimeSpan.FromMilliseconds(-5)));
            }
        }

        [Test]
        public void ARequestIsWrittenInFull()
        {
            var sale = new Sale
            {
                OrderNo = "H1", RequestId = "id", AppId = "app", Amount = 10.00m, Currency = "EUR", TipAmount = 0.50m, OnScreenTip = true,
                CashbackAmount = 0.00m, PayMethodId = "Visa", PayScenario = "SWIPE_CARD", CardType = "2", Attach = "", Description = "b",
                NotifyUrl = "http://x", Expires = 1800, ConfirmOnTerminal = false, RequiredTerminalAuthentication = true,
                OnScreenSignature = false, ReceiptPrintMode = "3", TaxAmount = 0.20m, Extra = { ["table_no"] = "7 \"a\"\n" },
            };
            Assert.AreEqual("{\"topic\":\"ecrhub.pay.order\",\"request_id\":\"id\",\"app_id\":\"app\",\"biz_data\":{\"trans_type\":\"1\","
                + "\"merchant_order_no\":\"H1\",\"price_currency\":\"EUR\",\"order_amount\":\"10.00\",\"tip_amount\":\"0.50\","
                + "\"on_screen_tip\":true,\"cashback_amount\":\"0.00\",\"pay_method_id\":\"Visa\",\"pay_scenario\":\"SWIPE_CARD\","
                + "\"card_type\":\"2\",\"attach\":\"\",\"description\":\"b\",\"notify_url\":\"http://x\",\"expires\":\"1800\","
                + "\"confirm_on_terminal\":false,\"required_terminal_authentication\":true,\"on_screen_signature\":false,"
                + "\"receipt_print_mode\":\"3\",\"tax_amount\":\"0.20\",\"table_no\":\"7 \\\"a\\\"\\u000a\"}}", sale.ToJson());
            sale.Extra["attach"] = "again";
            StringAssert.Contains("attach", Assert.Throws<ArgumentException>(() => sale.ToJson()).Message);
        }

        [Test]
        public void OrderFieldsAndConfigKeysAreAllThere()
        {
            string order = new Refund
            {
                OrderNo = "1", OriginalOrderNo = "1", Amount = 1m, Currency = "1", TipAmount = 1m, OnScreenTip = true, CashbackAmount = 1m,
                PayMethodId = "1", PayScenario = "1", CardType = "1", Attach = "1", Description = "1", NotifyUrl = "1", Expires = 1,
                ConfirmOnTerminal = true, RequiredTerminalAuthentication = true, OnScreenSignature = true, ReceiptPrintMode = "1", TaxAmount = 1m,
            }.ToJson();
            CollectionAssert.AreEquivalent(Contract.OrderFields,
                JsonReader.Members(order).Object("biz_data").All.Select(field => field.Key).ToArray());
            TimeSpan second = TimeSpan.FromSeconds(1);
            string config = new TerminalOptions
            {
                Url = "1", AppId = "1", TerminalName = "1", Journal = "1", JournalKeepDays = 1, ConnectTimeout = second, SendTimeout = second,
                OrderTimeout = second, RequestTimeout = second, RecoveryTimeout = second, RecoveryInterval = second,
                ClarifyInterval = second, ClarifyDays = 1, SecondLook = second, CloseLostOrders = false, PingInterval = second,
                PingIntervalBusy = second, PingTimeout = second, ReconnectMin = second, ReconnectMax = second, MaxMessageBytes = 1,
                MaxQueueBytes = 1, MaxInFlight = 1, TerminalWas = new[] { "1" }, Validation = Validation.Lenient,
            }.ToJson();
            CollectionAssert.AreEquivalent(Contract.ConfigKeys, JsonReader.Members(config).All.Select(key => key.Key).ToArray());
            StringAssert.Contains("\"recovery_interval_ms\":1000,", config);
        }

        [Test]
        public void ATextOfEveryScriptComesBackAsItWent()
        {
            const string text = "Gr\u00fc\u00dfe \u4f60\u597d \u05e9\u05dc\u05d5\u05dd \ud83c\udf63\ud83d\udc69\u200d\ud83d\udc67 \"q\" \\ \t\n\u0001 e\u0301 \ud834\udd1e";
            using (Terminal terminal = Connect())
            {
                PaymentResult result = terminal.Sale(new Sale { OrderNo = "I1", Amount = 10m, Attach = text, Description = text });
                Assert.AreEqual(text, result.Attach);
                Assert.AreEqual(text, terminal.Query(new Query { OrderNo = "I1" }).Attach);
            }
        }

        [Test]
        public void AnAnswerOfAMegabyteArrivesWholeAndOnce()
        {
            using (Terminal terminal = Connect())
            {
                PaymentResult result = Approved(terminal.Sale(new Sale { OrderNo = "J1", Amount = 10.69m }));
                Assert.Greater(result.Response.Length, 1024 * 1024);
                Assert.NotNull(result.TransNo);
                Assert.AreEqual(EventKind.Connected, terminal.NextEvent(Eventually.Bound).Kind);
                Assert.IsNull(terminal.NextEvent(TimeSpan.FromMilliseconds(100)), "its completion came twice");
            }
            Assert.AreEqual(1, Simulator.Charges("J1"));
        }

        [TestCase("code-zero", "biz-data-text", "numbers")]
        [TestCase("no-request-id", "undocumented", "fragmented")]
        public void FieldsAreFoundInWhateverShapeATerminalWrites(string first, string second, string third)
        {
            Simulator.Post("/oddities", "{\"oddities\":[\"" + first + "\",\"" + second + "\",\"" + third + "\"]}");
            using (Terminal terminal = Connect())
            {
                PaymentResult result = Approved(terminal.Sale(new Sale { OrderNo = "K1", Amount = 10.10m, Currency = "USD" }));
                Assert.AreEqual("10.10", result.OrderAmount);
                Assert.AreEqual(10.10m, result.Amount("order_amount"));
                Assert.IsNull(result.Amount("price_currency"));
                Assert.AreEqual("K1", result.Field("merchant_order_no"));
                Assert.AreEqual("approved K1: 10.10 USD, transaction " + result.TransNo + ", card " + result.CardNo, result.ToString());
                StringAssert.Contains("****", result.CardNo);
            }
        }

        private static PaymentResult Approved(PaymentResult result)
        {
            Assert.AreEqual(Outcome.Approved, result.Outcome, result.Raw);
            return result;
        }
    }
}
