using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;

namespace Ecrhub
{
    /// <summary>A snapshot of a connection, for a status line or a support call.</summary>
    public sealed class TerminalState
    {
        internal TerminalState(string raw, int held)
        {
            JsonMembers members = JsonReader.Members(raw);
            Raw = raw;
            State = members.Text("state");
            Url = members.Text("url");
            InFlight = members.Number("in_flight") ?? 0;
            EventsWaiting = (members.Number("events_waiting") ?? 0) + held;
            BytesWaiting = members.Number("bytes_waiting") ?? 0;
            EventsDropped = members.Number("events_dropped") ?? 0;
            Reconnects = members.Number("reconnects") ?? 0;
            LastPing = Clock.FromMilliseconds(members.Number("last_ping_ms"));
            Journal = members.Text("journal");
            Elsewhere = members.Number("elsewhere") ?? 0;
        }

        /// <summary>"connecting", "connected" or "waiting" (for the next attempt).</summary>
        public string State { get; }

        /// <summary>Where the terminal is.</summary>
        public string Url { get; }

        /// <summary>How many requests have not completed.</summary>
        public long InFlight { get; }

        /// <summary>How many events wait to be taken, in the library and here.</summary>
        public long EventsWaiting { get; }

        /// <summary>How many bytes of them wait in the library.</summary>
        public long BytesWaiting { get; }

        /// <summary>How many events the library dropped because nobody took them; none that tells an outcome.</summary>
        public long EventsDropped { get; }

        /// <summary>How often the connection came back.</summary>
        public long Reconnects { get; }

        /// <summary>How long the last ping took; null before the first.</summary>
        public TimeSpan? LastPing { get; }

        /// <summary>The journal's file; null without one.</summary>
        public string Journal { get; }

        /// <summary>How many orders are open in the journal under terminals that nobody is connected to; 0 also where that
        /// cannot be read. <see cref="TerminalOptions.TerminalWas"/> takes them over.</summary>
        public long Elsewhere { get; }

        /// <summary>The library's own snapshot, JSON.</summary>
        public string Raw { get; }

        /// <summary>One line for a log.</summary>
        public override string ToString() => State + " " + Url + ", " + InFlight + " in flight";
    }

    /// <summary>A request that is still open.</summary>
    public sealed class PendingRequest
    {
        private PendingRequest(string raw)
        {
            JsonMembers members = JsonReader.Members(raw);
            Raw = raw;
            RequestId = members.Text("request_id");
            MerchantOrderNo = members.Text("merchant_order_no");
            Topic = members.Text("topic");
            Terminal = members.Text("terminal");
            IsElsewhere = members.Flag("elsewhere");
            State = members.Text("state");
            OutcomeName = members.Text("outcome");
            Outcome = OutcomeName == null
                ? (Outcome?)null : Contract.Read(Contract.Outcomes, OutcomeName, Ecrhub.Outcome.Unknown);
            Since = Clock.FromEpoch(members.Number("since") ?? 0);
            Request = members.ObjectText("request");
        }

        /// <summary>The request's id.</summary>
        public string RequestId { get; }

        /// <summary>The order's number; null where the request has none.</summary>
        public string MerchantOrderNo { get; }

        /// <summary>What was asked.</summary>
        public string Topic { get; }

        /// <summary>The terminal's name in the journal.</summary>
        public string Terminal { get; }

        /// <summary>It is an order of a terminal that nobody is connected to.</summary>
        public bool IsElsewhere { get; }

        /// <summary>"in_flight" (its answer is awaited), "recovering" (its outcome is being found out), "unacknowledged" (an
        /// order that has completed, but <see cref="Terminal.Acknowledge(PaymentResult)"/> was not called) or "unknown".</summary>
        public string State { get; }

        /// <summary>The outcome; null while there is none.</summary>
        public Outcome? Outcome { get; }

        /// <summary>The library's word for the outcome.</summary>
        public string OutcomeName { get; }

        /// <summary>When it was sent.</summary>
        public DateTimeOffset Since { get; }

        /// <summary>The request, JSON, as far as it is kept.</summary>
        public string Request { get; }

        /// <summary>The library's own words, JSON.</summary>
        public string Raw { get; }

        internal static IReadOnlyList<PendingRequest> List(string json)
        {
            var list = new List<PendingRequest>();
            foreach (JsonValue value in JsonReader.Array(json))
            {
                list.Add(new PendingRequest(value.Raw));
            }
            return new ReadOnlyCollection<PendingRequest>(list);
        }

        /// <summary>One line for a log.</summary>
        public override string ToString() => State + " " + (MerchantOrderNo ?? RequestId);
    }
}
