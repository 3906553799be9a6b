/* The library, but that ecrhub_poll refuses to hand out events, which only a bug or a lack of memory makes the real one do.
 *
 * ECRHUB_REAL names the real library; ECRHUB_REFUSALS says how often an event is refused before it is handed out, and
 * ECRHUB_HUGE how often it is called larger than any buffer can be. What the test program does not call is left out. */
#include <dlfcn.h>
#include <stdlib.h>
#include "../../../include/ecrhub.h"

static void *real(const char *name) {
    static void *library;
    if (!library) library = dlopen(getenv("ECRHUB_REAL"), RTLD_NOW);
    return dlsym(library, name);
}

/* Only one thread fetches. */
static int next_of(const char *variable, int *left) {
    if (*left < 0) *left = getenv(variable) ? atoi(getenv(variable)) : 0;
    return *left > 0 ? (*left)-- : 0;
}

#define PASS(result, name, parameters, arguments) \
    result name parameters { return ((result(*) parameters)real(#name)) arguments; }

PASS(uint32_t, ecrhub_abi_version, (void), ())
PASS(const char *, ecrhub_status_name, (int32_t status), (status))
PASS(int32_t, ecrhub_connect, (const char *config, ecrhub_handle *out), (config, out))
PASS(int32_t, ecrhub_disconnect, (ecrhub_handle handle), (handle))
PASS(int32_t, ecrhub_last_error, (char *buffer, size_t capacity, size_t *length), (buffer, capacity, length))
PASS(int32_t, ecrhub_send,
     (ecrhub_handle handle, const char *request, int32_t timeout, char *id, size_t capacity, size_t *length),
     (handle, request, timeout, id, capacity, length))

int32_t ecrhub_poll(ecrhub_handle handle, int32_t timeout, char *event, size_t capacity, size_t *length) {
    static int refusals = -1, huge = -1;
    int32_t (*poll)(ecrhub_handle, int32_t, char *, size_t, size_t *) = real("ecrhub_poll");
    if (capacity > 0 && next_of("ECRHUB_REFUSALS", &refusals)) return ECRHUB_ERR_INTERNAL;
    if (capacity > 0 && next_of("ECRHUB_HUGE", &huge)) {
        *length = (size_t)-1 / 2;
        return ECRHUB_ERR_BUFFER_TOO_SMALL;
    }
    return poll(handle, timeout, event, capacity, length);
}
