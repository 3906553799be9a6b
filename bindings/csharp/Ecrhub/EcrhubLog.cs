using System;
using System.Diagnostics;
using System.Threading;

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

        /// <summary>Set while this thread is inside a receiver.</summary>
        [ThreadStatic]
        private static bool isReceiving;

        /// <summary>How many threads are inside a receiver.</summary>
        private static int receiving;

        /// <summary>How long the end of a process waits for the library's thread when it comes from inside a receiver, which
        /// that thread may be waiting for.</summary>
        private const int LongestGoodbyeMs = 2000;

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
            RefuseInside();
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
            RefuseInside();
            lock (Sync)
            {
                Calls.SetLog(null, Contract.ECRHUB_LOG_OFF);
                receiver = null;
            }
        }

        /// <summary>A line of this package's own, at the level of an error.</summary>
        internal static void Error(Func<string> line)
        {
            try
            {
                Give(LogLevel.Error, line());
            }
            catch (Exception)
            {
                // Here neither.
            }
        }

        /// <summary>The library refuses it too, but only those who hold the lock come so far: they may be waiting for this very
        /// receiver.</summary>
        private static void RefuseInside()
        {
            if (isReceiving)
            {
                throw EcrhubException.Of(Contract.ECRHUB_ERR_UNSUPPORTED, "ECRHUB_ERR_UNSUPPORTED",
                    "a receiver of the log can neither start nor end it");
            }
        }

        /// <summary>A runtime that is being taken down must not be called any more. And Mono waits at the end for every
        /// thread that has called it, the library's own included.</summary>
        private static void EndWithProcess()
        {
            if (!endsWithProcess)
            {
                endsWithProcess = true;
                AppDomain.CurrentDomain.ProcessExit += (sender, arguments) => End(true);
                AppDomain.CurrentDomain.DomainUnload += (sender, arguments) => End(false);
            }
        }

        private static void End(bool isProcess)
        {
            receiver = null;
            if (Volatile.Read(ref receiving) == 0)
            {
                Stop();
                if (isProcess)
                {
                    Fetchers.Leave();
                    Calls.Shutdown();
                }
            }
            else if (isProcess && !IsLibrarysThread())
            {
                // It may be a receiver that ends the process, which never returns: the log cannot be ended then, and inside it
                // the library takes no calls.
                var shutdown = new Thread(Calls.Shutdown) { IsBackground = true };
                shutdown.Start();
                shutdown.Join(LongestGoodbyeMs);
            }
        }

        /// <summary>Whether the receiver is called by the library's own thread, which has nothing else of the runtime's on its
        /// stack. To wait there for its end would be to wait for ever, and Mono would, too.</summary>
        private static bool IsLibrarysThread()
        {
            StackFrame[] frames = isReceiving ? new StackTrace(false).GetFrames() : null;
            return frames != null && frames.Length > 0 && frames[frames.Length - 1].GetMethod()?.Name == nameof(Receive);
        }

        [MonoPInvokeCallback(typeof(Native.ecrhub_log_fn))]
        private static void Receive(int level, IntPtr message, IntPtr userData)
        {
            try
            {
                string line = Calls.Static(message);
                if (!Calls.IsNoise((LogLevel)level, line))
                {
                    Give((LogLevel)level, line);
                }
            }
            catch (Exception)
            {
                // There is native code below, through which nothing may be thrown, and no other place to report it to.
            }
        }

        private static void Give(LogLevel level, string line)
        {
            bool wasReceiving = isReceiving;
            isReceiving = true;
            Interlocked.Increment(ref receiving);
            try
            {
                receiver?.Invoke(level, line);
            }
            finally
            {
                Interlocked.Decrement(ref receiving);
                isReceiving = wasReceiving;
            }
        }
    }

    /// <summary>Unity's IL2CPP lets native code call only what has an attribute of this name. It cares for nothing else.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class MonoPInvokeCallbackAttribute : Attribute
    {
        public MonoPInvokeCallbackAttribute(Type type) { }
    }
}
