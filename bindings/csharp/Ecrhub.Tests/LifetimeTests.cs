using System;
using System.Collections.Concurrent;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;

namespace Ecrhub.Tests
{
    /// <summary>Threads, the collector, and what native code holds.</summary>
    [TestFixture]
    public sealed class LifetimeTests : Simulated
    {
        [Test]
        public void EightThreadsShareATerminalAndEachGetsItsOwnAnswers()
        {
            using (Terminal terminal = Connect())
            {
                int own = 0;
                Task[] tasks = Enumerable.Range(0, 8).Select(thread => Task.Factory.StartNew(() =>
                {
                    for (int i = 0; i < 50; i++)
                    {
                        string number = "A" + thread + "X" + i;
                        PaymentResult result = terminal.Query(new Query { OrderNo = number });
                        Assert.AreEqual(Outcome.NotFound, result.Outcome);
                        Assert.AreEqual(number, result.MerchantOrderNo);
                        Interlocked.Increment(ref own);
                    }
                }, TaskCreationOptions.LongRunning)).ToArray();
                Assert.IsTrue(Task.WaitAll(tasks, Eventually.Bound));
                Assert.AreEqual(400, own);
            }
        }

        [Test]
        public void NoCallHoldsAThread()
        {
            using (Terminal terminal = Connect())
            {
                terminal.Query(new Query { OrderNo = "B" });
                int before = Threads();
                Simulator.Post("/freeze");
                Task<PaymentResult>[] tasks = Enumerable.Range(0, 300)
                    .Select(i => terminal.QueryAsync(new Query { OrderNo = "B" + i })).ToArray();
                Assert.LessOrEqual(Threads() - before, 10);
                Assert.IsFalse(tasks.Any(task => task.IsCompleted));
                Simulator.Post("/thaw");
                for (int i = 0; i < tasks.Length; i++)
                {
                    Assert.AreEqual("B" + i, Await(tasks[i]).MerchantOrderNo);
                }
            }
        }

        [Test]
        public void AContinuationThatBlocksHoldsNobodyUp()
        {
            using (Terminal terminal = Connect())
            using (var gate = new ManualResetEvent(false))
            {
                terminal.Query(new Query { OrderNo = "C0" });
                Simulator.Post("/freeze");
                bool isInside = false;
                Task blocked = terminal.QueryAsync(new Query { OrderNo = "C1" }).ContinueWith(_ =>
                {
                    isInside = true;
                    gate.WaitOne();
                }, TaskContinuationOptions.ExecuteSynchronously);
                Simulator.Post("/thaw");
                Eventually.Holds(() => isInside, "the continuation runs");
                Task others = Task.Factory.StartNew(() =>
                {
                    terminal.Query(new Query { OrderNo = "C2" });
                    terminal.Query(new Query { OrderNo = "C3" });
                }, TaskCreationOptions.LongRunning);
                bool wentOn = others.Wait(Eventually.Bound);
                Assert.IsFalse(blocked.IsCompleted);
                gate.Set();
                Assert.IsTrue(wentOn, "the continuation held the waiting thread");
                Assert.IsTrue(blocked.Wait(Eventually.Bound));
            }
        }

        [Test]
        public void BlockingCallsNeedNoThreadOfThePool()
        {
            using (Terminal terminal = Connect())
            using (var gate = new ManualResetEvent(false))
            {
                ThreadPool.GetMaxThreads(out int most, out int mostIo);
                Assert.IsTrue(ThreadPool.SetMaxThreads(Environment.ProcessorCount, mostIo));
                int inside = 0;
                try
                {
                    for (int i = 0; i < Environment.ProcessorCount; i++)
                    {
                        ThreadPool.QueueUserWorkItem(_ => { Interlocked.Increment(ref inside); gate.WaitOne(); });
                    }
                    Eventually.Holds(() => inside == Environment.ProcessorCount, "the pool is full");
                    Task selling = Task.Factory.StartNew(() =>
                    {
                        terminal.Sale(new Sale { OrderNo = "P1", Amount = 10m });
                        // Slow, so that its completion has to be waited for.
                        terminal.Submit(new Sale { OrderNo = "P2", Amount = 10.10m });
                        Next(terminal, EventKind.Completed);
                    }, TaskCreationOptions.LongRunning);
                    Assert.IsTrue(selling.Wait(Eventually.Bound), "it waits for the pool");
                }
                finally
                {
                    gate.Set();
                    ThreadPool.SetMaxThreads(most, mostIo);
                }
            }
        }

