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
            return Ask(() => Calls.Send(handle, request, timeoutMs));
        }

        /// <summary>Acknowledges what the till was told.</summary>
        /// <remarks>The library takes an acknowledgement for that of the last event it handed out. While the truth about an
        /// unknown order is on its way to the till, an acknowledgement of the "unknown" must not reach it.</remarks>
        public void Acknowledge(PaymentResult result)
        {
            Acknowledge(result.RequestId, () => !result.IsClarification && truths.Contains(result.RequestId));
        }

        public void Acknowledge(string requestId)
        {
            Acknowledge(requestId, () => Events.HoldsClarification(requestId));
        }

        public void Resolve(string requestId, string outcome, string note)
        {
            Ask(() => Calls.Resolve(handle, requestId, outcome, note));
        }

        public string State()
        {
            return Ask(() => Calls.State(handle));
        }

        public string Pending()
        {
            return Ask(() => Calls.Pending(handle));
        }

        /// <summary>From now on somebody wants events.</summary>
        public void StartFetching()
        {
            if (Interlocked.Exchange(ref isFetching, 1) == 0)
            {
                Fetchers.Start(handle, Fetch);
            }
        }

        /// <summary>Ends the handle, the thread and every wait. Never blocks.</summary>
        public void End()
        {
            if (Interlocked.Exchange(ref hasEnded, 1) == 0)
            {
                Calls.Disconnect(handle);
                EndWaits();
            }
        }

        private Task<PaymentResult> Send(string request, int timeoutMs, CancellationToken token, out string requestId)
        {
            token.ThrowIfCancellationRequested();
            RefuseWhenEnded();
            StartFetching();
            var wait = new TaskCompletionSource<PaymentResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            requestId = Ask(() =>
            {
                lock (turn)
                {
                    string id = Calls.Send(handle, request, timeoutMs);
                    waits[id] = wait;
                    return id;
                }
            });
            if (Volatile.Read(ref hasEnded) != 0)
            {
                EndWaits();
            }
            return wait.Task;
        }

        private void Acknowledge(string requestId, Func<bool> isOvertaken)
        {
            Ask(() =>
            {
                lock (turn)
                {
                    if (!isOvertaken())
                    {
                        Calls.Acknowledge(handle, requestId);
                        truths.Remove(requestId);
                    }
                }
            });
        }

        private void Ask(Action call)
        {
            Ask(() =>
            {
                call();
                return "";
            });
        }

        /// <summary>Holds back after the call, not inside of it, where it may have the turn for which the thread waits.</summary>
        private string Ask(Func<string> call)
        {
            RefuseWhenEnded();
            try
            {
                return call();
            }
            catch (TerminalDisposedException)
            {
                Fetchers.HoldBack();
                throw;
            }
        }

        private void RefuseWhenEnded()
        {
            if (Volatile.Read(ref hasEnded) != 0)
            {
                Fetchers.HoldBack();
                throw new TerminalDisposedException(null, "the terminal was disposed, nothing was sent");
            }
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
            // Ended by EcrhubLibrary.Shutdown or with the process, if not by End.
            Volatile.Write(ref hasEnded, 1);
            EndWaits();
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

        private void EndWaits()
        {
            if (!Fetchers.MustLeave)
            {
                FailWaits();
                Events.End();
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
