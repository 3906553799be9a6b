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
        private readonly ConcurrentDictionary<string, Wait> waits = new ConcurrentDictionary<string, Wait>(StringComparer.Ordinal);

        /// <summary>Held while a request is sent and its wait noted, and while an event leaves the library: an answer cannot
        /// overtake its wait.</summary>
        private readonly object turn = new object();

        /// <summary>Between two attempts to fetch an event.</summary>
        private const int RetryMs = 100;

        /// <summary>So many attempts in a row may fail before those who wait are told: it may well pass.</summary>
        private const int MostFailures = 10;

        private int hasEnded;
        private int isFetching;

        /// <summary>An event that has left the library, and nobody has been given yet. The thread's own.</summary>
        private ArraySegment<byte> unread;

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
            var wait = new Wait();
            // First, because some runtimes throw when the token's source is gone, and nothing must have been sent then.
            using (token.Register(() => Cancel(wait, token)))
            {
                Send(request, timeoutMs, token, wait);
                return await wait.Task.ConfigureAwait(false);
            }
        }

        /// <summary>Sends, and holds this thread until the answer is there. No other thread is needed for that but the waiting
        /// one: a pool all of whose threads are busy, perhaps in this very method, holds nobody up.</summary>
        public PaymentResult Call(string request, int timeoutMs, CancellationToken token)
        {
            var wait = new Wait();
            using (token.Register(() => Cancel(wait, token)))
            {
                Send(request, timeoutMs, token, wait);
                try
                {
                    return wait.Task.GetAwaiter().GetResult();
                }
                catch (ThreadInterruptedException interrupted)
                {
                    if (waits.TryRemove(wait.RequestId, out Wait _))
                    {
                        throw new ThreadInterruptedException(WaitCanceledException.Words("interrupted", wait.RequestId), interrupted);
                    }
                    return wait.EndInSpiteOfInterruption();
                }
            }
        }

        public string Submit(string request, int timeoutMs)
        {
            return Ask(() => Calls.Send(handle, request, timeoutMs));
        }

        /// <summary>false: the outcome was corrected meanwhile, and nothing was changed.</summary>
        public bool Acknowledge(string requestId, string outcome)
        {
            return Ask(() => Calls.Acknowledge(handle, requestId, outcome) ? "done" : "") != "";
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
            if (Interlocked.Exchange(ref isFetching, 1) != 0)
            {
                return;
            }
            bool hasStarted = false;
            try
            {
                Fetchers.Start(handle, Fetch);
                hasStarted = true;
            }
            finally
            {
                // Where memory does not suffice for a thread, the next call tries again: without one it would wait for ever.
                if (!hasStarted)
                {
                    Volatile.Write(ref isFetching, 0);
                }
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

        private void Send(string request, int timeoutMs, CancellationToken token, Wait wait)
        {
            token.ThrowIfCancellationRequested();
            RefuseWhenEnded();
            StartFetching();
            Ask(() =>
            {
                lock (turn)
                {
                    wait.RequestId = Calls.Send(handle, request, timeoutMs);
                    waits[wait.RequestId] = wait;
                }
            });
            // Between the two sides of each of these, one sees what the other has done.
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref hasEnded) != 0)
            {
                EndWaits();
            }
            if (token.IsCancellationRequested)
            {
                Cancel(wait, token);
            }
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

        /// <summary>The thread. It throws nothing, which would end the process with its orders in flight, and goes on
        /// whatever fails: where there was no memory, there may be some soon.</summary>
        private void Fetch()
        {
            int failures = 0;
            Exception failure = null;
            for (bool isAlive = true; isAlive;)
            {
                try
                {
                    if (failures >= MostFailures)
                    {
                        Report(failure, failures == MostFailures);
                    }
                    isAlive = FetchOne();
                    failures = 0;
                }
                catch (Exception error)
                {
                    failure = error;
                    failures++;
                    Thread.Sleep(RetryMs);
                }
            }
        }

        /// <summary>Gives one event to whom it is for. false: the handle has ended, and everybody knows.</summary>
        private bool FetchOne()
        {
            // What could not be read before comes first, for as long as anybody may want it.
            if (unread.Array == null ? !Calls.WaitForEvent(handle) : Volatile.Read(ref hasEnded) != 0)
            {
                // Ended by EcrhubLibrary.Shutdown or with the process, if not by End.
                Volatile.Write(ref hasEnded, 1);
                EndWaits();
                return false;
            }
            lock (turn)
            {
                if (unread.Array == null)
                {
                    unread = Calls.TryPoll(handle);
                }
                if (unread.Array != null)
                {
                    Tell(new TerminalEvent(Calls.Text(unread)));
                    unread = default(ArraySegment<byte>);
                }
            }
            return true;
        }

        /// <summary>Tells those who wait that they may wait in vain. What they wait for becomes an event.</summary>
        private void Report(Exception failure, bool isNews)
        {
            if (isNews)
            {
                EcrhubLog.Error(() => "events cannot be fetched, it is tried on and on: " + failure);
            }
            FailWaits(requestId => new WaitFailedException(requestId, failure));
            Events.Fail(() => new WaitFailedException(null, failure));
        }

        private void Tell(TerminalEvent happened)
        {
            if (happened.Kind == EventKind.Completed
                && waits.TryRemove(happened.RequestId, out Wait wait))
            {
                wait.SetResult(happened.Result);
            }
            else
            {
                Events.Add(happened);
            }
        }

        private void Cancel(Wait wait, CancellationToken token)
        {
            // Without an id nothing has been sent, and who is about to asks the token once more.
            string requestId = wait.RequestId;
            if (requestId != null && waits.TryRemove(requestId, out Wait _))
            {
                wait.SetException(new WaitCanceledException(requestId, token));
            }
        }

        private void EndWaits()
        {
            if (!Fetchers.MustLeave)
            {
                FailWaits(Disposed);
                Events.End();
            }
        }

        private void FailWaits(Func<string, Exception> error)
        {
            foreach (string requestId in waits.Keys)
            {
                Exception why = error(requestId);
                if (waits.TryRemove(requestId, out Wait wait))
                {
                    wait.SetException(why);
                }
            }
        }

        private static Exception Disposed(string requestId)
        {
            return new TerminalDisposedException(requestId, "the terminal was disposed while the request \"" + requestId
                + "\" was in flight: an order may be paid yet. With a journal, the next connection to this terminal finds out "
                + "what became of it.");
        }

        /// <summary>Somebody's wait for an answer.</summary>
        private sealed class Wait : TaskCompletionSource<PaymentResult>
        {
            private volatile string requestId;

            public Wait() : base(TaskCreationOptions.RunContinuationsAsynchronously) { }

            /// <summary>null before it is sent.</summary>
            public string RequestId
            {
                get => requestId;
                set => requestId = value;
            }

            /// <summary>For one whose end is being told this moment, or has been. The interruption is left for later.</summary>
            public PaymentResult EndInSpiteOfInterruption()
            {
                while (!Task.IsCompleted)
                {
                    Thread.SpinWait(100);
                }
                Thread.CurrentThread.Interrupt();
                return Task.GetAwaiter().GetResult();
            }
        }
    }
}