        [Test]
        public void HandlesNeedMoreThan32Bits()
        {
            using (Terminal terminal = Connect())
            {
                Assert.Greater(terminal.Handle, (ulong)uint.MaxValue);
                Assert.AreEqual(Outcome.Approved, terminal.Sale(new Sale { OrderNo = "D1", Amount = 10m }).Outcome);
            }
        }

        [Test]
        public void TheLogOutlivesTheCollectorAndItsReceiversMistakes()
        {
            var lines = new ConcurrentQueue<string>();
            EcrhubLog.Start(LogLevel.Trace, (level, line) =>
            {
                lines.Enqueue(level + " " + line);
                throw new InvalidOperationException("a bug of the till");
            });
            try
            {
                using (Terminal terminal = Connect())
                {
                    for (int i = 0; i < 20; i++)
                    {
                        CollectAll();
                        int before = lines.Count(line => line.Contains("nobody"));
                        Assert.AreEqual(Outcome.Approved, terminal.Sale(new Sale { OrderNo = "E" + i, Amount = 10m }).Outcome);
                        Assert.Throws<EcrhubException>(() => terminal.Acknowledge("nobody", Outcome.Approved));
                        Assert.AreEqual(before + 1, lines.Count(line => line.Contains("nobody")));
                    }
                    Assert.Throws<ArgumentNullException>(() => EcrhubLog.Start(LogLevel.Info, null));
                    Assert.Throws<EcrhubException>(() => EcrhubLog.Start((LogLevel)6, (level, line) => { }));
                    EcrhubLog.Stop();
                    int last = lines.Count;
                    Assert.Throws<EcrhubException>(() => terminal.Acknowledge("nobody", Outcome.Approved));
                    Assert.AreEqual(last, lines.Count);
                }
                StringAssert.StartsWith("Debug refused: ", lines.First(line => line.Contains("nobody")));
                Assert.IsFalse(lines.Any(line => line.Contains("BUFFER_TOO_SMALL")), "what this package asks for is no refusal");
            }
            finally
            {
                EcrhubLog.Stop();
            }
        }

        [Test]
        public void ATerminalThatNobodyKeepsEndsItself()
        {
            OnAThreadOfItsOwn(() => Connect().Sale(new Sale { OrderNo = "F1", Amount = 10m }));
            Eventually.Holds(() => CollectAll() && Connections() == 0, "the connection is closed");
        }

        [Test]
        public void ATerminalThatIsAwaitedIsKept()
        {
            Task<PaymentResult> sale = null;
            OnAThreadOfItsOwn(() => sale = Connect().SaleAsync(new Sale { OrderNo = "G1", Amount = 10.13m }));
            WaitUntilPaying("G1");
            for (int i = 0; i < 10; i++)
            {
                CollectAll();
            }
            Assert.AreEqual(1, Connections());
            Simulator.Post("/approve");
            Assert.AreEqual(Outcome.Approved, Await(sale).Outcome);
        }

        [Test]
        public void ATerminalWithAHandlerIsKept()
        {
            var told = new ConcurrentQueue<Terminal>();
            OnAThreadOfItsOwn(() => Connect().Event += (sender, happened) => told.Enqueue(happened.Kind == EventKind.ProtocolError
                ? (Terminal)sender : null));
            Eventually.Holds(() => told.Count == 1, "connected is told");
            for (int i = 0; i < 10; i++)
            {
                CollectAll();
            }
            Simulator.Push("no json");
            Eventually.Holds(() => told.Count == 2, "the next event is told");
            told.Last().Dispose();
            Eventually.Holds(() => Connections() == 0, "the connection is closed");
        }

        private static int Threads() => Directory.GetDirectories("/proc/self/task").Length;

        private long Connections() => JsonReader.Members(Simulator.Control("GET", "/state")).Number("connections").Value;

        private static bool CollectAll()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return true;
        }

        /// <summary>A stack that is gone cannot hold anything.</summary>
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void OnAThreadOfItsOwn(Action action)
        {
            var thread = new Thread(() => action());
            thread.Start();
            thread.Join();
        }
    }
}
