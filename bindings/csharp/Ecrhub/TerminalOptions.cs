using System;
using System.Collections.Generic;

namespace Ecrhub
{
    /// <summary>One terminal, and how patient to be with it. Only <see cref="Url"/> is required.</summary>
    /// <remarks>What is null takes the default that stands with it. Times are sent in whole milliseconds. What may not be is
    /// refused by <see cref="Terminal.Connect(TerminalOptions)"/>.</remarks>
    /// <example><code>new TerminalOptions { Url = "ws://192.168.1.20:35779", AppId = "your-app-id", Journal = "till.db" }</code>
    /// </example>
    public sealed class TerminalOptions
    {
        /// <summary>"ws://host:35779"; without a port it is 35779.</summary>
        public string Url { get; set; }

        /// <summary>The payment application's id, for requests that say none.</summary>
        public string AppId { get; set; }

        /// <summary>The terminal's name in the journal, where addresses change. By default the url.</summary>
        public string TerminalName { get; set; }

        /// <summary>The terminal's former names: orders that are open under them are taken over. None by default.</summary>
        public IEnumerable<string> TerminalWas { get; set; }

        /// <summary>A file that keeps orders over a crash. None by default.</summary>
        public string Journal { get; set; }

        /// <summary>How many days acknowledged orders stay in the journal. 400.</summary>
        public int? JournalKeepDays { get; set; }

        /// <summary>Name look-up, TCP and handshake together. 5 seconds.</summary>
        public TimeSpan? ConnectTimeout { get; set; }

        /// <summary>How long a request may wait to be sent. 10 seconds.</summary>
        public TimeSpan? SendTimeout { get; set; }

        /// <summary>How long an order's answer may take. 180 seconds.</summary>
        public TimeSpan? OrderTimeout { get; set; }

        /// <summary>The same for all other requests. 30 seconds.</summary>
        public TimeSpan? RequestTimeout { get; set; }

        /// <summary>How long an order is found out before it is closed. 60 seconds.</summary>
        public TimeSpan? RecoveryTimeout { get; set; }

        /// <summary>Between two queries while it is found out. 2 seconds.</summary>
        public TimeSpan? RecoveryInterval { get; set; }

        /// <summary>Between two queries for an order that completed as unknown; zero for never. 30 seconds.</summary>
        public TimeSpan? ClarifyInterval { get; set; }

        /// <summary>How many days after it became unknown an order is still asked about; 0 for no limit. 7.</summary>
        public int? ClarifyDays { get; set; }

        /// <summary>When an order is asked about once more that ended without money moving; zero for never. 30 seconds.
        /// </summary>
        public TimeSpan? SecondLook { get; set; }

        /// <summary>Whether an order that cannot be recovered is closed at the terminal. true. A terminal may take a close for
        /// whatever is on its screen: <b>false where several tills share one</b>.</summary>
        public bool? CloseLostOrders { get; set; }

        /// <summary>Between two pings; zero for never. 15 seconds.</summary>
        public TimeSpan? PingInterval { get; set; }

        /// <summary>Between two pings while a request is in flight; zero for as at other times. 2 seconds.</summary>
        public TimeSpan? PingIntervalBusy { get; set; }

        /// <summary>How long a ping may stay unanswered before the connection counts as lost. 10 seconds.</summary>
        public TimeSpan? PingTimeout { get; set; }

        /// <summary>The shortest pause before connecting again. 0.5 seconds.</summary>
        public TimeSpan? ReconnectMin { get; set; }

        /// <summary>The longest. 15 seconds.</summary>
        public TimeSpan? ReconnectMax { get; set; }

        /// <summary>The longest message the terminal may send, in bytes. 4194304.</summary>
        public int? MaxMessageBytes { get; set; }

        /// <summary>How many bytes of events may wait in the library before the oldest are dropped that report no outcome.
        /// 16777216.</summary>
        public int? MaxQueueBytes { get; set; }

        /// <summary>Requests in flight and completions nobody fetched, together. 1024.</summary>
        public int? MaxInFlight { get; set; }

        /// <summary>How strictly requests are checked before they are sent. Strict.</summary>
        public Validation? Validation { get; set; }

        /// <summary>The options as the JSON text that the library takes.</summary>
        public string ToJson()
        {
            return new JsonWriter()
                .Text("url", Url)
                .Text("app_id", AppId)
                .Text("terminal", TerminalName)
                .Texts("terminal_was", TerminalWas)
                .Text("journal", Journal)
                .Number("journal_keep_days", JournalKeepDays)
                .Number("connect_timeout_ms", Milliseconds(ConnectTimeout))
                .Number("send_timeout_ms", Milliseconds(SendTimeout))
                .Number("order_timeout_ms", Milliseconds(OrderTimeout))
                .Number("request_timeout_ms", Milliseconds(RequestTimeout))
                .Number("recovery_timeout_ms", Milliseconds(RecoveryTimeout))
                .Number("recovery_interval_ms", Milliseconds(RecoveryInterval))
                .Number("clarify_interval_ms", Milliseconds(ClarifyInterval))
                .Number("clarify_days", ClarifyDays)
                .Number("second_look_ms", Milliseconds(SecondLook))
                .Flag("close_lost_orders", CloseLostOrders)
                .Number("ping_interval_ms", Milliseconds(PingInterval))
                .Number("ping_interval_busy_ms", Milliseconds(PingIntervalBusy))
                .Number("ping_timeout_ms", Milliseconds(PingTimeout))
                .Number("reconnect_min_ms", Milliseconds(ReconnectMin))
                .Number("reconnect_max_ms", Milliseconds(ReconnectMax))
                .Number("max_message_bytes", MaxMessageBytes)
                .Number("max_queue_bytes", MaxQueueBytes)
                .Number("max_in_flight", MaxInFlight)
                .Text("validation", Validation == null ? null : Validation == Ecrhub.Validation.Lenient ? "lenient" : "strict")
                .End();
        }

        /// <summary>A part of a millisecond counts as a whole one, so that a short time does not become none.</summary>
        internal static long? Milliseconds(TimeSpan? time)
        {
            return time == null ? (long?)null : (long)Math.Ceiling(time.Value.TotalMilliseconds);
        }
    }
}
