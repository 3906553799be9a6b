using System;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using NUnit.Framework;

namespace Ecrhub.Tests
{
    /// <summary>A program that disposes of nothing ends by itself, every time.</summary>
    [TestFixture]
    public sealed class ExitTests : Simulated
    {
        private const int BoundMs = 10000;

        // Environment.Exit is where Mono locked up most.
        [TestCase("exit", 20)]
        [TestCase("thread", 5)]
        [TestCase("return", 5)]
        [TestCase("dispose", 5)]
        [TestCase("log", 5)]
        [TestCase("several", 5)]
        [TestCase("flight", 3)]
        [TestCase("blocked", 3)]
        [TestCase("busy", 3)]
        [TestCase("throw", 3)]
        public void AProgramEnds(string way, int runs)
        {
            for (int run = 0; run < runs; run++)
            {
                Leave(way, run);
            }
            Console.WriteLine("{0} of {0} programs that left by \"{1}\" ended by themselves", runs, way);
        }

        private void Leave(string way, int run)
        {
            string program = Path.Combine(Path.GetDirectoryName(typeof(ExitTests).Assembly.Location), "Leaver.exe");
            var start = new ProcessStartInfo(Process.GetCurrentProcess().MainModule.FileName,
                "\"" + program + "\" " + Simulator.Url + " R" + run + " " + way)
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using (Process process = Process.Start(start))
            {
                Task<string> said = process.StandardOutput.ReadToEndAsync();
                Task<string> errors = process.StandardError.ReadToEndAsync();
                bool hasEnded = process.WaitForExit(BoundMs);
                if (!hasEnded)
                {
                    process.Kill();
                    process.WaitForExit();
                }
                Assert.IsTrue(hasEnded, "run " + run + " hangs");
                string all = Await(said) + Await(errors);
                Assert.AreEqual(way == "throw", process.ExitCode != 0, "run " + run + ": " + process.ExitCode + " " + all);
                Assert.AreEqual(way == "throw", all.Contains("a bug of the till"), all);
                if (way != "throw")
                {
                    StringAssert.Contains((way == "several" ? 4 : 1) + " threads, 0 left at the end", all);
                }
                if (way == "flight" || way == "blocked")
                {
                    // The terminal serves one customer at a time.
                    Eventually.Holds(() => Simulator.Charges("R" + run + "SLOW") == 1, "the slow sale is paid");
                }
            }
        }
    }
}
