using System;
using System.Collections.Generic;

namespace Ecrhub
{
    /// <summary>What happened, and what it means for the money.</summary>
    /// <remarks>Every request that was accepted completes exactly once, with one of these.</remarks>
    public enum Outcome
    {
        /// <summary>Nobody could tell: money may have moved. Fetch a person, and never sell it again blindly. A word this
        /// package does not know reads as this, too.</summary>
        Unknown,

        /// <summary>Done: money moved. A void or a refund that succeeded is approved, too.</summary>
        Approved,

        /// <summary>The terminal says no. One may try again, with a new number.</summary>
        Declined,

        /// <summary>Given up by a person, or by a close. One may try again, with a new number.</summary>
        Cancelled,

        /// <summary>The terminal has no record of it. One may try again, with a new number.</summary>
        NotFound,

        /// <summary>The terminal is serving another customer, and did not take this order. Send it again with the same number,
        /// not with a new one.</summary>
        Busy,

        /// <summary>Of a query: it is still being paid. Ask again.</summary>
        InProgress,

        /// <summary>It never left this machine. It may be sent again.</summary>
        NotSent,

        /// <summary>Of what is neither an order nor a query: the terminal did it.</summary>
        Ok,

        /// <summary>Of what is neither an order nor a query: the terminal did not do it.</summary>
        Refused,
    }

    /// <summary>Whether a request reached the terminal.</summary>
    public enum Sent
    {
        /// <summary>Nobody can tell.</summary>
        Maybe,

        /// <summary>It never left this machine.</summary>
        No,

        /// <summary>It did.</summary>
        Yes,
    }

    /// <summary>Where something went wrong.</summary>
    public enum Stage
    {
        /// <summary>A later library's word, which this package does not know.</summary>
        Other,

        /// <summary>The terminal's name was looked up.</summary>
        Resolve,

        /// <summary>The connection was made.</summary>
        Connect,

        /// <summary>The WebSocket handshake.</summary>
        Handshake,

        /// <summary>The request was sent.</summary>
        Send,

        /// <summary>The answer was awaited or read.</summary>
        Receive,

        /// <summary>The connection was probed.</summary>
        Heartbeat,

        /// <summary>The terminal itself.</summary>
        Terminal,

        /// <summary>The journal was written.</summary>
        Journal,

        /// <summary>It was being found out what became of an order.</summary>
        Recovery,
    }

    /// <summary>What a <see cref="TerminalEvent"/> tells.</summary>
    public enum EventKind
    {
        /// <summary>A later library's event, which this package does not know: see <see cref="TerminalEvent.Raw"/>.</summary>
        Other,

        /// <summary>The connection stands.</summary>
        Connected,

        /// <summary>It does not; it comes back by itself.</summary>
        Disconnected,

        /// <summary>A request is over: see <see cref="TerminalEvent.Result"/>.</summary>
        Completed,

        /// <summary>It is being found out what became of an order; for the display.</summary>
        Recovering,

        /// <summary>Corrects an outcome that was reported earlier: see <see cref="TerminalEvent.Result"/>, and
        /// <see cref="PaymentResult.Was"/> for what it was. Show it to a person.</summary>
        Clarified,

        /// <summary>The terminal said something nobody waits for.</summary>
        Message,

        /// <summary>The terminal said something that is no message.</summary>
        ProtocolError,
    }

    /// <summary>How much the library logs.</summary>
    public enum LogLevel
    {
        /// <summary>Nothing.</summary>
        Off = 0,

        /// <summary>What went wrong.</summary>
        Error = 1,

        /// <summary>And what looks wrong.</summary>
        Warn = 2,

        /// <summary>And what happens to connections and orders.</summary>
        Info = 3,

        /// <summary>And refused calls, retries and the like.</summary>
        Debug = 4,

        /// <summary>And everything else.</summary>
        Trace = 5,
    }

    /// <summary>How strictly the library checks requests before it sends them.</summary>
    public enum Validation
    {
        /// <summary>Every rule of the protocol.</summary>
        Strict,

        /// <summary>Only what would make an answer impossible to match.</summary>
        Lenient,
    }

    /// <summary>What this package knows of the library: its numbers and its words.</summary>
    internal static class Contract
    {
        public const uint ECRHUB_ABI_VERSION = 1;

        public const int ECRHUB_OK = 0;
        public const int ECRHUB_TIMEOUT = 1;
        public const int ECRHUB_INTERRUPTED = 2;
        public const int ECRHUB_OUTDATED = 3;
        public const int ECRHUB_NOTHING = 4;
        public const int ECRHUB_ERR_ARGUMENT = -1;
        public const int ECRHUB_ERR_HANDLE = -2;
        public const int ECRHUB_ERR_CONFIG = -3;
        public const int ECRHUB_ERR_JSON = -4;
        public const int ECRHUB_ERR_REQUEST = -5;
        public const int ECRHUB_ERR_DUPLICATE = -6;
        public const int ECRHUB_ERR_BUFFER_TOO_SMALL = -7;
        public const int ECRHUB_ERR_BUSY = -8;
        public const int ECRHUB_ERR_JOURNAL = -9;
        public const int ECRHUB_ERR_FORKED = -10;
        public const int ECRHUB_ERR_UNSUPPORTED = -11;
        public const int ECRHUB_ERR_INTERNAL = -12;
        public const int ECRHUB_ERR_TERMINAL = -13;

