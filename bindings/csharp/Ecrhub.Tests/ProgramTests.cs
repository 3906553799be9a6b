using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using NUnit.Framework;

namespace Ecrhub.Tests
{
    /// <summary>Whole programs, on the runtime that runs this: the README's example, the till, and what they say without the
    /// right library.</summary>
    [TestFixture]
    public sealed class ProgramTests : Simulated
    {
        [Test]
        public void TheReadmesExampleSells()
        {
            string said = Run("ReadmeExample.exe", 0);
            StringAssert.IsMatch("(?m)^approved A[0-9]+: 34.50 USD, transaction [0-9]+, card [0-9]+\\*+[0-9]+$", said);
            StringAssert.Contains("print the receipt: ", said);
            StringAssert.Contains("connected to ws://", said);
            Assert.IsTrue(File.Exists(Path.Combine(Folder, "till.db")));
        }

        [Test]
        public void TheTillPlaysItsScenario()
        {
            string[] outcomes = Run("Till.exe", 0, Simulator.Url, "app").Split('\n').Select(line => line.Split(':'))
                .Where(parts => parts.Length == 2 && parts[0].StartsWith("  ", StringComparison.Ordinal) && !parts[0].Contains("terminal says"))
                .Select(parts => parts[0].Trim()).ToArray();
            CollectionAssert.AreEqual(new[] { "approved", "declined", "approved", "cancelled", "refused" }, outcomes);
        }

        [Test]
        public void TheLibraryIsNotTakenFromTheWorkingDirectory()
        {
            var search = typeof(Terminal).Assembly.GetCustomAttribute<DefaultDllImportSearchPathsAttribute>();
            Assert.IsNotNull(search);
            const DllImportSearchPath allowed = DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories;
            Assert.AreEqual(allowed, search.Paths);
        }

        [Test]
        public void ALibraryThatIsNotThereIsNamed()
        {
            string said = Run("Till.exe", 1, "ws://127.0.0.1:1", "app", "/nowhere/libecrhub.so");
            StringAssert.Contains("ECRHUB_LIBRARY names /nowhere/libecrhub.so, which does not exist", said);
        }

        [Test]
        public void ALibraryOfAnotherVersionIsNotCalled()
        {
            string wrong = Path.Combine(Here, "wrong-version", "libecrhub.so");
            Assert.IsTrue(File.Exists(wrong), wrong);
            string said = Run("Till.exe", 1, "ws://127.0.0.1:1", "app", wrong);
            StringAssert.Contains("the native library has ABI version 999, but this package needs version 1", said);
        }

        [Test]
        public void AFileThatIsNoLibraryIsNamed()
        {
            string text = Path.Combine(Folder, "libecrhub.so");
            File.WriteAllText(text, "no library");
            StringAssert.Contains(text, Run("Till.exe", 1, "ws://127.0.0.1:1", "app", text));
        }

        [Test]
        public void WithoutTheVariableTheLibraryBesideTheAssemblyIsTaken()
        {
            string copy = Path.Combine(Folder, "program");
            string native = Directory.CreateDirectory(Path.Combine(copy, "runtimes", "linux-x64", "native")).FullName;
            foreach (string file in new[] { "Till.exe", "Till.runtimeconfig.json", "Ecrhub.Net.dll" })
            {
                File.Copy(Path.Combine(Here, file), Path.Combine(copy, file));
            }
            string program = Path.Combine(copy, "Till.exe");
            StringAssert.Contains(Path.Combine(native, "libecrhub.so"), Run(program, 1, Simulator.Url, "app", ""));
            File.Copy(Environment.GetEnvironmentVariable("ECRHUB_LIBRARY"), Path.Combine(native, "libecrhub.so"));
            StringAssert.Contains("approved: record it", Run(program, 0, Simulator.Url, "app", ""));
        }

        private static string Here => Path.GetDirectoryName(typeof(ProgramTests).Assembly.Location);

        /// <summary>What a program said, on both its outputs, run in a folder of its own.</summary>
        private string Run(string program, int expected, string url = null, string appId = null, string library = null)
        {
            var start = new ProcessStartInfo(Process.GetCurrentProcess().MainModule.FileName,
                "\"" + Path.Combine(Here, program) + "\" " + url + " " + appId)
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = Folder,
            };
            start.EnvironmentVariables["ECRHUB_URL"] = Simulator.Url;
            if (library != null)
            {
                start.EnvironmentVariables["ECRHUB_LIBRARY"] = library;
            }
            using (Process process = Process.Start(start))
            {
                System.Threading.Tasks.Task<string> errors = process.StandardError.ReadToEndAsync();
                string said = process.StandardOutput.ReadToEnd() + Await(errors);
                Assert.IsTrue(process.WaitForExit((int)Eventually.Bound.TotalMilliseconds), program + " does not end");
                Assert.AreEqual(expected, process.ExitCode, said);
                return said;
            }
        }
    }
}
