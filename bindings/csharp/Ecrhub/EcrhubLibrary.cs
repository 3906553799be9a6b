namespace Ecrhub
{
    /// <summary>The native library behind this package.</summary>
    /// <remarks>
    /// <para>It is loaded when it is first needed, from where the environment variable <c>ECRHUB_LIBRARY</c> says (a
    /// file's full path), or from <c>runtimes/&lt;rid&gt;/native</c> beside this assembly, or from wherever the runtime
    /// looks for native libraries.</para>
    /// <para>A library of another ABI version is refused with a <see cref="LibraryException"/>.</para>
    /// </remarks>
    public static class EcrhubLibrary
    {
        /// <summary>The native library's version, "major.minor.patch".</summary>
        /// <exception cref="LibraryException">The library is not there or is not the one this package needs.</exception>
        /// <example><code>Console.WriteLine("ecrhub " + EcrhubLibrary.Version);</code></example>
        public static string Version
        {
            get
            {
                Loader.Ensure();
                return Calls.Version();
            }
        }

        /// <summary>Ends every terminal of this process and the library's own thread, and waits until it has ended.</summary>
        /// <remarks>Not needed before a process ends. Who waits for an answer gets a
        /// <see cref="TerminalDisposedException"/>. Afterwards one may connect anew.</remarks>
        /// <exception cref="LibraryException">The library is not there or is not the one this package needs.</exception>
        public static void Shutdown()
        {
            Loader.Ensure();
            Calls.Shutdown();
        }
    }
}
