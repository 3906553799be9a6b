using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Ecrhub
{
    /// <summary>What stands behind a <see cref="Terminal"/>: its handle, who waits for which answer, and the one thread that
    /// waits for all of them.</summary>
    /// <remarks>
    /// The thread knows this object and not the terminal, so a terminal that nobody keeps can be collected; its finalizer then
    /// ends the handle, and with it the thread.
    /// </remarks>
    internal sealed class Connection
    {
        private readonly ulong handle;

        /// <summary>Requests that somebody waits for. Who takes one out tells its end: an answer or a cancelled wait.</summary>
        private readonly ConcurrentDictionary<string, TaskCompletionSource<PaymentResult>> waits =
            new ConcurrentDictionary<string, TaskCompletionSource<PaymentResult>>(StringComparer.Ordinal);

        /// <summary>The truths that have left the library, and were not acknowledged.</summary>
        private readonly HashSet<string> truths = new HashSet<string>(StringComparer.Ordinal);

        /// <summary>Held while a request is sent and its wait noted, while an event leaves the library, and while one is
        /// acknowledged: an answer cannot overtake its wait, and an acknowledgement not the event it would swallow.</summary>
        private readonly object turn = new object();

        /// <summary>How long the end of a process waits for the thread, which takes no longer than to be woken.</summary>
        private const int LongestGoodbyeMs = 2000;

        private Thread fetcher;
        private int hasEnded;
        private int isFetching;

        public Connection(string config)
        {
            Loader.Ensure();
            handle = Calls.Connect(config);
        }

        public EventStream Events { get; } = new EventStream();

        public ulong Handle => handle;

        /// <summary>Sends, and waits for the answer without holding a thread.</summary>
        public async Task<PaymentResult> CallAsync(string request, int timeoutMs, CancellationToken token)
        {
            Task<PaymentResult> wait = Send(request, timeoutMs, token, out string requestId);
            using (token.Register(() => Cancel(requestId, token)))
            {
                return await wait.ConfigureAwait(false);
            }
        }

        /// <summary>Sends, and holds this thread until the answer is there. No other thread is needed for that but the waiting
        /// one: a pool all of whose threads are busy, perhaps in this very method, holds nobody up.</summary>
        public PaymentResult Call(string request, int timeoutMs, CancellationToken token)
        {
            Task<PaymentResult> wait = Send(request, timeoutMs, token, out string requestId);
            using (token.Register(() => Cancel(requestId, token)))
            {
                return wait.GetAwaiter().GetResult();
            }
        }

        public string Submit(string request, int timeoutMs)
        {
            RefuseWhenEnded();
            return Calls.Send(handle, request, timeoutMs);
        }

        /// <summary>Acknowledges what the till was told.</summary>
        /// <remarks>The library takes an acknowledgement for that of the last event it handed out. While the truth about an
        /// unknown order is on its way to the till, an acknowledgement of the "unknown" must not reach it.</remarks>
        public void Acknowledge(PaymentResult result)
        {
            RefuseWhenEnded();
            lock (turn)
            {
                if (!result.IsClarification && truths.Contains(result.RequestId))
                {
                    return;
                }
                Calls.Acknowledge(handle, result.RequestId);
                truths.Remove(result.RequestId);
            }
        }

        public void Acknowledge(string requestId)
        {
            RefuseWhenEnded();
            lock (turn)
            {
                if (Events.HoldsClarification(requestId))
                {
                    return;
                }
                Calls.Acknowledge(handle, requestId);
                truths.Remove(requestId);
            }
        }

        public void Resolve(string requestId, string outcome, string note)
        {
            RefuseWhenEnded();
            Calls.Resolve(handle, requestId, outcome, note);
        }

        public string State()
        {
            RefuseWhenEnded();
            return Calls.State(handle);
        }

        public string Pending()
        {
            RefuseWhenEnded();
            return Calls.Pending(handle);
        }

        /// <summary>From now on somebody wants events.</summary>
        public void StartFetching()
        {
            if (Interlocked.Exchange(ref isFetching, 1) == 0)
            {
                // A thread inside native code keeps an application domain from being unloaded, and on Mono the process from
                // ending, a background thread too.
                AppDomain.CurrentDomain.DomainUnload += EndWithDomain;
                AppDomain.CurrentDomain.ProcessExit += EndWithDomain;
                fetcher = new Thread(Fetch) { IsBackground = true, Name = "ecrhub events" };
                fetcher.Start();
            }
        }

        /// <summary>Ends the handle, the thread and every wait. Never blocks.</summary>
        public void End()
        {
            if (Interlocked.Exchange(ref hasEnded, 1) == 0)
            {
                Calls.Disconnect(handle);
                FailWaits();
                Events.End();
            }
        }

        private Task<PaymentResult> Send(string request, int timeoutMs, CancellationToken token, out string requestId)
        {
            token.ThrowIfCancellationRequested();
            RefuseWhenEnded();
            StartFetching();
            var wait = new TaskCompletionSource<PaymentResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (turn)
            {
                requestId = Calls.Send(handle, request, timeoutMs);
                waits[requestId] = wait;
            }
            if (Volatile.Read(ref hasEnded) != 0)
            {
                FailWaits();
            }
            return wait.Task;
        }

        private void RefuseWhenEnded()
        {
            if (Volatile.Read(ref hasEnded) != 0)
            {
                throw new TerminalDisposedException(null, "the terminal was disposed, nothing was sent");
            }
        }

        /// <summary>Waits for the thread too: Mono may lock up when it is torn down while a thread is on its way out.</summary>
        private void EndWithDomain(object sender, EventArgs arguments)
        {
            End();
            fetcher.Join(LongestGoodbyeMs);
        }

        private void Fetch()
        {
            while (WaitForEvent())
            {
                lock (turn)
                {
                    string raw = Calls.TryPoll(handle);
                    if (raw != null)
                    {
                        Tell(new TerminalEvent(raw));
                    }
                }
            }
            // Ended by EcrhubLibrary.Shutdown, if not by End.
            Volatile.Write(ref hasEnded, 1);
            AppDomain.CurrentDomain.DomainUnload -= EndWithDomain;
            AppDomain.CurrentDomain.ProcessExit -= EndWithDomain;
            FailWaits();
            Events.End();
        }

        private bool WaitForEvent()
        {
            for (;;)
            {
                try
                {
                    return Calls.WaitForEvent(handle);
                }
                catch (EcrhubException)
                {
                    // A bug in the library, which has logged it. The handle may still be used, so those who wait still do.
                    Thread.Sleep(100);
                }
            }
        }

        private void Tell(TerminalEvent happened)
        {
            if (happened.Kind == EventKind.Clarified)
            {
                truths.Add(happened.RequestId);
            }
            if (happened.Kind == EventKind.Completed
                && waits.TryRemove(happened.RequestId, out TaskCompletionSource<PaymentResult> wait))
            {
                wait.SetResult(happened.Result);
            }
            else
            {
                Events.Add(happened);
            }
        }

        private void Cancel(string requestId, CancellationToken token)
        {
            if (waits.TryRemove(requestId, out TaskCompletionSource<PaymentResult> wait))
            {
                wait.SetException(new WaitCanceledException(requestId, token));
            }
        }

        private void FailWaits()
        {
            foreach (string requestId in waits.Keys)
            {
                if (waits.TryRemove(requestId, out TaskCompletionSource<PaymentResult> wait))
                {
                    wait.SetException(new TerminalDisposedException(requestId, "the terminal was disposed while the request \""
                        + requestId + "\" was in flight: an order may be paid yet. With a journal, the next connection to this "
                        + "terminal finds out what became of it."));
                }
            }
        }
    }
}
