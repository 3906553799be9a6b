using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Ecrhub
{
    /// <summary>A connection to one terminal. It comes back by itself for as long as it is not disposed.</summary>
    /// <remarks>
    /// <para>Every member may be used from any thread at any time. Nothing waits for the terminal but the methods that say so;
    /// none blocks a thread but the ones without "Async".</para>
    /// <para>An order is never sent twice. Where its answer is lost, the library finds out what became of it before the call
    /// returns. A till that is told <see cref="Outcome.Unknown"/> fetches a person.</para>
    /// <para>What completes without anybody waiting for it comes as an event: an order that an earlier process left behind, one
    /// whose wait was cancelled, one that was submitted.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// using (var terminal = Terminal.Connect(new TerminalOptions { Url = url, AppId = appId, Journal = "till.db" }))
    /// {
    ///     PaymentResult result = await terminal.SaleAsync(new Sale { OrderNo = "A1001", Amount = 34.50m, Currency = "USD" });
    ///     // Store the result; then, and only then:
    ///     terminal.Acknowledge(result);
    /// }
    /// </code>
    /// </example>
    public sealed partial class Terminal : IDisposable
    {
        private readonly Connection connection;
        private readonly object handlersSync = new object();
        private EventHandler<TerminalEvent> handlers;

        private Terminal(string config)
        {
            connection = new Connection(config);
        }

        /// <summary>Ends a terminal that nobody kept. It never waits.</summary>
        ~Terminal()
        {
            connection?.End();
        }

        /// <summary>An event handler threw. Nobody else learns of it, but for the log.</summary>
        public event EventHandler<HandlerFailure> HandlerFailed;

        /// <summary>What happens: connections that come and go, completions that nobody waits for, clarifications.</summary>
        /// <remarks>
        /// <para>Handlers are called one event at a time, in order, on a thread of the pool, and may do anything, disposing of
        /// the terminal included. While one is busy, the next events wait, answers do not. What happened before the first
        /// handler came waits for it.</para>
        /// <para>A terminal with a handler is not collected before it is disposed.</para>
        /// </remarks>
        /// <example><code>terminal.Event += (sender, e) => { if (e.Result != null) Book(e.Result); };</code></example>
        public event EventHandler<TerminalEvent> Event
        {
            add { ChangeHandlers(handlers => handlers + value); }
            remove { ChangeHandlers(handlers => handlers - value); }
        }

        /// <summary>The native handle; for the tests.</summary>
        internal ulong Handle => connection.Handle;

        /// <summary>Whether the truth about an order waits to be taken; for the tests.</summary>
        internal bool HoldsClarification(string requestId) => connection.Events.HoldsClarification(requestId);

        /// <summary>Starts connecting to a terminal and returns at once. How it went arrives as events.</summary>
        /// <remarks>Requests may be sent at once; they wait for the connection for <see cref="TerminalOptions.SendTimeout"/>.
        /// With a journal, the orders of this terminal that were left without an outcome are found out and told as events, and
        /// those that were not acknowledged are told again.</remarks>
        /// <exception cref="ConfigException">An option may not be; the message names it.</exception>
        /// <exception cref="JournalException">The journal cannot be opened, is damaged, or belongs to another process.
        /// </exception>
        /// <exception cref="LibraryException">The native library is not there, or is another version.</exception>
        /// <example><code>Terminal.Connect(new TerminalOptions { Url = "ws://192.168.1.20:35779" })</code></example>
        public static Terminal Connect(TerminalOptions options)
        {
            if (options == null)
            {
                throw new ArgumentNullException(nameof(options));
            }
            return new Terminal(options.ToJson());
        }

        /// <summary>The same with a bare URL, "ws://192.168.1.20:35779", or the configuration as a JSON object.</summary>
        /// <exception cref="ConfigException">The configuration is refused; the message names what is wrong.</exception>
        /// <exception cref="RequestException">It begins with "{" and is no JSON object.</exception>
        /// <exception cref="JournalException">The journal cannot be opened, is damaged, or belongs to another process.
        /// </exception>
        /// <exception cref="LibraryException">The native library is not there, or is another version.</exception>
        public static Terminal Connect(string config)
        {
            if (config == null)
            {
                throw new ArgumentNullException(nameof(config));
            }
            return new Terminal(config);
        }

        /// <summary>The next event that nobody waits for otherwise; null when none came within <paramref name="wait"/>.</summary>
        /// <remarks>For a till with a main loop. Each event is given once: to a caller of this, or to the handlers of
        /// <see cref="Event"/>.</remarks>
        /// <param name="wait">How long to wait; zero never does, <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> waits
        /// for ever.</param>
        /// <exception cref="WaitFailedException">Events cannot be fetched just now; none is lost.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed, and all its events are taken.</exception>
        /// <example><code>TerminalEvent e = terminal.NextEvent(TimeSpan.FromMilliseconds(100));</code></example>
        public TerminalEvent NextEvent(TimeSpan wait)
        {
            if (wait != System.Threading.Timeout.InfiniteTimeSpan && (wait < TimeSpan.Zero || wait.TotalMilliseconds > int.MaxValue))
            {
                throw new ArgumentOutOfRangeException(nameof(wait), wait, "from zero to 24 days, or infinite");
            }
            connection.StartFetching();
            TaskCompletionSource<TerminalEvent> taker = NewTaker();
            connection.Events.Take(taker);
            TerminalEvent happened = HasEnded(taker, wait) || !connection.Events.Cancel(taker)
                ? taker.Task.GetAwaiter().GetResult() : null;
            GC.KeepAlive(this);
            return happened;
        }

        /// <summary>The next event that nobody waits for otherwise, when it happens.</summary>
        /// <exception cref="OperationCanceledException">The wait was cancelled; no event was taken.</exception>
        /// <exception cref="WaitFailedException">Events cannot be fetched just now; none is lost.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed, and all its events are taken.</exception>
        /// <example><code>TerminalEvent e = await terminal.NextEventAsync(token);</code></example>
        public async Task<TerminalEvent> NextEventAsync(CancellationToken token = default(CancellationToken))
        {
            token.ThrowIfCancellationRequested();
            connection.StartFetching();
            TaskCompletionSource<TerminalEvent> taker = NewTaker();
            // First, because some runtimes throw when the token's source is gone, and no event must have been taken then.
            using (token.Register(() => CancelTaker(taker, token)))
            {
                connection.Events.Take(taker);
                if (token.IsCancellationRequested)
                {
                    CancelTaker(taker, token);
                }
                TerminalEvent happened = await taker.Task.ConfigureAwait(false);
                GC.KeepAlive(this);
                return happened;
            }
        }

        /// <summary>Says that the till has this outcome safe, in its own books: it is not told again.</summary>
        /// <remarks>Call it after the till has stored the outcome, not before. Doing it again changes nothing.</remarks>
        /// <returns>false if the outcome was corrected meanwhile: nothing is changed, and the correction comes as an event, to
        /// be acknowledged itself.</returns>
        /// <exception cref="JournalException">It could not be written: the outcome will be told again.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        public bool Acknowledge(PaymentResult result)
        {
            if (result == null)
            {
                throw new ArgumentNullException(nameof(result));
            }
            return Acknowledge(result.RequestId, result.Outcome);
        }

        /// <summary>The same by the request's id and the outcome that the till has stored.</summary>
        /// <exception cref="EcrhubException">There is no such request that has completed.</exception>
        /// <exception cref="JournalException">It could not be written: the outcome will be told again.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        public bool Acknowledge(string requestId, Outcome outcome)
        {
            bool isDone = connection.Acknowledge(requestId, Contract.Word(Contract.Outcomes, outcome));
            GC.KeepAlive(this);
            return isDone;
        }

        /// <summary>Writes down what a person decided about an order whose outcome is unknown. The library stops asking the
        /// terminal about it, and the order counts as acknowledged.</summary>
        /// <param name="requestId">The order's request.</param>
        /// <param name="outcome">Approved, declined, cancelled or not found.</param>
        /// <param name="note">Who decided it and why, kept in the journal; may be null.</param>
        /// <exception cref="EcrhubException">Another outcome, no such order, or one that is not unknown.</exception>
        /// <exception cref="JournalException">It could not be written.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        public void Resolve(string requestId, Outcome outcome, string note = null)
        {
            connection.Resolve(requestId, Contract.Word(Contract.Outcomes, outcome), note);
            GC.KeepAlive(this);
        }

        /// <summary>A snapshot, for a status line or a support call.</summary>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        public TerminalState State()
        {
            var state = new TerminalState(connection.State(), connection.Events.Count);
            GC.KeepAlive(this);
            return state;
        }

        /// <summary>The requests that are open, oldest first.</summary>
        /// <exception cref="JournalException">The journal cannot be read.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        public IReadOnlyList<PendingRequest> Pending()
        {
            IReadOnlyList<PendingRequest> pending = PendingRequest.List(connection.Pending());
            GC.KeepAlive(this);
            return pending;
        }

        /// <summary>Ends the connection. Doing it again changes nothing.</summary>
        /// <remarks>Who waits for an answer gets a <see cref="TerminalDisposedException"/>. An order in flight lives on; with a
        /// journal, the next connection to this terminal finds it out. This is not the protocol's close, which gives an order
        /// up at the terminal: that is <see cref="CloseAsync"/>.</remarks>
        public void Dispose()
        {
            connection.End();
            GC.SuppressFinalize(this);
        }

        /// <summary>Waits as Task.Wait does, which needs no thread of the pool, but leaves the throwing to who asks for the
        /// result.</summary>
        private bool HasEnded(TaskCompletionSource<TerminalEvent> taker, TimeSpan wait)
        {
            try
            {
                return taker.Task.Wait(wait);
            }
            catch (AggregateException)
            {
                return true;
            }
            catch (ThreadInterruptedException)
            {
                // Nobody is left to be given the event.
                if (!connection.Events.Cancel(taker) && taker.Task.Status == TaskStatus.RanToCompletion)
                {
                    connection.Events.PutBack(taker.Task.Result);
                }
                throw;
            }
        }

        private static TaskCompletionSource<TerminalEvent> NewTaker()
        {
            return new TaskCompletionSource<TerminalEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        private void CancelTaker(TaskCompletionSource<TerminalEvent> taker, CancellationToken token)
        {
            if (connection.Events.Cancel(taker))
            {
                taker.SetException(new OperationCanceledException("the wait for an event was cancelled", token));
            }
        }

        private void ChangeHandlers(Func<EventHandler<TerminalEvent>, EventHandler<TerminalEvent>> change)
        {
            lock (handlersSync)
            {
                handlers = change(handlers);
                connection.Events.SetHandler(handlers == null ? (Action<TerminalEvent>)null : Raise);
            }
            connection.StartFetching();
        }

        private void Raise(TerminalEvent happened)
        {
            foreach (EventHandler<TerminalEvent> handler in handlers?.GetInvocationList() ?? new Delegate[0])
            {
                try
                {
                    handler(this, happened);
                }
                catch (Exception error)
                {
                    ReportFailure(new HandlerFailure(happened, error));
                }
            }
        }

        private void ReportFailure(HandlerFailure failure)
        {
            EcrhubLog.Error(() => "a handler of the event \"" + failure.Event + "\" threw: " + failure.Exception);
            try
            {
                HandlerFailed?.Invoke(this, failure);
            }
            catch (Exception error)
            {
                EcrhubLog.Error(() => "a handler of HandlerFailed threw: " + error);
            }
        }
    }
}
