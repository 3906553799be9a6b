using System;

namespace Ecrhub
{
    /// <summary>Something that happened to a terminal.</summary>
    /// <remarks>Which properties are set depends on the <see cref="Kind"/>; all others are null.</remarks>
    public sealed class TerminalEvent : EventArgs
    {
        internal TerminalEvent(string raw)
        {
            JsonMembers members = JsonReader.MembersOrNone(raw);
            Raw = raw;
            At = Clock.FromEpoch(members.Number("at") ?? 0);
            KindName = members.Text("event");
            Kind = Contract.Read(Contract.Events, KindName, EventKind.Other);
            RequestId = members.Text("request_id");
            MerchantOrderNo = members.Text("merchant_order_no");
            Url = members.Text("url");
            Error = TerminalError.Of(members);
            RetryIn = Clock.FromMilliseconds(members.Number("retry_in_ms"));
            Reason = members.Text("reason");
            Message = Kind == EventKind.Message ? members.Get("message").Raw : null;
            LateFor = members.Text("late_for");
            Detail = members.Text("detail");
            Bytes = Kind == EventKind.ProtocolError ? members.Text("raw") : null;
            if (IsOutcome)
            {
                Result = new PaymentResult(members, raw, Kind == EventKind.Clarified);
            }
        }

        /// <summary>What happened.</summary>
        public EventKind Kind { get; }

        /// <summary>The library's word for it: "completed".</summary>
        public string KindName { get; }

        /// <summary>When.</summary>
        public DateTimeOffset At { get; }

        /// <summary>Completed and clarified: what became of the request. A till stores it, then calls
        /// <see cref="Terminal.Acknowledge(PaymentResult)"/>.</summary>
        public PaymentResult Result { get; }

        /// <summary>Completed, clarified, recovering: the request.</summary>
        public string RequestId { get; }

        /// <summary>Completed, clarified, recovering: the order's number.</summary>
        public string MerchantOrderNo { get; }

        /// <summary>Connected: to where.</summary>
        public string Url { get; }

        /// <summary>Disconnected: why. Completed: why the outcome is not plain.</summary>
        public TerminalError Error { get; }

        /// <summary>Disconnected: when the next attempt is made.</summary>
        public TimeSpan? RetryIn { get; }

        /// <summary>Recovering: why the outcome has to be found out.</summary>
        public string Reason { get; }

        /// <summary>Message: what the terminal said, JSON.</summary>
        public string Message { get; }

        /// <summary>Message: the request it came too late for.</summary>
        public string LateFor { get; }

        /// <summary>Protocol error: what is wrong.</summary>
        public string Detail { get; }

        /// <summary>Protocol error: the beginning of what the terminal sent, masked.</summary>
        public string Bytes { get; }

        /// <summary>The whole event as the library told it, JSON.</summary>
        public string Raw { get; }

        /// <summary>Whether it tells what became of money; such an event is never dropped.</summary>
        internal bool IsOutcome => Kind == EventKind.Completed || Kind == EventKind.Clarified;

        /// <summary>One line for a log or a display.</summary>
        public override string ToString()
        {
            switch (Kind)
            {
                case EventKind.Connected: return "connected to " + Url;
                case EventKind.Disconnected: return "disconnected: " + Error?.Message;
                case EventKind.Completed: return Result.ToString();
                case EventKind.Clarified: return "clarified: " + Result;
                case EventKind.Recovering: return "finding out what became of " + (MerchantOrderNo ?? RequestId) + ": " + Reason;
                case EventKind.ProtocolError: return "protocol error: " + Detail;
                default: return KindName + ": " + (Message ?? Raw);
            }
        }
    }

    /// <summary>An event handler of the till threw.</summary>
    public sealed class HandlerFailure : EventArgs
    {
        internal HandlerFailure(TerminalEvent terminalEvent, Exception exception)
        {
            Event = terminalEvent;
            Exception = exception;
        }

        /// <summary>What the handler was given.</summary>
        public TerminalEvent Event { get; }

        /// <summary>What it threw.</summary>
        public Exception Exception { get; }
    }

    /// <summary>The library's times.</summary>
    internal static class Clock
    {
        /// <summary>The last moment there is.</summary>
        private static readonly long Latest = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

        /// <summary>No clock may keep an event from being told, so a time that cannot be is the nearest that can.</summary>
        public static DateTimeOffset FromEpoch(long milliseconds)
        {
            return DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(Math.Max(milliseconds, 0), Latest));
        }

        public static TimeSpan? FromMilliseconds(long? milliseconds)
        {
            return milliseconds == null ? (TimeSpan?)null : new TimeSpan(milliseconds.Value * TimeSpan.TicksPerMillisecond);
        }
    }
}
