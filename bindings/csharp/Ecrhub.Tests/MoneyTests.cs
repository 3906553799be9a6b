using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;

namespace Ecrhub.Tests
{
    /// <summary>The till learns what happened to the money, once, whatever breaks.</summary>
    [TestFixture]
    public sealed class MoneyTests : Simulated
    {
        [TestCase("10.34", Outcome.Approved, 1)]
        [TestCase("10.37", Outcome.Approved, 1)]
        [TestCase("10.35", Outcome.Declined, 0)]
        [TestCase("10.20", Outcome.Approved, 1)]
        public void AnAnswerThatIsLostIsFoundOut(string amount, Outcome outcome, int charges)
        {
            using (Terminal terminal = Connect())
            {
                PaymentResult result = terminal.Sale(Sale("A1", amount));
                Assert.AreEqual(outcome, result.Outcome, result.Raw);
                Assert.IsTrue(result.Recovered);
                Assert.AreEqual(EventKind.Recovering, Next(terminal, EventKind.Recovering).Kind);
            }
            Assert.AreEqual(charges, Simulator.Charges("A1"));
        }

        [Test]
        public void AnOutcomeIsToldAgainUntilItIsAcknowledged()
        {
            string requestId;
            using (Terminal terminal = ConnectWithJournal())
            {
                PaymentResult result = terminal.Sale(Sale("B1", "10.00"));
                Assert.IsFalse(result.Retold);
                requestId = result.RequestId;
                Assert.AreEqual("unacknowledged", terminal.Pending().Single().State);
            }
            using (Terminal terminal = ConnectWithJournal())
            {
                PaymentResult again = Next(terminal, EventKind.Completed).Result;
                Assert.AreEqual(requestId, again.RequestId);
                Assert.IsTrue(again.Retold);
                Assert.AreEqual(Outcome.Approved, again.Outcome);
                terminal.Acknowledge(again);
                terminal.Acknowledge(again);
                Assert.AreEqual(0, terminal.Pending().Count);
            }
            using (Terminal terminal = ConnectWithJournal())
            {
                Assert.AreEqual(EventKind.Connected, terminal.NextEvent(Eventually.Bound).Kind);
                Assert.IsNull(terminal.NextEvent(TimeSpan.FromMilliseconds(200)));
            }
            Assert.AreEqual(1, Simulator.Charges("B1"));
        }

        [Test]
        public void WhatCompletesWhileNobodyWaitsStaysUntilSomebodyComes()
        {
            using (Terminal terminal = Connect())
            {
                // From here on the waiting thread fetches.
                terminal.Sale(Sale("C0", "10.00"));
                string[] numbers = { "C1", "C2", "C3" };
                foreach (string number in numbers)
                {
                    terminal.Submit(Sale(number, "10.00"));
                    Eventually.Holds(() => Simulator.Charges(number) == 1, number + " is charged");
                    Eventually.Holds(() => terminal.State().InFlight == 0, number + " has completed");
                }
                var told = new System.Collections.Concurrent.ConcurrentQueue<string>();
                terminal.Event += (sender, happened) =>
                {
                    if (happened.Result != null)
                    {
                        told.Enqueue(happened.MerchantOrderNo);
                    }
                };
                Eventually.Holds(() => told.Count == 3, "all three are told");
                CollectionAssert.AreEqual(numbers, told.ToArray());
            }
        }

        [Test]
        public void ACancelledWaitLeavesTheOrderInFlight()
        {
            using (Terminal terminal = Connect())
            using (var source = new CancellationTokenSource())
            {
                Task<PaymentResult> task = terminal.SaleAsync(Sale("D1", "10.13"), source.Token);
                WaitUntilPaying("D1");
                source.Cancel();
                WaitCanceledException canceled = Assert.Throws<WaitCanceledException>(() => Await(task));
                Assert.IsTrue(task.IsCanceled);
                StringAssert.Contains(canceled.RequestId, canceled.Message);
                Assert.AreEqual(source.Token, canceled.CancellationToken);
                Assert.AreEqual("in_flight", terminal.Pending().Single().State);
                Simulator.Post("/approve");
                PaymentResult result = Next(terminal, EventKind.Completed).Result;
                Assert.AreEqual(canceled.RequestId, result.RequestId);
                Assert.AreEqual(Outcome.Approved, result.Outcome);
            }
            Assert.AreEqual(1, Simulator.Charges("D1"));
        }

        [Test]
        public void ABlockingWaitCanBeCancelledToo()
        {
            using (Terminal terminal = Connect())
            using (var source = new CancellationTokenSource())
            {
                source.CancelAfter(100);
                Assert.Throws<WaitCanceledException>(() => terminal.Sale(Sale("E1", "10.13"), source.Token));
                Assert.AreEqual(1, terminal.Pending().Count);
            }
        }

