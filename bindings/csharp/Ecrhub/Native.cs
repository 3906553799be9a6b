using System;
using System.Runtime.InteropServices;

namespace Ecrhub
{
    /// <summary>The functions of ecrhub.h, as they stand there. <see cref="Calls"/> makes sure that the library is there
    /// before the first of them is called.</summary>
    /// <remarks>Texts are UTF-8 with their NUL in byte arrays, which are not copied; handles are numbers of 64 bits, not
    /// pointers; size_t is <see cref="UIntPtr"/>.</remarks>
    internal static class Native
    {
        /// <summary>The name the runtime looks for: libecrhub.so, ecrhub.dll.</summary>
        public const string Name = "ecrhub";

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        public delegate void ecrhub_log_fn(int level, IntPtr message, IntPtr user_data);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern uint ecrhub_abi_version();

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern IntPtr ecrhub_version();

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern IntPtr ecrhub_status_name(int status);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_last_error(byte[] buffer, UIntPtr capacity, out UIntPtr out_length);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_connect(byte[] config_json, out ulong out_handle);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_disconnect(ulong handle);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_shutdown();

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_send(ulong handle, byte[] request_json, int timeout_ms, byte[] request_id, UIntPtr capacity, out UIntPtr out_length);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_poll(ulong handle, int timeout_ms, byte[] event_json, UIntPtr capacity, out UIntPtr out_length);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_call(ulong handle, byte[] request_json, int timeout_ms, byte[] event_json, UIntPtr capacity, out UIntPtr out_length);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_start(ulong handle, byte[] request_json, int timeout_ms, byte[] request_id, UIntPtr capacity, out UIntPtr out_length);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_wait(ulong handle, byte[] request_id, int timeout_ms, byte[] event_json, UIntPtr capacity, out UIntPtr out_length);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_wake(ulong handle);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_wait_fd(ulong handle, out int out_fd);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_wait_handle(ulong handle, out IntPtr out_handle);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_state(ulong handle, byte[] state_json, UIntPtr capacity, out UIntPtr out_length);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_pending(ulong handle, byte[] requests_json, UIntPtr capacity, out UIntPtr out_length);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_acknowledge(ulong handle, byte[] request_id, byte[] outcome);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_resolve(ulong handle, byte[] request_id, byte[] outcome, byte[] note);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_json_get(byte[] json, byte[] path, byte[] buffer, UIntPtr capacity, out UIntPtr out_length);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_json_set(byte[] json, byte[] path, byte[] value, byte[] buffer, UIntPtr capacity, out UIntPtr out_length);

        [DllImport(Name, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
        public static extern int ecrhub_set_log(ecrhub_log_fn callback, IntPtr user_data, int max_level);
    }
}
