using System;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;

namespace Ecrhub.Tests
{
    /// <summary>A test with a terminal in software of its own.</summary>
    public abstract class Simulated
    {
        private string folder;

        internal Simulator Simulator { get; private set; }

        /// <summary>A folder of the test's own.</summary>
        protected string Folder => folder ?? (folder = Directory.CreateDirectory(
            Path.Combine(Path.GetTempPath(), "ecrhub-" + Guid.NewGuid().ToString("N"))).FullName);

        [SetUp]
        public void StartSimulator()
        {
            // NUnit makes one object for all tests of a fixture.
            folder = null;
            Simulator = new Simulator();
        }

        [TearDown]
        public void StopSimulator()
        {
            Simulator.Dispose();
            if (folder != null)
            {
                Directory.Delete(folder, true);
            }
        }

        protected Terminal Connect(Action<TerminalOptions> change = null)
        {
            // Impatient, so that what has to be found out is found out soon.
            var options = new TerminalOptions
            {
                Url = Simulator.Url,
                AppId = "tests",
                RecoveryInterval = TimeSpan.FromMilliseconds(50),
                ReconnectMin = TimeSpan.FromMilliseconds(20),
                ReconnectMax = TimeSpan.FromMilliseconds(100),
            };
            change?.Invoke(options);
            return Terminal.Connect(options);
        }

        /// <summary>The next event of this kind; all before it are dropped.</summary>
        protected static TerminalEvent Next(Terminal terminal, EventKind kind)
        {
            for (;;)
            {
                TerminalEvent happened = terminal.NextEvent(Eventually.Bound);
                Assert.NotNull(happened, "no event " + kind);
                if (happened.Kind == kind)
                {
                    return happened;
                }
            }
        }

        protected void WaitUntilPaying(string orderNo)
        {
            Eventually.Holds(() => Simulator.Control("GET", "/state").Contains("\"running\":\"" + orderNo), orderNo + " is being paid");
        }

        /// <summary>The result of a task that must end.</summary>
        protected static T Await<T>(Task<T> task)
        {
            Assert.AreEqual(0, Task.WaitAny(new Task[] { task }, Eventually.Bound), "it never ended");
            return task.GetAwaiter().GetResult();
        }

        /// <summary>Does something while this thread is at home somewhere else.</summary>
        protected static void Under(string culture, Action action)
        {
            CultureInfo before = Thread.CurrentThread.CurrentCulture;
            Thread.CurrentThread.CurrentCulture = CultureOf(culture);
            try
            {
                action();
            }
            finally
            {
                Thread.CurrentThread.CurrentCulture = before;
            }
        }

        /// <summary>A runtime without its tables of cultures gives the invariant one under every name, so that what matters here
        /// is said once more: the separators, and the signs.</summary>
        private static CultureInfo CultureOf(string name)
        {
            var culture = (CultureInfo)new CultureInfo(name).Clone();
            bool isArabic = name == "ar-SA";
            culture.NumberFormat.NumberDecimalSeparator = isArabic ? "\u066b" : ",";
            culture.NumberFormat.NumberGroupSeparator = isArabic ? "\u066c" : ".";
            culture.NumberFormat.NegativeSign = isArabic ? "\u061c-" : "\u2212";
            return culture;
        }
    }
}