        public const int ECRHUB_LOG_OFF = 0;
        public const int ECRHUB_LOG_ERROR = 1;
        public const int ECRHUB_LOG_WARN = 2;
        public const int ECRHUB_LOG_INFO = 3;
        public const int ECRHUB_LOG_DEBUG = 4;
        public const int ECRHUB_LOG_TRACE = 5;

        public const string TopicOrder = "ecrhub.pay.order";
        public const string TopicQuery = "ecrhub.pay.query";
        public const string TopicClose = "ecrhub.pay.close";

        public const string TransTypeSale = "1";
        public const string TransTypeVoid = "2";
        public const string TransTypeRefund = "3";
        public const string TransTypeAuthorize = "4";
        public const string TransTypeComplete = "6";
        public const string TransTypeCashback = "11";

        public static readonly IReadOnlyDictionary<string, Outcome> Outcomes =
            new Dictionary<string, Outcome>(StringComparer.Ordinal)
            {
                ["approved"] = Outcome.Approved,
                ["declined"] = Outcome.Declined,
                ["cancelled"] = Outcome.Cancelled,
                ["not_found"] = Outcome.NotFound,
                ["busy"] = Outcome.Busy,
                ["in_progress"] = Outcome.InProgress,
                ["not_sent"] = Outcome.NotSent,
                ["unknown"] = Outcome.Unknown,
                ["ok"] = Outcome.Ok,
                ["refused"] = Outcome.Refused,
            };

        public static readonly IReadOnlyDictionary<string, Sent> Sents =
            new Dictionary<string, Sent>(StringComparer.Ordinal)
            {
                ["no"] = Sent.No,
                ["maybe"] = Sent.Maybe,
                ["yes"] = Sent.Yes,
            };

        public static readonly IReadOnlyDictionary<string, Stage> Stages =
            new Dictionary<string, Stage>(StringComparer.Ordinal)
            {
                ["resolve"] = Stage.Resolve,
                ["connect"] = Stage.Connect,
                ["handshake"] = Stage.Handshake,
                ["send"] = Stage.Send,
                ["receive"] = Stage.Receive,
                ["heartbeat"] = Stage.Heartbeat,
                ["terminal"] = Stage.Terminal,
                ["journal"] = Stage.Journal,
                ["recovery"] = Stage.Recovery,
            };

        public static readonly IReadOnlyDictionary<string, EventKind> Events =
            new Dictionary<string, EventKind>(StringComparer.Ordinal)
            {
                ["connected"] = EventKind.Connected,
                ["disconnected"] = EventKind.Disconnected,
                ["completed"] = EventKind.Completed,
                ["recovering"] = EventKind.Recovering,
                ["clarified"] = EventKind.Clarified,
                ["message"] = EventKind.Message,
                ["protocol_error"] = EventKind.ProtocolError,
            };

        /// <summary>The fields of an order's biz_data; the request classes write each of them.</summary>
        public static readonly string[] OrderFields =
        {
            "trans_type", "merchant_order_no", "orig_merchant_order_no", "price_currency", "order_amount", "tip_amount",
            "on_screen_tip", "cashback_amount", "pay_method_id", "pay_scenario", "card_type", "attach", "description",
            "notify_url", "expires", "confirm_on_terminal", "required_terminal_authentication", "on_screen_signature",
            "receipt_print_mode", "tax_amount",
        };

        /// <summary>The fields a response is known to carry; <see cref="PaymentResult"/> has each of them.</summary>
        public static readonly string[] ResponseFields =
        {
            "response_code", "response_msg", "trans_no", "trans_status", "pay_channel_trans_no", "discount_bmopc",
            "discount_bpc", "trans_end_time", "trans_type", "merchant_order_no", "orig_merchant_order_no",
            "price_currency", "order_amount", "tip_amount", "cashback_amount", "pay_method_id", "pay_scenario", "attach",
            "total_amount", "card_no", "card_brand", "auth_code", "ref_no", "entry_mode", "signature_url", "merchant_no",
        };

        /// <summary>The keys of a configuration; <see cref="TerminalOptions"/> has each of them.</summary>
        public static readonly string[] ConfigKeys =
        {
            "url", "app_id", "connect_timeout_ms", "send_timeout_ms", "order_timeout_ms", "request_timeout_ms",
            "recovery_timeout_ms", "recovery_interval_ms", "clarify_interval_ms", "clarify_days", "second_look_ms",
            "close_lost_orders", "ping_interval_ms", "ping_interval_busy_ms", "ping_timeout_ms", "reconnect_min_ms",
            "reconnect_max_ms", "max_message_bytes", "max_queue_bytes", "max_in_flight", "terminal", "terminal_was",
            "validation", "journal", "journal_keep_days",
        };

        /// <summary>What a word stands for; <paramref name="otherwise"/> for one of a later library.</summary>
        public static T Read<T>(IReadOnlyDictionary<string, T> words, string word, T otherwise)
        {
            return word != null && words.TryGetValue(word, out T value) ? value : otherwise;
        }

        /// <summary>The word for a value.</summary>
        public static string Word<T>(IReadOnlyDictionary<string, T> words, T value)
        {
            foreach (KeyValuePair<string, T> pair in words)
            {
                if (EqualityComparer<T>.Default.Equals(pair.Value, value))
                {
                    return pair.Key;
                }
            }
            throw new ArgumentOutOfRangeException(nameof(value), value, "there is no word for it");
        }
    }
}
