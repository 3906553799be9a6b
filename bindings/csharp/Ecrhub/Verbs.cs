using System;
using System.Threading;
using System.Threading.Tasks;

namespace Ecrhub
{
    // What can be asked of a terminal. The methods differ in what they take only: each sends, and waits until it is known
    // what happened, which is always, within a bounded time.
    public sealed partial class Terminal
    {
        /// <summary>Takes a payment.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = await terminal.SaleAsync(new Sale { OrderNo = "A1001", Amount = 34.50m, Currency = "USD" });</code>
        /// </example>
        public Task<PaymentResult> SaleAsync(Sale sale, CancellationToken token = default(CancellationToken))
        {
            return SendAsync(sale, token);
        }

        /// <summary>Takes a payment. Blocks this thread until it is known what happened.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = terminal.Sale(new Sale { OrderNo = "A1001", Amount = 34.50m, Currency = "USD" });</code>
        /// </example>
        public PaymentResult Sale(Sale sale, CancellationToken token = default(CancellationToken))
        {
            return Send(sale, token);
        }

        /// <summary>Takes back a transaction of the same day, whole.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = await terminal.VoidAsync(new VoidOrder { OrderNo = "A1002", OriginalOrderNo = "A1001" });</code>
        /// </example>
        public Task<PaymentResult> VoidAsync(VoidOrder order, CancellationToken token = default(CancellationToken))
        {
            return SendAsync(order, token);
        }

        /// <summary>Takes back a transaction of the same day, whole. Blocks this thread until it is known what happened.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = terminal.Void(new VoidOrder { OrderNo = "A1002", OriginalOrderNo = "A1001" });</code>
        /// </example>
        public PaymentResult Void(VoidOrder order, CancellationToken token = default(CancellationToken))
        {
            return Send(order, token);
        }

        /// <summary>Gives money back.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = await terminal.RefundAsync(new Refund { OrderNo = "A1003", OriginalOrderNo = "A1001", Amount = 10.00m });</code>
        /// </example>
        public Task<PaymentResult> RefundAsync(Refund refund, CancellationToken token = default(CancellationToken))
        {
            return SendAsync(refund, token);
        }

        /// <summary>Gives money back. Blocks this thread until it is known what happened.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = terminal.Refund(new Refund { OrderNo = "A1003", OriginalOrderNo = "A1001", Amount = 10.00m });</code>
        /// </example>
        public PaymentResult Refund(Refund refund, CancellationToken token = default(CancellationToken))
        {
            return Send(refund, token);
        }

        /// <summary>Holds an amount on the customer's card.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = await terminal.AuthorizeAsync(new Authorization { OrderNo = "A1004", Amount = 100.00m });</code>
        /// </example>
        public Task<PaymentResult> AuthorizeAsync(Authorization authorization, CancellationToken token = default(CancellationToken))
        {
            return SendAsync(authorization, token);
        }

        /// <summary>Holds an amount on the customer's card. Blocks this thread until it is known what happened.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = terminal.Authorize(new Authorization { OrderNo = "A1004", Amount = 100.00m });</code>
        /// </example>
        public PaymentResult Authorize(Authorization authorization, CancellationToken token = default(CancellationToken))
        {
            return Send(authorization, token);
        }

        /// <summary>Takes an amount that was authorized.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = await terminal.CompleteAsync(new Completion { OrderNo = "A1005", OriginalOrderNo = "A1004", Amount = 80.00m });</code>
        /// </example>
        public Task<PaymentResult> CompleteAsync(Completion completion, CancellationToken token = default(CancellationToken))
        {
            return SendAsync(completion, token);
        }

        /// <summary>Takes an amount that was authorized. Blocks this thread until it is known what happened.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = terminal.Complete(new Completion { OrderNo = "A1005", OriginalOrderNo = "A1004", Amount = 80.00m });</code>
        /// </example>
        public PaymentResult Complete(Completion completion, CancellationToken token = default(CancellationToken))
        {
            return Send(completion, token);
        }

        /// <summary>Takes a payment with cash for the customer.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = await terminal.CashbackAsync(new Cashback { OrderNo = "A1006", Amount = 10.00m, CashbackAmount = 20.00m });</code>
        /// </example>
        public Task<PaymentResult> CashbackAsync(Cashback cashback, CancellationToken token = default(CancellationToken))
        {
            return SendAsync(cashback, token);
        }

        /// <summary>Takes a payment with cash for the customer. Blocks this thread until it is known what happened.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = terminal.Cashback(new Cashback { OrderNo = "A1006", Amount = 10.00m, CashbackAmount = 20.00m });</code>
        /// </example>
        public PaymentResult Cashback(Cashback cashback, CancellationToken token = default(CancellationToken))
        {
            return Send(cashback, token);
        }

        /// <summary>Asks what became of an order.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = await terminal.QueryAsync(new Query { OrderNo = "A1001" });</code>
        /// </example>
        public Task<PaymentResult> QueryAsync(Query query, CancellationToken token = default(CancellationToken))
        {
            return SendAsync(query, token);
        }

        /// <summary>Asks what became of an order. Blocks this thread until it is known what happened.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = terminal.Query(new Query { OrderNo = "A1001" });</code>
        /// </example>
        public PaymentResult Query(Query query, CancellationToken token = default(CancellationToken))
        {
            return Send(query, token);
        }

