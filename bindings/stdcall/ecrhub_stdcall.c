/* ecrhub_stdcall.dll: the functions of ecrhub.h for languages that can only call stdcall.
 *
 * A DLL of its own, made of the static library and this table; each function is exported under the name it has in
 * ecrhub.h, undecorated. The names here are others only because C cannot have two functions of one name. */
#include <ecrhub.h>

#include <windows.h>

#define FORWARD(result, name, parameters, arguments)                                                                   \
    result __stdcall stdcall_##name parameters;                                                                        \
    result __stdcall stdcall_##name parameters                                                                         \
    {                                                                                                                  \
        return ecrhub_##name arguments;                                                                                \
    }

FORWARD(uint32_t, abi_version, (void), ())
FORWARD(const char *, version, (void), ())
FORWARD(const char *, status_name, (int32_t status), (status))
FORWARD(int32_t, last_error, (char *buffer, size_t capacity, size_t *out_length), (buffer, capacity, out_length))
FORWARD(int32_t, connect, (const char *config_json, ecrhub_handle *out_handle), (config_json, out_handle))
FORWARD(int32_t, disconnect, (ecrhub_handle handle), (handle))
FORWARD(int32_t, shutdown, (void), ())
FORWARD(int32_t, send,
        (ecrhub_handle handle, const char *request_json, int32_t timeout_ms, char *request_id, size_t capacity,
         size_t *out_length),
        (handle, request_json, timeout_ms, request_id, capacity, out_length))
FORWARD(int32_t, poll,
        (ecrhub_handle handle, int32_t timeout_ms, char *event_json, size_t capacity, size_t *out_length),
        (handle, timeout_ms, event_json, capacity, out_length))
FORWARD(int32_t, call,
        (ecrhub_handle handle, const char *request_json, int32_t timeout_ms, char *event_json, size_t capacity,
         size_t *out_length),
        (handle, request_json, timeout_ms, event_json, capacity, out_length))
FORWARD(int32_t, start,
        (ecrhub_handle handle, const char *request_json, int32_t timeout_ms, char *request_id, size_t capacity,
         size_t *out_length),
        (handle, request_json, timeout_ms, request_id, capacity, out_length))
FORWARD(int32_t, wait,
        (ecrhub_handle handle, const char *request_id, int32_t timeout_ms, char *event_json, size_t capacity,
         size_t *out_length),
        (handle, request_id, timeout_ms, event_json, capacity, out_length))
FORWARD(int32_t, wake, (ecrhub_handle handle), (handle))
FORWARD(int32_t, wait_fd, (ecrhub_handle handle, int32_t *out_fd), (handle, out_fd))
FORWARD(int32_t, wait_handle, (ecrhub_handle handle, void **out_handle), (handle, out_handle))
FORWARD(int32_t, state, (ecrhub_handle handle, char *state_json, size_t capacity, size_t *out_length),
        (handle, state_json, capacity, out_length))
FORWARD(int32_t, pending, (ecrhub_handle handle, char *requests_json, size_t capacity, size_t *out_length),
        (handle, requests_json, capacity, out_length))
FORWARD(int32_t, acknowledge, (ecrhub_handle handle, const char *request_id, const char *outcome),
        (handle, request_id, outcome))
FORWARD(int32_t, resolve,
        (ecrhub_handle handle, const char *request_id, const char *outcome, const char *note),
        (handle, request_id, outcome, note))
FORWARD(int32_t, json_get,
        (const char *json, const char *path, char *buffer, size_t capacity, size_t *out_length),
        (json, path, buffer, capacity, out_length))
FORWARD(int32_t, json_set,
        (const char *json, const char *path, const char *value, char *buffer, size_t capacity, size_t *out_length),
        (json, path, value, buffer, capacity, out_length))

/* The callback is stdcall too, and what the library calls is not: it gets at the one through the other's user_data. */
typedef void(__stdcall *stdcall_log_fn)(int32_t level, const char *message, void *user_data);

struct target {
    stdcall_log_fn callback;
    void *user_data;
};

/* Set in a thread while it is inside the callback. Not __thread: in MinGW that leaves a semaphore behind when the DLL is
 * unloaded. */
static DWORD inside_callback = TLS_OUT_OF_INDEXES;

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    (void)instance, (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        inside_callback = TlsAlloc();
    if (reason == DLL_PROCESS_DETACH)
        TlsFree(inside_callback);
    return inside_callback != TLS_OUT_OF_INDEXES;
}

static void forward(int32_t level, const char *message, void *user_data)
{
    struct target *target = user_data;
    TlsSetValue(inside_callback, target);
    target->callback(level, message, target->user_data);
    TlsSetValue(inside_callback, NULL);
}

int32_t __stdcall stdcall_set_log(stdcall_log_fn callback, void *user_data, int32_t max_level);

/* Once ecrhub_set_log has succeeded, the target before is used no more, so two are enough. */
int32_t __stdcall stdcall_set_log(stdcall_log_fn callback, void *user_data, int32_t max_level)
{
    static SRWLOCK lock = SRWLOCK_INIT;
    static struct target targets[2];
    static int unused;
    int32_t status;
    /* It is refused there, and must not wait for this lock, whose owner waits for the callback. */
    if (TlsGetValue(inside_callback))
        return ecrhub_set_log(NULL, NULL, max_level);
    AcquireSRWLockExclusive(&lock);
    targets[unused].callback = callback;
    targets[unused].user_data = user_data;
    status = ecrhub_set_log(callback ? forward : NULL, &targets[unused], max_level);
    if (status == ECRHUB_OK)
        unused = !unused;
    ReleaseSRWLockExclusive(&lock);
    return status;
}
