using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;

namespace Ecrhub.Tests
{
    [TestFixture]
    public sealed class EventTests : Simulated
    {
        [Test]
        public void EveryEventHasItsProperties()
        {
            using (Terminal terminal = Connect())
            {
                TerminalEvent connected = terminal.NextEvent(Eventually.Bound);
                Assert.AreEqual(EventKind.Connected, connected.Kind);
                StringAssert.StartsWith("ws://", connected.Url);
                Assert.AreEqual("connected to " + connected.Url, connected.ToString());

                Simulator.Push("{\"topic\":\"ecrhub.notice\",\"biz_data\":{\"text\":\"\u7d19 \ud83e\uddfe\"}}");
                TerminalEvent message = Next(terminal, EventKind.Message);
                StringAssert.Contains("\u7d19 \ud83e\uddfe", message.Message);
                Assert.IsNull(message.LateFor);

                Simulator.Push("no json");
                TerminalEvent broken = Next(terminal, EventKind.ProtocolError);
                Assert.AreEqual("no json", broken.Bytes);
                Assert.NotNull(broken.Detail);

                Simulator.Post("/cut");
                TerminalEvent disconnected = Next(terminal, EventKind.Disconnected);
                Assert.AreEqual("ECRHUB_ERR_TERMINAL", disconnected.Error.Name);
                Assert.Less(disconnected.RetryIn.Value, Eventually.Bound);

                terminal.Submit(new Sale { OrderNo = "A1", Amount = 10.34m });
                TerminalEvent recovering = Next(terminal, EventKind.Recovering);
                Assert.AreEqual("A1", recovering.MerchantOrderNo);
                Assert.NotNull(recovering.Reason);
                TerminalEvent completed = Next(terminal, EventKind.Completed);
                Assert.AreEqual(recovering.RequestId, completed.RequestId);
                Assert.AreEqual(completed.Result.ToString(), completed.ToString());
            }
        }

        [Test]
        public void HandlersGetEventsOneAtATimeInOrder()
        {
            using (Terminal terminal = Connect())
            {
                var told = new ConcurrentQueue<string>();
                int inside = 0, most = 0;
                terminal.Event += (sender, happened) =>
                {
                    most = Math.Max(most, Interlocked.Increment(ref inside));
                    Assert.AreSame(terminal, sender);
                    Thread.Sleep(1);
                    told.Enqueue(happened.LateFor ?? happened.Message ?? "");
                    Interlocked.Decrement(ref inside);
                };
                Eventually.Holds(() => told.Count == 1, "connected is told");
                string[] texts = Enumerable.Range(0, 50).Select(i => "{\"topic\":\"notice\",\"biz_data\":{\"n\":" + i + "}}").ToArray();
                Array.ForEach(texts, text => Simulator.Push(text));
                Eventually.Holds(() => told.Count == 51, "all are told");
                CollectionAssert.AreEqual(texts, told.Skip(1).ToArray());
                Assert.AreEqual(1, most);
            }
        }

        [Test]
        public void EventsThatComeAllAtOnceAreHandledOneAtATimeToo()
        {
            var events = new EventStream();
            var told = new ConcurrentQueue<string>();
            int inside = 0, most = 0;
            events.SetHandler(happened =>
            {
                most = Math.Max(most, Interlocked.Increment(ref inside));
                Thread.Sleep(1);
                told.Enqueue(happened.RequestId);
                Interlocked.Decrement(ref inside);
            });
            string[] numbers = Enumerable.Range(0, 200).Select(i => i.ToString()).ToArray();
            Array.ForEach(numbers, number => events.Add(new TerminalEvent("{\"event\":\"completed\",\"request_id\":\"" + number + "\"}")));
            Eventually.Holds(() => told.Count == numbers.Length, "all are told");
            CollectionAssert.AreEqual(numbers, told.ToArray());
            Assert.AreEqual(1, most);
        }

        [Test]
        public void AHandlerThatThrowsIsReportedAndTheRestGoesOn()
        {
            using (Terminal terminal = Connect())
            {
                var failures = new ConcurrentQueue<HandlerFailure>();
                int told = 0;
                terminal.HandlerFailed += (sender, failure) => failures.Enqueue(failure);
                EventHandler<TerminalEvent> bug = (sender, happened) => { throw new InvalidOperationException("a bug of the till"); };
                terminal.Event += bug + ((sender, happened) => Interlocked.Increment(ref told));
                Assert.AreEqual(Outcome.Approved, terminal.Sale(new Sale { OrderNo = "B1", Amount = 10m }).Outcome);
                Simulator.Push("no json");
                Eventually.Holds(() => told == 2 && failures.Count == 2, "both handlers are called for both events");
                Assert.AreEqual("a bug of the till", failures.First().Exception.Message);
                Assert.AreEqual(EventKind.Connected, failures.First().Event.Kind);
            }
        }

