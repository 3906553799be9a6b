using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using NUnit.Framework;

namespace Ecrhub.Tests
{
    /// <summary>Programs in trouble, on the runtime that runs this: none may hang, and none may end with orders in flight but
    /// where it wants to.</summary>
    [TestFixture]
    public sealed class TroubleTests : Simulated
    {
        [TestCase("caller")]
        [TestCase("fetcher")]
        [TestCase("library")]
        public void AReceiverMayEndTheProcess(string where)
        {
            Assert.AreEqual("ended on " + where, Run(3, "exit " + Simulator.Url + " " + where).Trim());
        }

        [Test]
        public void AnEventThatIsRefusedForAMomentIsFetchedAgain()
        {
            Assert.AreEqual("approved approved", Refused("ECRHUB_REFUSALS", 3));
        }

        [Test]
        public void AnEventThatNoMemorySufficesForIsFetchedAgain()
        {
            Assert.AreEqual("approved approved", Refused("ECRHUB_HUGE", 3));
        }

        [Test]
        public void WhoWaitsForAnEventThatIsRefusedOnAndOnIsTold()
        {
            string said = Refused("ECRHUB_REFUSALS", 25);
            StringAssert.IsMatch("^failed: .*\"[0-9a-f]+\" is still in flight: .* event: approved approved$", said);
        }

        private string Refused(string variable, int times)
        {
            return Run(0, "refused " + Simulator.Url, start =>
            {
                string real = start.EnvironmentVariables["ECRHUB_LIBRARY"];
                start.EnvironmentVariables["ECRHUB_REAL"] = Path.GetFullPath(real);
                start.EnvironmentVariables["ECRHUB_LIBRARY"] = Path.Combine(Here, "refusing", "libecrhub.so");
                start.EnvironmentVariables[variable] = times.ToString();
            }).Replace(Environment.NewLine, " ").Trim();
        }

        private static string Here => Path.GetDirectoryName(typeof(TroubleTests).Assembly.Location);

        /// <summary>What the program said. It is killed when it does not end.</summary>
        private static string Run(int expected, string arguments, Action<ProcessStartInfo> change = null)
        {
            var start = new ProcessStartInfo(Process.GetCurrentProcess().MainModule.FileName,
                "\"" + Path.Combine(Here, "Troubled.exe") + "\" " + arguments)
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
            };
            change?.Invoke(start);
            using (Process process = Process.Start(start))
            using (new Timer(_ => process.Kill(), null, (int)Eventually.Bound.TotalMilliseconds, Timeout.Infinite))
            {
                string said = process.StandardOutput.ReadToEnd();
                process.WaitForExit();
                Assert.AreEqual(expected, process.ExitCode, said);
                return said;
            }
        }
    }
}