        [Test]
        public void WithACancelledTokenNothingIsSent()
        {
            using (Terminal terminal = Connect())
            using (var source = new CancellationTokenSource())
            {
                source.Cancel();
                Assert.Throws<OperationCanceledException>(() => Await(terminal.SaleAsync(Sale("F1", "10.00"), source.Token)));
                Assert.AreEqual(0, terminal.Pending().Count);
            }
            Assert.AreEqual(0, Simulator.Charges("F1"));
        }

        [Test]
        public void ACancellationThatComesWithTheAnswerLosesNeither()
        {
            using (Terminal terminal = Connect())
            {
                for (int i = 0; i < 200; i++)
                {
                    using (var source = new CancellationTokenSource())
                    {
                        string number = "G" + i;
                        Task<PaymentResult> task = terminal.SaleAsync(Sale(number, "10.00"), source.Token);
                        Thread.SpinWait(i * 200);
                        source.Cancel();
                        PaymentResult result;
                        try
                        {
                            result = Await(task);
                        }
                        catch (WaitCanceledException canceled)
                        {
                            result = Next(terminal, EventKind.Completed).Result;
                            Assert.AreEqual(canceled.RequestId, result.RequestId);
                        }
                        Assert.AreEqual(number, result.MerchantOrderNo);
                        Assert.AreEqual(Outcome.Approved, result.Outcome);
                    }
                }
            }
        }

        [Test]
        public void DisposeEndsTheWaitsAndTheJournalKeepsTheOrder()
        {
            Task<PaymentResult> sale;
            Task<TerminalEvent> next;
            using (Terminal terminal = ConnectWithJournal())
            {
                sale = terminal.SaleAsync(Sale("H1", "10.13"));
                WaitUntilPaying("H1");
                Next(terminal, EventKind.Connected);
                next = terminal.NextEventAsync();
            }
            TerminalDisposedException ended = Assert.Throws<TerminalDisposedException>(() => Await(sale));
            Assert.NotNull(ended.RequestId);
            StringAssert.Contains("may be paid yet", ended.Message);
            Assert.IsNull(Assert.Throws<TerminalDisposedException>(() => Await(next)).RequestId);
            Simulator.Post("/approve");
            using (Terminal terminal = ConnectWithJournal())
            {
                PaymentResult result = Next(terminal, EventKind.Completed).Result;
                Assert.AreEqual(ended.RequestId, result.RequestId);
                Assert.AreEqual(Outcome.Approved, result.Outcome);
                Assert.IsTrue(result.Recovered);
                Assert.IsFalse(result.Retold);
            }
            Assert.AreEqual(1, Simulator.Charges("H1"));
        }

        [Test]
        public void ABlockingWaitEndsWithDisposeToo()
        {
            Terminal terminal = Connect();
            Task<PaymentResult> sale = Task.Run(() => terminal.Sale(Sale("I1", "10.13")));
            WaitUntilPaying("I1");
            terminal.Dispose();
            Assert.NotNull(Assert.Throws<TerminalDisposedException>(() => Await(sale)).RequestId);
        }

        [Test]
        public void AfterDisposeEveryCallSaysSo()
        {
            Terminal terminal = Connect();
            PaymentResult result = terminal.Sale(Sale("J1", "10.00"));
            terminal.Dispose();
            terminal.Dispose();
            Assert.IsNull(Assert.Throws<TerminalDisposedException>(() => terminal.Sale(Sale("J2", "10.00"))).RequestId);
            Assert.Throws<TerminalDisposedException>(() => Await(terminal.SaleAsync(Sale("J3", "10.00"))));
            Assert.Throws<TerminalDisposedException>(() => terminal.Submit(Sale("J4", "10.00")));
            Assert.Throws<TerminalDisposedException>(() => terminal.State());
            Assert.Throws<TerminalDisposedException>(() => terminal.Pending());
            Assert.Throws<TerminalDisposedException>(() => terminal.Acknowledge(result));
            Assert.Throws<TerminalDisposedException>(() => terminal.Resolve(result.RequestId, Outcome.Approved));
            // What was fetched before may still be taken.
            Assert.AreEqual(EventKind.Connected, terminal.NextEvent(TimeSpan.Zero).Kind);
            Assert.Throws<TerminalDisposedException>(() => terminal.NextEvent(Eventually.Bound));
        }

