using System;
using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Ecrhub
{
    /// <summary>Finds the native library where the runtime would not look by itself, and checks that it is the right one.
    /// </summary>
    /// <remarks>
    /// Each runtime has a way of its own to be told which file stands behind <c>[DllImport("ecrhub")]</c>: .NET Core 3.0 and
    /// newer has a resolver, Mono a table of names, and Windows takes a module that is loaded already for every later request
    /// for the same file name.
    /// </remarks>
    internal static class Loader
    {
        private const string Variable = "ECRHUB_LIBRARY";

        private static readonly Lazy<Exception> Outcome = new Lazy<Exception>(Load);
        private static string file;
        private static IntPtr module;

        /// <summary>Does nothing once the library is there.</summary>
        /// <exception cref="LibraryException">It is not, and why.</exception>
        public static void Ensure()
        {
            if (Outcome.Value != null)
            {
                throw new LibraryException(Outcome.Value.Message, Outcome.Value);
            }
        }

        private static bool IsWindows => Path.DirectorySeparatorChar == '\\';

        private static Exception Load()
        {
            try
            {
                file = FindFile();
                if (file != null)
                {
                    UseFile();
                }
                return WrongVersion();
            }
            catch (LibraryException error)
            {
                return error;
            }
            catch (Exception error) when (error is DllNotFoundException || error is BadImageFormatException
                || error is EntryPointNotFoundException)
            {
                return new LibraryException("the native library of ecrhub could not be loaded, " + WhereItLooked() + ": "
                    + error.Message, error);
            }
        }

        // Not inlined, because Mono looks for the library when it compiles this.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static LibraryException WrongVersion()
        {
            uint version = Native.ecrhub_abi_version();
            return version == Contract.ECRHUB_ABI_VERSION ? null : new LibraryException(
                "the native library has ABI version " + version + ", but this package needs version "
                + Contract.ECRHUB_ABI_VERSION + ": use the library and the package of the same release");
        }

        private static string WhereItLooked()
        {
            return file != null ? "from " + file : "neither as " + Variable + " (which is not set), nor as "
                + (BesideAssembly() ?? "a file beside the assembly") + ", nor where the system looks for "
                + (IsWindows ? "ecrhub.dll" : "libecrhub.so");
        }

        /// <summary>The file to load; null leaves the search to the runtime.</summary>
        private static string FindFile()
        {
            string said = Environment.GetEnvironmentVariable(Variable);
            if (!string.IsNullOrEmpty(said))
            {
                string full = Path.GetFullPath(said);
                return File.Exists(full) ? full : throw new LibraryException(Variable + " names " + full
                    + ", which does not exist");
            }
            string beside = BesideAssembly();
            return beside != null && File.Exists(beside) ? beside : null;
        }

        /// <summary>Where the package's files lie when no runtime configuration of .NET Core knows of them.</summary>
        private static string BesideAssembly()
        {
            string assembly = typeof(Loader).Assembly.Location;
            string rid = Rid();
            return string.IsNullOrEmpty(assembly) || rid == null ? null : Path.Combine(Path.GetDirectoryName(assembly),
                "runtimes", rid, "native", IsWindows ? "ecrhub.dll" : "libecrhub.so");
        }

        private static string Rid()
        {
            if (IsWindows)
            {
                return IntPtr.Size == 8 ? "win-x64" : "win-x86";
            }
            // .NET Framework 4.6.1 has no RuntimeInformation; it runs on Windows only, and does not come here.
            PropertyInfo architecture = Type.GetType("System.Runtime.InteropServices.RuntimeInformation, "
                + "System.Runtime.InteropServices.RuntimeInformation")?.GetProperty("ProcessArchitecture");
            object name = architecture?.GetValue(null, null);
            return name == null ? null : "linux-" + name.ToString().ToLowerInvariant();
        }

        private static void UseFile()
        {
            if (SetResolver())
            {
                return;
            }
            if (Type.GetType("Mono.Runtime") != null)
            {
                mono_dllmap_insert(IntPtr.Zero, Ansi(Native.Name), null, Ansi(file), null);
            }
            else if (IsWindows && LoadLibraryEx(file, IntPtr.Zero, LoadWithAlteredSearchPath) == IntPtr.Zero)
            {
                throw new LibraryException(file + " could not be loaded: Windows error " + Marshal.GetLastWin32Error());
            }
        }

        /// <summary>NativeLibrary.SetDllImportResolver, which .NET Standard 2.0 does not know.</summary>
        private static bool SetResolver()
        {
            Type native = Type.GetType("System.Runtime.InteropServices.NativeLibrary, System.Runtime.InteropServices");
            Type resolver = Type.GetType("System.Runtime.InteropServices.DllImportResolver, System.Runtime.InteropServices");
            MethodInfo set = native?.GetMethod("SetDllImportResolver");
            MethodInfo load = native?.GetMethod("Load", new[] { typeof(string) });
            if (set == null || load == null || resolver == null)
            {
                return false;
            }
            try
            {
                module = (IntPtr)load.Invoke(null, new object[] { file });
            }
            catch (TargetInvocationException error)
            {
                throw new LibraryException(file + " could not be loaded: " + error.InnerException.Message, error.InnerException);
            }
            MethodInfo own = typeof(Loader).GetMethod(nameof(Resolve), BindingFlags.Static | BindingFlags.NonPublic);
            set.Invoke(null, new object[] { typeof(Loader).Assembly, Delegate.CreateDelegate(resolver, own) });
            return true;
        }

        private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? path)
        {
            return name == Native.Name ? module : IntPtr.Zero;
        }

        private static byte[] Ansi(string text) => new UTF8Encoding(false, true).GetBytes(text + "\0");

        private const uint LoadWithAlteredSearchPath = 8;

        [DllImport("kernel32", CharSet = CharSet.Unicode, SetLastError = true, ExactSpelling = false)]
        private static extern IntPtr LoadLibraryEx(string file, IntPtr reserved, uint flags);

        [DllImport("__Internal", CallingConvention = CallingConvention.Cdecl)]
        private static extern void mono_dllmap_insert(IntPtr assembly, byte[] dll, byte[] func, byte[] tdll, byte[] tfunc);
    }
}
