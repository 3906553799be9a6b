using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;

namespace Ecrhub
{
    /// <summary>Something was refused, and nothing was changed or sent.</summary>
    /// <remarks>A decline is no exception: what became of an order is its <see cref="Outcome"/>.</remarks>
    public class EcrhubException : Exception
    {
        internal EcrhubException(int status, string name, string message, Exception inner = null) : base(message, inner)
        {
            Status = status;
            Name = name;
        }

        /// <summary>The library's number for it, less than zero.</summary>
        public int Status { get; }

        /// <summary>The library's name for it: <c>ECRHUB_ERR_REQUEST</c>.</summary>
        public string Name { get; }

        internal static Exception Of(int status, string name, string message)
        {
            switch (status)
            {
                case Contract.ECRHUB_ERR_HANDLE: return new TerminalDisposedException(null, message);
                case Contract.ECRHUB_ERR_CONFIG: return new ConfigException(status, name, message);
                case Contract.ECRHUB_ERR_JSON:
                case Contract.ECRHUB_ERR_REQUEST: return new RequestException(status, name, message);
                case Contract.ECRHUB_ERR_DUPLICATE: return new DuplicateException(status, name, message);
                case Contract.ECRHUB_ERR_BUSY: return new BusyException(status, name, message);
                case Contract.ECRHUB_ERR_JOURNAL: return new JournalException(status, name, message);
                default: return new EcrhubException(status, name, message);
            }
        }

        /// <summary>What is wrong, one by one. The library puts "; " between faults, and what it quotes of a value into
        /// quotes.</summary>
        internal static IReadOnlyList<string> Split(string message)
        {
            var faults = new List<string>();
            bool isQuoted = false;
            int start = 0;
            for (int i = 0; i < message.Length; i++)
            {
                if (message[i] == '\\')
                {
                    i++;
                }
                else if (message[i] == '"')
                {
                    isQuoted = !isQuoted;
                }
                else if (!isQuoted && string.CompareOrdinal(message, i, "; ", 0, 2) == 0)
                {
                    faults.Add(message.Substring(start, i - start));
                    start = i + 2;
                }
            }
            faults.Add(message.Substring(start));
            return new ReadOnlyCollection<string>(faults);
        }
    }

    /// <summary>The configuration is refused; the message names each key and what it may be.</summary>
    public sealed class ConfigException : EcrhubException
    {
        internal ConfigException(int status, string name, string message) : base(status, name, message)
        {
            Faults = Split(message);
        }

        /// <summary>What is wrong, one by one: <c>order_timeout_ms: 1 to 86400000, got 0</c>.</summary>
        public IReadOnlyList<string> Faults { get; }
    }

    /// <summary>The request breaks the protocol, or is no JSON object. Nothing was sent.</summary>
    public sealed class RequestException : EcrhubException
    {
        internal RequestException(int status, string name, string message) : base(status, name, message)
        {
            Faults = Split(message);
        }

        /// <summary>What is wrong, one by one, each with its field, the rule and the value:
        /// <c>biz_data.order_amount: more than zero, got "0.00"</c>.</summary>
        public IReadOnlyList<string> Faults { get; }
    }

    /// <summary>The order's number or the request's id has been used before. Nothing was sent.</summary>
    public sealed class DuplicateException : EcrhubException
    {
        internal DuplicateException(int status, string name, string message) : base(status, name, message) { }
    }

    /// <summary>Too many requests are in flight, or too many completions wait to be fetched. Nothing was sent.</summary>
    public sealed class BusyException : EcrhubException
    {
        internal BusyException(int status, string name, string message) : base(status, name, message) { }
    }

    /// <summary>The journal cannot be opened, read or written; the message names the file and the remedy.</summary>
    public sealed class JournalException : EcrhubException
    {
        internal JournalException(int status, string name, string message) : base(status, name, message) { }
    }

    /// <summary>The native library is not there, does not load, or is another version than this package needs.</summary>
    public sealed class LibraryException : EcrhubException
    {
        internal LibraryException(string message, Exception inner = null)
            : base(Contract.ECRHUB_ERR_UNSUPPORTED, "ECRHUB_ERR_UNSUPPORTED", message, inner) { }
    }

    /// <summary>The terminal was disposed, before the call or while it waited.</summary>
    /// <remarks>When <see cref="RequestId"/> is not null, the request had been sent. An order lives on then: the customer
    /// may pay it. With a journal, the next <see cref="Terminal.Connect(TerminalOptions)"/> finds out what became of it.
    /// </remarks>
    public sealed class TerminalDisposedException : ObjectDisposedException
    {
        internal TerminalDisposedException(string requestId, string message) : base(nameof(Terminal), message)
        {
            RequestId = requestId;
        }

        /// <summary>The request that had been sent; null when nothing was.</summary>
        public string RequestId { get; }
    }

    /// <summary>What the library has to tell could not be fetched: there is no memory for it, or there is a bug. The wait ends
    /// with this, the request does not: it lives on.</summary>
    /// <remarks>No <see cref="EcrhubException"/>, because the request was sent: an order may be paid, or have been. Fetching is
    /// tried again and again, and once it succeeds the completion comes as an event, with the same request id.</remarks>
    public sealed class WaitFailedException : Exception
    {
        internal WaitFailedException(string requestId, Exception why)
            : base((requestId == null ? "the wait for an event failed" : "the wait failed, but the request \"" + requestId
                + "\" is still in flight: an order may be paid yet. Its completion comes as an event") + ": " + why.Message, why)
        {
            RequestId = requestId;
        }

        /// <summary>The request that lives on; null for a wait for the next event.</summary>
        public string RequestId { get; }
    }

    /// <summary>The wait for an answer was cancelled, not the request: it lives on.</summary>
    /// <remarks>An order may still be paid. Its completion comes as an event, with the same request id. To give an order up
    /// at the terminal, send a <see cref="Ecrhub.Close"/>.</remarks>
    public sealed class WaitCanceledException : OperationCanceledException
    {
        internal WaitCanceledException(string requestId, System.Threading.CancellationToken token)
            : base(Words("cancelled", requestId), token)
        {
            RequestId = requestId;
        }

        internal static string Words(string how, string requestId)
        {
            return "the wait was " + how + ", but the request \"" + requestId
                + "\" is still in flight: an order may be paid yet. Its completion comes as an event.";
        }

        /// <summary>The request that lives on.</summary>
        public string RequestId { get; }
    }
}