        /// <summary>Gives up an order that waits on the terminal; it does not end the connection.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = await terminal.CloseAsync(new Close { OrderNo = "A1001" });</code>
        /// </example>
        public Task<PaymentResult> CloseAsync(Close close, CancellationToken token = default(CancellationToken))
        {
            return SendAsync(close, token);
        }

        /// <summary>Gives up an order that waits on the terminal; it does not end the connection. Blocks this thread until it is known what happened.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = terminal.Close(new Close { OrderNo = "A1001" });</code>
        /// </example>
        public PaymentResult Close(Close close, CancellationToken token = default(CancellationToken))
        {
            return Send(close, token);
        }

        /// <summary>Sends any request.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = await terminal.SendAsync(order, token);</code></example>
        public Task<PaymentResult> SendAsync(Request request, CancellationToken token = default(CancellationToken))
        {
            return SendAsync(JsonOf(request), request.Timeout, token);
        }

        /// <summary>Sends any request. Blocks this thread until it is known what happened.</summary>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>PaymentResult result = terminal.Send(order);</code></example>
        public PaymentResult Send(Request request, CancellationToken token = default(CancellationToken))
        {
            return Send(JsonOf(request), request.Timeout, token);
        }

        /// <summary>Sends any message, also of topics this package has no class for.</summary>
        /// <param name="json">A JSON object with at least <c>topic</c> and <c>biz_data</c>. What else the envelope needs is filled
        /// in.</param>
        /// <param name="timeout">How long to wait for the answer, instead of what the options say.</param>
        /// <param name="token">Ends the wait, not the request.</param>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>await terminal.SendAsync("{\"topic\":\"ecrhub.heartbeat\",\"biz_data\":{}}");</code></example>
        public async Task<PaymentResult> SendAsync(string json, TimeSpan? timeout = null,
            CancellationToken token = default(CancellationToken))
        {
            PaymentResult result = await connection.CallAsync(json, TimeoutMs(timeout), token).ConfigureAwait(false);
            // Until here the terminal is needed, even if nobody else knows it any more.
            GC.KeepAlive(this);
            return result;
        }

        /// <summary>Sends any message. Blocks this thread until it is known what happened.</summary>
        /// <param name="json">A JSON object with at least <c>topic</c> and <c>biz_data</c>. What else the envelope needs is filled
        /// in.</param>
        /// <param name="timeout">How long to wait for the answer, instead of what the options say.</param>
        /// <param name="token">Ends the wait, not the request.</param>
        /// <returns>What became of it. A decline is a result, not an exception.</returns>
        /// <exception cref="RequestException">It breaks the protocol; nothing was sent.</exception>
        /// <exception cref="EcrhubException">It is refused otherwise (<see cref="DuplicateException"/>,
        /// <see cref="BusyException"/>, <see cref="JournalException"/>); nothing was sent.</exception>
        /// <exception cref="WaitCanceledException">The wait was cancelled; the request lives on.</exception>
        /// <exception cref="WaitFailedException">Its completion cannot be fetched just now; the request lives on.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed.</exception>
        /// <example><code>terminal.Send("{\"topic\":\"ecrhub.heartbeat\",\"biz_data\":{}}");</code></example>
        public PaymentResult Send(string json, TimeSpan? timeout = null, CancellationToken token = default(CancellationToken))
        {
            PaymentResult result = connection.Call(json, TimeoutMs(timeout), token);
            GC.KeepAlive(this);
            return result;
        }

        /// <summary>Sends any request and returns once it is accepted; its completion comes as an event.</summary>
        /// <returns>The request's id.</returns>
        /// <exception cref="EcrhubException">It is refused; nothing was sent.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed; nothing was sent.</exception>
        /// <example><code>string requestId = terminal.Submit(new Sale { OrderNo = "A1001", Amount = 34.50m });</code></example>
        public string Submit(Request request)
        {
            return Submit(JsonOf(request), request.Timeout);
        }

        /// <summary>Sends any message and returns once it is accepted; its completion comes as an event.</summary>
        /// <param name="json">A JSON object with at least <c>topic</c> and <c>biz_data</c>. What else the envelope needs is filled
        /// in.</param>
        /// <param name="timeout">How long to wait for the answer, instead of what the options say.</param>
        /// <returns>The request's id.</returns>
        /// <exception cref="EcrhubException">It is refused; nothing was sent.</exception>
        /// <exception cref="TerminalDisposedException">The terminal was disposed; nothing was sent.</exception>
        public string Submit(string json, TimeSpan? timeout = null)
        {
            string requestId = connection.Submit(json, TimeoutMs(timeout));
            GC.KeepAlive(this);
            return requestId;
        }

        private static string JsonOf(Request request)
        {
            if (request == null)
            {
                throw new ArgumentNullException(nameof(request));
            }
            return request.ToJson();
        }

        private static int TimeoutMs(TimeSpan? timeout)
        {
            long milliseconds = TerminalOptions.Milliseconds(timeout) ?? 0;
            if (milliseconds > int.MaxValue)
            {
                throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "at most 24 days");
            }
            return (int)Math.Max(milliseconds, -1);
        }
    }
}
