/* Every wait ends: by an event, its time, a wake-up, or the end of the handle. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

#ifdef _WIN32
#include <windows.h>
/* Behind the other. */
#include <tlhelp32.h>
#endif

static int32_t poll_for(ecrhub_handle handle, int32_t timeout)
{
    char event[4096];
    return ecrhub_poll(handle, timeout, event, sizeof event, NULL);
}

/* A handle without an event, and with none to come for a minute. */
static ecrhub_handle quiet(void)
{
    ecrhub_handle handle = connect_to(NOBODY);
    event_with(handle, "\"event\":\"disconnected\"");
    return handle;
}

struct waiter {
    pthread_t thread;
    ecrhub_handle handle;
    atomic_int begun;
    int32_t status;
};

static void *wait_in_poll(void *argument)
{
    struct waiter *waiter = argument;
    atomic_store(&waiter->begun, 1);
    waiter->status = poll_for(waiter->handle, -1);
    return NULL;
}

static void *wait_in_call(void *argument)
{
    struct waiter *waiter = argument;
    char event[4096];
    atomic_store(&waiter->begun, 1);
    waiter->status = ecrhub_call(waiter->handle, sale(new_number(), "1.00"), 0, event, sizeof event, NULL);
    return NULL;
}

static void begin(struct waiter *waiter, ecrhub_handle handle, void *(*wait)(void *))
{
    waiter->handle = handle;
    atomic_init(&waiter->begun, 0);
    CHECK(pthread_create(&waiter->thread, NULL, wait, waiter) == 0);
    while (!atomic_load(&waiter->begun))
        sleep_ms(1);
    sleep_ms(200); /* and now it is blocked */
}

static int32_t end(struct waiter *waiter)
{
    CHECK(pthread_join(waiter->thread, NULL) == 0);
    return waiter->status;
}

static void zero_never_waits_and_a_time_is_waited_for(void)
{
    ecrhub_handle handle = quiet();
    long long start = now_ms();
    STATUS(ECRHUB_TIMEOUT, poll_for(handle, 300));
    CHECK(now_ms() - start >= 299);
    start = now_ms();
    STATUS(ECRHUB_TIMEOUT, poll_for(handle, 0));
    CHECK(now_ms() - start < 250);
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

static void a_wake_up_ends_every_wait(void)
{
    ecrhub_handle handle = quiet();
    struct waiter polls[2], call;
    begin(&polls[0], handle, wait_in_poll);
    begin(&polls[1], handle, wait_in_poll);
    begin(&call, handle, wait_in_call);
    STATUS(ECRHUB_OK, ecrhub_wake(handle));
    STATUS(ECRHUB_INTERRUPTED, end(&polls[0]));
    STATUS(ECRHUB_INTERRUPTED, end(&polls[1]));
    STATUS(ECRHUB_INTERRUPTED, end(&call));
    STATUS(ECRHUB_TIMEOUT, poll_for(handle, 0));
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

static void a_wake_up_nobody_waits_for_is_kept_for_the_next(void)
{
    ecrhub_handle handle = quiet();
    STATUS(ECRHUB_OK, ecrhub_wake(handle));
    STATUS(ECRHUB_OK, ecrhub_wake(handle));
    STATUS(ECRHUB_INTERRUPTED, poll_for(handle, -1));
    STATUS(ECRHUB_TIMEOUT, poll_for(handle, 0));
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

static void an_interrupted_call_lives_on(void)
{
    ecrhub_handle handle =
        connect_to("{\"url\":\"ws://127.0.0.1:1\",\"send_timeout_ms\":1500,\"reconnect_min_ms\":15000}");
    struct waiter call;
    begin(&call, handle, wait_in_call);
    STATUS(ECRHUB_OK, ecrhub_wake(handle));
    STATUS(ECRHUB_INTERRUPTED, end(&call));
    CONTAINS(event_with(handle, "\"event\":\"completed\""), "not_sent");
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

static void disconnecting_ends_every_wait_and_the_handle(void)
{
    ecrhub_handle handle = quiet();
    struct waiter poll, call;
    begin(&poll, handle, wait_in_poll);
    begin(&call, handle, wait_in_call);
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
    STATUS(ECRHUB_INTERRUPTED, end(&poll));
    STATUS(ECRHUB_INTERRUPTED, end(&call));
    STATUS(ECRHUB_ERR_HANDLE, poll_for(handle, -1));
    REFUSED(ECRHUB_ERR_HANDLE, "ended", ecrhub_wake(handle));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_disconnect(handle));
}

static void a_shutdown_ends_every_wait_and_every_handle(void)
{
    ecrhub_handle handle = quiet(), other = quiet();
    struct waiter poll, call;
    begin(&poll, handle, wait_in_poll);
    begin(&call, other, wait_in_call);
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    STATUS(ECRHUB_INTERRUPTED, end(&poll));
    STATUS(ECRHUB_INTERRUPTED, end(&call));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_wake(handle));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_wake(other));
}

#ifdef _WIN32
static int threads(void)
{
    THREADENTRY32 thread = {sizeof thread, 0, 0, 0, 0, 0, 0};
    HANDLE listed = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    int count = 0;
    BOOL more;
    CHECK(listed != INVALID_HANDLE_VALUE);
    for (more = Thread32First(listed, &thread); more; more = Thread32Next(listed, &thread))
        count += thread.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(listed);
    return count;
}
#else
static int threads(void)
{
    int count = 0;
    FILE *listed = popen("ls /proc/$PPID/task | wc -l", "r");
    CHECK(listed && fscanf(listed, "%d", &count) == 1);
    pclose(listed);
    return count;
}
#endif

/* The thread sanitizer has a thread of its own. */
#ifdef __SANITIZE_THREAD__
#define ALONE 2
#else
#define ALONE 1
#endif

static void after_a_shutdown_everything_may_begin_anew(void)
{
    ecrhub_handle before = quiet(), after;
    CHECK(threads() > ALONE);
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    CHECK(threads() == ALONE);
    after = quiet();
    CHECK(after != before);
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_wake(before));
    STATUS(ECRHUB_OK, ecrhub_wake(after));
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    CHECK(threads() == ALONE);
}

int main(void)
{
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    zero_never_waits_and_a_time_is_waited_for();
    a_wake_up_ends_every_wait();
    a_wake_up_nobody_waits_for_is_kept_for_the_next();
    an_interrupted_call_lives_on();
    disconnecting_ends_every_wait_and_the_handle();
    a_shutdown_ends_every_wait_and_every_handle();
    after_a_shutdown_everything_may_begin_anew();
    return 0;
}
