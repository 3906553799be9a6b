using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;

namespace Ecrhub
{
    /// <summary>The threads that wait for events, and how they leave a process that ends.</summary>
    /// <remarks>
    /// <para>A thread inside native code keeps an application domain from being unloaded, and on Mono the process from ending,
    /// a background thread too. And Mono locks up now and then when it is torn down while a thread is on its way out. So the
    /// threads are woken and waited for, those that a disposed terminal left a moment ago as well.</para>
    /// <para>Other threads are told nothing: what a background thread does not catch would turn the end of a process that has
    /// done its work into a crash.</para>
    /// </remarks>
    internal static class Fetchers
    {
        /// <summary>For all threads together, which take no longer than to be woken.</summary>
        private const int LongestGoodbyeMs = 2000;

        /// <summary>By their handles, not their connections: nobody who is gone is kept.</summary>
        private static readonly List<KeyValuePair<ulong, Thread>> Started = new List<KeyValuePair<ulong, Thread>>();

        private static bool isRegistered;
        private static volatile Thread leaver;

        /// <summary>Whether the process, or the application domain, ends.</summary>
        public static bool MustLeave => leaver != null;

        /// <summary>How many have not ended; for the tests.</summary>
        public static int Alive
        {
            get
            {
                lock (Started)
                {
                    return Started.FindAll(started => started.Value.IsAlive).Count;
                }
            }
        }

        public static void Start(ulong handle, ThreadStart fetch)
        {
            var thread = new Thread(fetch) { IsBackground = true, Name = "ecrhub events" };
            lock (Started)
            {
                if (!isRegistered)
                {
                    isRegistered = true;
                    AppDomain.CurrentDomain.DomainUnload += (sender, arguments) => Leave();
                    AppDomain.CurrentDomain.ProcessExit += (sender, arguments) => Leave();
                }
                Started.RemoveAll(started => !started.Value.IsAlive);
                thread.Start();
                Started.Add(new KeyValuePair<ulong, Thread>(handle, thread));
            }
        }

        public static void Leave()
        {
            leaver = Thread.CurrentThread;
            KeyValuePair<ulong, Thread>[] all;
            lock (Started)
            {
                all = Started.ToArray();
            }
            foreach (KeyValuePair<ulong, Thread> started in all)
            {
                Calls.Disconnect(started.Key);
            }
            Stopwatch clock = Stopwatch.StartNew();
            foreach (KeyValuePair<ulong, Thread> started in all)
            {
                // A receiver of the log may have ended the process, on such a thread.
                if (started.Value != leaver)
                {
                    started.Value.Join((int)Math.Max(0, LongestGoodbyeMs - clock.ElapsedMilliseconds));
                }
            }
        }

        /// <summary>Called before a terminal that has ended is reported: a thread that the end of the process overtakes is not
        /// told. Not for ever, for it may be one that the end waits for.</summary>
        public static void HoldBack()
        {
            if (MustLeave && Thread.CurrentThread != leaver)
            {
                Thread.Sleep(LongestGoodbyeMs);
            }
        }
    }
}