        [Test]
        public void AnExceptionWithoutWordsIsReportedToo()
        {
            using (Terminal terminal = Connect())
            {
                HandlerFailure reported = null;
                terminal.HandlerFailed += (sender, failure) => reported = failure;
                terminal.Event += (sender, happened) => { throw new Wordless(); };
                Eventually.Holds(() => reported?.Exception is Wordless, "it is reported");
            }
        }

        private sealed class Wordless : Exception
        {
            public override string ToString() => throw new InvalidOperationException("a bug of the till");
        }

        [Test]
        public void AHandlerMayBlockSellAndDispose()
        {
            Terminal terminal = Connect();
            var done = new TaskCompletionSource<Outcome>();
            terminal.Event += (sender, happened) =>
            {
                if (happened.Kind == EventKind.Connected)
                {
                    Outcome outcome = terminal.Sale(new Sale { OrderNo = "C1", Amount = 10m }).Outcome;
                    terminal.Dispose();
                    done.SetResult(outcome);
                }
            };
            Assert.AreEqual(Outcome.Approved, Await(done.Task));
        }

        [Test]
        public void AHandlerThatIsGoneGetsNothingMore()
        {
            using (Terminal terminal = Connect())
            {
                int told = 0;
                EventHandler<TerminalEvent> handler = (sender, happened) => Interlocked.Increment(ref told);
                terminal.Event += handler;
                Eventually.Holds(() => told == 1, "connected is told");
                terminal.Event -= handler;
                Simulator.Push("no json");
                Assert.AreEqual(EventKind.ProtocolError, terminal.NextEvent(Eventually.Bound).Kind);
                Assert.AreEqual(1, told);
            }
        }

        [Test]
        public void EventsCanBeAwaitedAndTheWaitCancelled()
        {
            using (Terminal terminal = Connect())
            using (var source = new CancellationTokenSource())
            {
                Assert.AreEqual(EventKind.Connected, Await(terminal.NextEventAsync()).Kind);
                Task<TerminalEvent> next = terminal.NextEventAsync(source.Token);
                source.Cancel();
                Assert.Throws<OperationCanceledException>(() => Await(next));
                Assert.IsNull(terminal.NextEvent(TimeSpan.Zero));
                next = terminal.NextEventAsync();
                Simulator.Push("no json");
                Assert.AreEqual(EventKind.ProtocolError, Await(next).Kind);
            }
        }

        [Test]
        public void OutcomesAreNeverDroppedOthersPastAThousandAre()
        {
            var events = new EventStream();
            for (int i = 0; i < 3000; i++)
            {
                string kind = i % 10 == 0 ? "completed" : "message";
                events.Add(new TerminalEvent("{\"event\":\"" + kind + "\",\"at\":" + i + ",\"request_id\":\"" + i + "\"}"));
            }
            Assert.AreEqual(1300, events.Count);
            var taken = Enumerable.Range(0, 1300).Select(_ => Await(Take(events))).ToList();
            CollectionAssert.AreEqual(Enumerable.Range(0, 300).Select(i => (i * 10).ToString()).ToArray(),
                taken.Where(happened => happened.Kind == EventKind.Completed).Select(happened => happened.RequestId).ToArray());
            Assert.AreEqual("2999", taken.Last().RequestId);
            CollectionAssert.AreEqual(taken.OrderBy(happened => happened.At).ToArray(), taken.ToArray());
        }

        [Test]
        public void TheStateIsASnapshot()
        {
            using (Terminal terminal = Connect())
            {
                Next(terminal, EventKind.Connected);
                terminal.Submit(new Sale { OrderNo = "D1", Amount = 10.13m });
                TerminalState state = terminal.State();
                Assert.AreEqual("connected", state.State);
                Assert.AreEqual(Simulator.Url, state.Url);
                Assert.AreEqual(1, state.InFlight);
                Assert.AreEqual(0, state.EventsWaiting);
                Assert.IsNull(state.Journal);
                Assert.AreEqual(0, state.Elsewhere);
                PendingRequest pending = terminal.Pending().Single();
                Assert.AreEqual("D1", pending.MerchantOrderNo);
                Assert.AreEqual(Simulator.Url, pending.Terminal);
                Assert.IsFalse(pending.IsElsewhere);
                Assert.AreEqual("in_flight D1", pending.ToString());
                StringAssert.Contains("\"order_amount\":\"10.13\"", pending.Request);
                Assert.IsNull(pending.Outcome);
                Simulator.Push("no json");
                // That, and that the order is being recovered, which it may have been the answer to.
                Eventually.Holds(() => terminal.State().EventsWaiting > 0, "the event waits");
            }
        }

        private static Task<TerminalEvent> Take(EventStream events)
        {
            var taker = new TaskCompletionSource<TerminalEvent>();
            events.Take(taker);
            return taker.Task;
        }
    }
}
