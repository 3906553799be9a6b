using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace Ecrhub
{
    /// <summary>The native functions as C# likes them: texts instead of buffers, exceptions instead of negative statuses.
    /// </summary>
    /// <remarks>Who calls the first of them, one of those that are not inlined, calls <see cref="Loader.Ensure"/> before: Mono
    /// looks for the library when it compiles the method that calls it, not when the call is made.</remarks>
    internal static class Calls
    {
        /// <summary>An id has at most 64 characters.</summary>
        private const int RequestIdCapacity = 65;

        private static readonly Encoding Utf8 = new UTF8Encoding(false, true);

        /// <summary>Set while this thread may ask how long a text is: the library logs its "too small" as a refusal, which is
        /// none.</summary>
        [ThreadStatic]
        private static bool isAsking;

        private delegate int Fetch(byte[] buffer, UIntPtr capacity, out UIntPtr length);

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static string Version()
        {
            return Static(Native.ecrhub_version());
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static void Shutdown()
        {
            Check(Native.ecrhub_shutdown());
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static ulong Connect(string config)
        {
            Check(Native.ecrhub_connect(Bytes(config, "the configuration"), out ulong handle));
            return handle;
        }

        /// <summary>Ends a handle, if it still is one: a finalizer may come too late, and may not throw.</summary>
        public static void Disconnect(ulong handle)
        {
            if (Native.ecrhub_disconnect(handle) == Contract.ECRHUB_ERR_UNSUPPORTED)
            {
                // From inside a receiver of the log nothing may be called, but the terminal counts as disposed already.
                ThreadPool.UnsafeQueueUserWorkItem(_ => Native.ecrhub_disconnect(handle), null);
            }
        }

        public static string Send(ulong handle, string request, int timeoutMs)
        {
            byte[] json = Bytes(request, "the request");
            var id = new byte[RequestIdCapacity];
            Check(Native.ecrhub_send(handle, json, timeoutMs, id, (UIntPtr)id.Length, out UIntPtr length));
            return Text(new ArraySegment<byte>(id, 0, (int)length));
        }

        /// <summary>Whether a line of the log is but the answer to a question of this thread's. Only the words tell: who waits
        /// reads for all, so that whatever happens to the terminal may be said on his thread.</summary>
        public static bool IsNoise(LogLevel level, string line)
        {
            return isAsking && level == LogLevel.Debug && line.StartsWith("refused: ", StringComparison.Ordinal)
                && line.EndsWith("(ECRHUB_ERR_BUFFER_TOO_SMALL)", StringComparison.Ordinal);
        }

        /// <summary>Waits until there may be an event, and leaves it where it is. false: the handle has ended.</summary>
        public static bool WaitForEvent(ulong handle)
        {
            int status = Asking((byte[] buffer, UIntPtr capacity, out UIntPtr length) =>
                Native.ecrhub_poll(handle, -1, buffer, capacity, out length), null, out UIntPtr _);
            if (status == Contract.ECRHUB_ERR_HANDLE)
            {
                return false;
            }
            if (status != Contract.ECRHUB_ERR_BUFFER_TOO_SMALL)
            {
                Check(status);
            }
            return true;
        }

        /// <summary>The event that is there, for <see cref="Text"/>; empty when there is none, or the handle has ended.</summary>
        public static ArraySegment<byte> TryPoll(ulong handle)
        {
            return Grow((byte[] buffer, UIntPtr capacity, out UIntPtr length) =>
            {
                int status = Native.ecrhub_poll(handle, 0, buffer, capacity, out length);
                return status == Contract.ECRHUB_ERR_HANDLE ? Contract.ECRHUB_TIMEOUT : status;
            });
        }

        public static string State(ulong handle)
        {
            return Text(Grow((byte[] buffer, UIntPtr capacity, out UIntPtr length) =>
                Native.ecrhub_state(handle, buffer, capacity, out length)));
        }

        public static string Pending(ulong handle)
        {
            return Text(Grow((byte[] buffer, UIntPtr capacity, out UIntPtr length) =>
                Native.ecrhub_pending(handle, buffer, capacity, out length)));
        }

        /// <summary>Sends a request that is waited for with <see cref="Wait"/>.</summary>
        public static string Start(ulong handle, string request, int timeoutMs)
        {
            byte[] json = Bytes(request, "the request");
            return Text(Grow((byte[] buffer, UIntPtr capacity, out UIntPtr length) =>
                Native.ecrhub_start(handle, json, timeoutMs, buffer, capacity, out length)));
        }

        /// <summary>The completion of a request that was started; null while it is in flight.</summary>
        public static string Wait(ulong handle, string requestId, int timeoutMs)
        {
            byte[] id = Bytes(requestId, "the request id");
            ArraySegment<byte> found = Grow((byte[] buffer, UIntPtr capacity, out UIntPtr length) =>
                Native.ecrhub_wait(handle, id, timeoutMs, buffer, capacity, out length));
            return found.Array == null ? null : Text(found);
        }

        /// <summary>One value of a JSON text; null when there is none.</summary>
        public static string JsonGet(string json, string path)
        {
            byte[] text = Bytes(json, "the JSON"), where = Bytes(path, "the path");
            ArraySegment<byte> found = Grow((byte[] buffer, UIntPtr capacity, out UIntPtr length) =>
                Native.ecrhub_json_get(text, where, buffer, capacity, out length));
            return found.Array == null ? null : Text(found);
        }

        /// <summary>The JSON text, or an empty object for null, with a text set, or removed for null.</summary>
        public static string JsonSet(string json, string path, string value)
        {
            byte[] text = json == null ? null : Bytes(json, "the JSON"), where = Bytes(path, "the path");
            byte[] said = value == null ? null : Bytes(value, "the value");
            return Text(Grow((byte[] buffer, UIntPtr capacity, out UIntPtr length) =>
                Native.ecrhub_json_set(text, where, said, buffer, capacity, out length)));
        }

        /// <summary>false: the outcome was corrected meanwhile, and nothing was changed.</summary>
        public static bool Acknowledge(ulong handle, string requestId, string outcome)
        {
            int status = Native.ecrhub_acknowledge(handle, Bytes(requestId, "the request id"), Bytes(outcome, "the outcome"));
            return Check(status) == Contract.ECRHUB_OK;
        }

        public static void Resolve(ulong handle, string requestId, string outcome, string note)
        {
            Check(Native.ecrhub_resolve(handle, Bytes(requestId, "the request id"), Bytes(outcome, "the outcome"),
                note == null ? null : Bytes(note, "the note")));
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static void SetLog(Native.ecrhub_log_fn callback, int level)
        {
            Check(Native.ecrhub_set_log(callback, IntPtr.Zero, level));
        }

        /// <summary>Static text of the library, or a message that lives until the log callback returns.</summary>
        public static string Static(IntPtr text)
        {
            int length = 0;
            while (Marshal.ReadByte(text, length) != 0)
            {
                length++;
            }
            var bytes = new byte[length];
            Marshal.Copy(text, bytes, 0, length);
            return Utf8.GetString(bytes);
        }

        /// <summary>The status, unless it is a refusal.</summary>
        private static int Check(int status)
        {
            if (status < 0)
            {
                // Asked first: it is this thread's last error, and nothing may come in between.
                string message = LastError();
                throw EcrhubException.Of(status, Static(Native.ecrhub_status_name(status)), message);
            }
            return status;
        }

        private static string LastError()
        {
            // Longer than any message.
            var buffer = new byte[1024];
            int status = Native.ecrhub_last_error(buffer, (UIntPtr)buffer.Length, out UIntPtr length);
            return status == Contract.ECRHUB_OK ? Text(new ArraySegment<byte>(buffer, 0, (int)length)) : "";
        }

        /// <summary>Calls with ever larger buffers until the text fits. Empty when there is nothing to give.</summary>
        private static ArraySegment<byte> Grow(Fetch fetch)
        {
            var buffer = new byte[4096];
            for (;;)
            {
                int status = Asking(fetch, buffer, out UIntPtr length);
                if (status != Contract.ECRHUB_ERR_BUFFER_TOO_SMALL)
                {
                    return Check(status) == Contract.ECRHUB_OK ? new ArraySegment<byte>(buffer, 0, (int)length) : default(ArraySegment<byte>);
                }
                buffer = new byte[checked((int)length + 1)];
            }
        }

        private static int Asking(Fetch fetch, byte[] buffer, out UIntPtr length)
        {
            isAsking = true;
            try
            {
                return fetch(buffer, (UIntPtr)(buffer?.Length ?? 0), out length);
            }
            finally
            {
                isAsking = false;
            }
        }

        /// <summary>A text that the library gave.</summary>
        public static string Text(ArraySegment<byte> bytes) => Utf8.GetString(bytes.Array, bytes.Offset, bytes.Count);

        /// <summary>A text as C takes it. What lies behind a NUL would be lost on the way, so there may be none.</summary>
        private static byte[] Bytes(string text, string what)
        {
            if (text == null)
            {
                throw new ArgumentNullException(null, what + " is null");
            }
            if (text.IndexOf('\0') >= 0)
            {
                throw new ArgumentException(what + " has a NUL in it, where a C library would stop reading");
            }
            try
            {
                return Utf8.GetBytes(text + "\0");
            }
            catch (EncoderFallbackException error)
            {
                throw new ArgumentException(what + " is no Unicode: it has half a surrogate pair at character "
                    + error.Index, error);
            }
        }
    }
}
