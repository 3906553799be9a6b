using System;
using System.Collections;
using System.Linq;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;

namespace Ecrhub.Tests
{
    /// <summary>Waits that end in unusual ways: nothing that the library told may be lost with them.</summary>
    [TestFixture]
    public sealed class WaitTests : Simulated
    {
        [Test]
        public void AWaitThatIsNoneTakesNoEvent()
        {
            using (Terminal terminal = Connect())
            {
                Assert.Throws<ArgumentOutOfRangeException>(() => terminal.NextEvent(TimeSpan.FromDays(30)));
                Assert.Throws<ArgumentOutOfRangeException>(() => terminal.NextEvent(TimeSpan.FromMilliseconds(-2)));
                Assert.AreEqual(EventKind.Connected, terminal.NextEvent(TimeSpan.FromSeconds(5)).Kind);
            }
        }

        [Test]
        public void AnInterruptedCallLeavesTheOrderInFlight()
        {
            using (Terminal terminal = Connect())
            {
                Next(terminal, EventKind.Connected);
                Exception thrown = null;
                var selling = new Thread(() =>
                    thrown = Assert.Throws<ThreadInterruptedException>(() => terminal.Sale(new Sale { OrderNo = "B1", Amount = 10.13m })));
                selling.Start();
                WaitUntilPaying("B1");
                selling.Interrupt();
                Assert.IsTrue(selling.Join(Eventually.Bound));
                StringAssert.Contains("is still in flight", thrown.Message);
                Simulator.Post("/approve");
                TerminalEvent completed = terminal.NextEvent(TimeSpan.FromSeconds(5));
                Assert.NotNull(completed, "the completion is lost");
                Assert.AreEqual("B1", completed.MerchantOrderNo);
                StringAssert.Contains(completed.RequestId, thrown.Message);
            }
        }

        [Test]
        public void AnInterruptedWaitTakesNoEvent()
        {
            using (Terminal terminal = Connect())
            {
                Next(terminal, EventKind.Connected);
                var waiting = new Thread(() =>
                    Assert.Throws<ThreadInterruptedException>(() => terminal.NextEvent(Timeout.InfiniteTimeSpan)));
                waiting.Start();
                Eventually.Holds(() => waiting.ThreadState.HasFlag(ThreadState.WaitSleepJoin), "it waits");
                waiting.Interrupt();
                Assert.IsTrue(waiting.Join(Eventually.Bound));
                Simulator.Push("no json");
                Assert.AreEqual(EventKind.ProtocolError, terminal.NextEvent(TimeSpan.FromSeconds(5)).Kind);
            }
        }

        [Test]
        public void AnAnswerThatIsBeingToldDuringTheInterruptionIsReturned()
        {
            var connection = new Connection(Simulator.Url);
            PaymentResult result = null;
            bool wasInterrupted = false;
            var selling = new Thread(() =>
            {
                try
                {
                    result = connection.Call(new Sale { OrderNo = "D1", Amount = 10.13m, AppId = "tests" }.ToJson(), 0, CancellationToken.None);
                    Thread.Sleep(Eventually.Bound);
                }
                catch (ThreadInterruptedException)
                {
                    wasInterrupted = true;
                }
            });
            selling.Start();
            WaitUntilPaying("D1");
            // As the thread that fetches does it, but slower.
            var waits = (IDictionary)typeof(Connection).GetField("waits", BindingFlags.Instance | BindingFlags.NonPublic).GetValue(connection);
            string requestId = waits.Keys.Cast<string>().Single();
            var wait = (TaskCompletionSource<PaymentResult>)waits[requestId];
            waits.Remove(requestId);
            selling.Interrupt();
            Thread.Sleep(50);
            wait.SetResult(new TerminalEvent("{\"event\":\"completed\",\"outcome\":\"approved\"}").Result);
            Assert.IsTrue(selling.Join(Eventually.Bound));
            connection.End();
            Assert.NotNull(result, "the answer is lost");
            Assert.IsTrue(wasInterrupted);
        }

        [Test]
        public void AnEventThatIsPutBackIsTheNextOne()
        {
            var events = new EventStream();
            events.Add(new TerminalEvent("{\"event\":\"completed\",\"request_id\":\"2\"}"));
            events.PutBack(new TerminalEvent("{\"event\":\"message\",\"request_id\":\"1\"}"));
            foreach (string expected in new[] { "1", "2" })
            {
                var taker = new TaskCompletionSource<TerminalEvent>();
                events.Take(taker);
                Assert.AreEqual(expected, taker.Task.Result.RequestId);
            }
        }
    }
}
