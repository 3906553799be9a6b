using System;

namespace Ecrhub
{
    /// <summary>The library's log: off until it is started. One receiver serves all terminals of the process.</summary>
    public static class EcrhubLog
    {
        /// <summary>What the library calls. It lives as long as the process, so the collector cannot take it away while native
        /// code holds it.</summary>
        private static readonly Native.ecrhub_log_fn Callback = Receive;

        private static readonly object Sync = new object();
        private static volatile Action<LogLevel, string> receiver;
        private static bool endsWithProcess;

        /// <summary>Has the log given to <paramref name="receiver"/>, instead of to the one before.</summary>
        /// <remarks>
        /// <para>It is called from any thread, several at the same time, some of them inside this package's calls: it must
        /// return soon, must not wait for another thread, and may call nothing of this package. What it throws is swallowed.
        /// </para>
        /// <para>Card numbers and signatures are masked.</para>
        /// </remarks>
        /// <exception cref="ArgumentNullException"><paramref name="receiver"/> is null.</exception>
        /// <exception cref="EcrhubException">There is no such level, or it is called from inside a receiver.</exception>
        /// <example><code>EcrhubLog.Start(LogLevel.Info, (level, line) => Console.Error.WriteLine(level + " " + line));</code>
        /// </example>
        public static void Start(LogLevel level, Action<LogLevel, string> receiver)
        {
            if (receiver == null)
            {
                throw new ArgumentNullException(nameof(receiver));
            }
            Loader.Ensure();
            lock (Sync)
            {
                Calls.SetLog(Callback, (int)level);
                EcrhubLog.receiver = receiver;
                EndWithProcess();
            }
        }

        /// <summary>Ends the log. When it returns, the receiver is not running any more and will not be called again.</summary>
        /// <exception cref="EcrhubException">It is called from inside a receiver.</exception>
        public static void Stop()
        {
            Loader.Ensure();
            lock (Sync)
            {
                Calls.SetLog(null, Contract.ECRHUB_LOG_OFF);
                receiver = null;
            }
        }

        /// <summary>A line of this package's own, at the level of an error.</summary>
        internal static void Error(string line)
        {
            Give(LogLevel.Error, line);
        }

        /// <summary>A runtime that is being taken down must not be called any more. And Mono waits at the end for every
        /// thread that has called it, the library's own included.</summary>
        private static void EndWithProcess()
        {
            if (!endsWithProcess)
            {
                endsWithProcess = true;
                AppDomain.CurrentDomain.ProcessExit += (sender, arguments) =>
                {
                    Stop();
                    Fetchers.Leave();
                    Calls.Shutdown();
                };
                AppDomain.CurrentDomain.DomainUnload += (sender, arguments) => Stop();
            }
        }

        private static void Receive(int level, IntPtr message, IntPtr userData)
        {
            if (!Calls.IsNoise((LogLevel)level))
            {
                Give((LogLevel)level, Calls.Static(message));
            }
        }

        private static void Give(LogLevel level, string line)
        {
            try
            {
                receiver?.Invoke(level, line);
            }
            catch (Exception)
            {
                // There is native code below, through which nothing may be thrown, and no other place to report it to.
            }
        }
    }
}
