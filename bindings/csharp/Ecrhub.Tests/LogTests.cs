using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;

namespace Ecrhub.Tests
{
    /// <summary>What the log tells, and what its receivers may do.</summary>
    [TestFixture]
    public sealed class LogTests : Simulated
    {
        [TearDown]
        public void StopLog()
        {
            EcrhubLog.Stop();
        }

        [Test]
        public void NothingIsLostThatIsSaidOnTheThreadThatFetches()
        {
            var lines = new ConcurrentQueue<string>();
            EcrhubLog.Start(LogLevel.Debug, (level, line) => lines.Enqueue(line));
            using (Terminal terminal = Connect())
            {
                for (int i = 0; i < 50; i++)
                {
                    terminal.Query(new Query { OrderNo = "A" + i + "X" });
                }
                for (int i = 0; i < 50; i++)
                {
                    string words = "query A" + i + "X (";
                    Eventually.Holds(() => lines.Any(line => line.Contains(words)), words);
                }
                // Larger than the first buffer.
                terminal.Submit(new Sale { OrderNo = "B1", Amount = 10.13m, Attach = new string('x', 120), Description = new string('y', 120) });
                for (int i = 0; i < 20; i++)
                {
                    terminal.Submit(new Query { OrderNo = "B1" });
                }
                Simulator.Push("{\"topic\":\"notice\",\"biz_data\":{\"text\":\"" + new string('z', 10000) + "\"}}");
                Next(terminal, EventKind.Message);
            }
            Assert.IsFalse(lines.Any(line => line.Contains("BUFFER_TOO_SMALL")), "what this package asks for is no refusal");
        }

        [Test]
        public void AReceiverIsRefusedTheLogItself()
        {
            Exception refused = null;
            using (var inside = new ManualResetEvent(false))
            using (var done = new ManualResetEvent(false))
            using (var goOn = new ManualResetEvent(false))
            {
                EcrhubLog.Start(LogLevel.Debug, (level, line) =>
                {
                    if (line.Contains("nobody"))
                    {
                        inside.Set();
                        goOn.WaitOne();
                        refused = Assert.Throws<EcrhubException>(EcrhubLog.Stop);
                        done.Set();
                    }
                });
                using (Terminal terminal = Connect())
                {
                    Task.Factory.StartNew(() => terminal.Acknowledge("nobody", Outcome.Approved), TaskCreationOptions.LongRunning);
                    Assert.IsTrue(inside.WaitOne(Eventually.Bound));
                    // Waits until the receiver has returned, and nobody may wait for this one meanwhile.
                    Task restart = Task.Factory.StartNew(() => EcrhubLog.Start(LogLevel.Info, (level, line) => { }),
                        TaskCreationOptions.LongRunning);
                    Assert.IsFalse(restart.Wait(200));
                    goOn.Set();
                    Assert.IsTrue(done.WaitOne(TimeSpan.FromSeconds(10)), "both wait for each other");
                    Assert.IsTrue(restart.Wait(Eventually.Bound));
                }
            }
            StringAssert.Contains("receiver", refused.Message);
        }

        [Test]
        public void ATerminalThatAReceiverDisposesOfEnds()
        {
            Terminal terminal = Connect();
            Next(terminal, EventKind.Connected);
            EcrhubLog.Start(LogLevel.Debug, (level, line) =>
            {
                if (line.Contains("nobody"))
                {
                    terminal.Dispose();
                }
            });
            Assert.Throws<EcrhubException>(() => terminal.Acknowledge("nobody", Outcome.Approved));
            Eventually.Holds(() => Simulator.Control("GET", "/state").Contains("\"connections\":0"), "the connection is closed");
            Assert.Throws<TerminalDisposedException>(() => terminal.State());
        }

        [Test]
        public void WhatNativeCodeCallsIsMarkedForUnity()
        {
            MethodInfo receive = typeof(EcrhubLog).GetMethod("Receive", BindingFlags.Static | BindingFlags.NonPublic);
            Assert.AreEqual("MonoPInvokeCallbackAttribute", receive.GetCustomAttributesData().Single().AttributeType.Name);
        }
    }
}