        [Test]
        public void ShutdownEndsEveryTerminalAndOneMayConnectAnew()
        {
            using (Terminal terminal = Connect())
            {
                Task<PaymentResult> sale = terminal.SaleAsync(Sale("K1", "10.13"));
                WaitUntilPaying("K1");
                EcrhubLibrary.Shutdown();
                Assert.NotNull(Assert.Throws<TerminalDisposedException>(() => Await(sale)).RequestId);
                Assert.Throws<TerminalDisposedException>(() => terminal.Sale(Sale("K2", "10.00")));
                Simulator.Post("/cancel");
            }
            using (Terminal terminal = Connect())
            {
                Assert.AreEqual(Outcome.Approved, terminal.Sale(Sale("K3", "10.00")).Outcome);
            }
        }

        [Test]
        public void APersonResolvesAnUnknown()
        {
            using (Terminal terminal = ConnectWithJournal())
            {
                PaymentResult unknown = Unknown(terminal, "L1");
                Assert.AreEqual(Outcome.Unknown, terminal.Pending().Single().Outcome);
                Assert.AreEqual("ECRHUB_ERR_ARGUMENT",
                    Assert.Throws<EcrhubException>(() => terminal.Resolve(unknown.RequestId, Outcome.Ok)).Name);
                terminal.Resolve(unknown.RequestId, Outcome.Approved, "seen on the terminal, Zo\u00eb");
                Assert.AreEqual(0, terminal.Pending().Count);
            }
        }

        [Test]
        public void TheTruthAboutAnUnknownComesOnce()
        {
            using (Terminal terminal = ConnectWithJournal())
            {
                PaymentResult unknown = Unknown(terminal, "M1");
                SayLate(unknown);
                PaymentResult truth = Next(terminal, EventKind.Clarified).Result;
                Assert.IsTrue(truth.IsClarification);
                Assert.AreEqual(unknown.RequestId, truth.RequestId);
                Assert.AreEqual(Outcome.Approved, truth.Outcome);
                Assert.AreEqual("77", truth.TransNo);
                terminal.Acknowledge(truth);
                Assert.AreEqual(0, terminal.Pending().Count);
            }
        }

        [TestCase(true)]
        [TestCase(false)]
        public void AnAcknowledgementOfTheUnknownDoesNotSwallowTheTruth(bool byResult)
        {
            using (Terminal terminal = ConnectWithJournal())
            {
                PaymentResult unknown = Unknown(terminal, "N1");
                SayLate(unknown);
                // The truth has left the library, and nobody has seen it.
                Eventually.Holds(() => terminal.HoldsClarification(unknown.RequestId), "the truth is fetched");
                if (byResult)
                {
                    Assert.IsFalse(terminal.Acknowledge(unknown));
                }
                else
                {
                    Assert.IsFalse(terminal.Acknowledge(unknown.RequestId, unknown.Outcome));
                }
                // The process dies here, as far as the library can tell.
            }
            using (Terminal terminal = ConnectWithJournal())
            {
                for (TerminalEvent happened = terminal.NextEvent(Eventually.Bound); ; happened = terminal.NextEvent(Eventually.Bound))
                {
                    Assert.NotNull(happened, "the truth was never told again");
                    if (happened.Result != null)
                    {
                        Assert.AreEqual(Outcome.Approved, happened.Result.Outcome);
                        Assert.IsTrue(happened.Result.Retold);
                        return;
                    }
                }
            }
        }

        private static Sale Sale(string number, string amount)
        {
            return new Sale { OrderNo = number, Amount = decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture) };
        }

        private Terminal ConnectWithJournal()
        {
            return Connect(options =>
            {
                options.Journal = Path.Combine(Folder, "till Kasse \u00c4.db");
                options.TerminalName = "counter";
                options.ClarifyInterval = TimeSpan.Zero;
                options.RecoveryTimeout = options.RequestTimeout = TimeSpan.FromMilliseconds(300);
            });
        }

        /// <summary>A sale whose answer is lost, and about which the terminal says nothing.</summary>
        private static PaymentResult Unknown(Terminal terminal, string number)
        {
            Sale sale = Sale(number, "10.57");
            sale.Timeout = TimeSpan.FromMilliseconds(100);
            PaymentResult result = terminal.Sale(sale);
            Assert.AreEqual(Outcome.Unknown, result.Outcome, result.Raw);
            return result;
        }

        /// <summary>The terminal answers after all.</summary>
        private void SayLate(PaymentResult unknown)
        {
            Simulator.Push("{\"topic\":\"ecrhub.pay.order\",\"request_id\":\"" + unknown.RequestId + "\",\"response_code\":\"000\",\"biz_data\":{"
                + "\"trans_type\":\"1\",\"merchant_order_no\":\"" + unknown.MerchantOrderNo
                + "\",\"order_amount\":\"10.57\",\"trans_no\":\"77\",\"trans_status\":\"2\"}}");
        }
    }
}
