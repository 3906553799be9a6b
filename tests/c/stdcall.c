/* ecrhub_stdcall.dll as Delphi or Visual Basic calls it: prototypes of its own, linked by its import library. A sale, and
 * every function once, with the stack where it was before: the callee has taken its arguments away. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <windows.h>

typedef uint64_t handle_id;
typedef void(__stdcall *log_t)(int32_t level, const char *message, void *user_data);

#define IMPORT(result) __declspec(dllimport) result __stdcall

IMPORT(uint32_t) ecrhub_abi_version(void);
IMPORT(const char *) ecrhub_version(void);
IMPORT(const char *) ecrhub_status_name(int32_t);
IMPORT(int32_t) ecrhub_last_error(char *, size_t, size_t *);
IMPORT(int32_t) ecrhub_connect(const char *, handle_id *);
IMPORT(int32_t) ecrhub_disconnect(handle_id);
IMPORT(int32_t) ecrhub_shutdown(void);
IMPORT(int32_t) ecrhub_send(handle_id, const char *, int32_t, char *, size_t, size_t *);
IMPORT(int32_t) ecrhub_poll(handle_id, int32_t, char *, size_t, size_t *);
IMPORT(int32_t) ecrhub_call(handle_id, const char *, int32_t, char *, size_t, size_t *);
IMPORT(int32_t) ecrhub_start(handle_id, const char *, int32_t, char *, size_t, size_t *);
IMPORT(int32_t) ecrhub_wait(handle_id, const char *, int32_t, char *, size_t, size_t *);
IMPORT(int32_t) ecrhub_json_get(const char *, const char *, char *, size_t, size_t *);
IMPORT(int32_t) ecrhub_json_set(const char *, const char *, const char *, char *, size_t, size_t *);
IMPORT(int32_t) ecrhub_wake(handle_id);
IMPORT(int32_t) ecrhub_wait_fd(handle_id, int32_t *);
IMPORT(int32_t) ecrhub_wait_handle(handle_id, void **);
IMPORT(int32_t) ecrhub_state(handle_id, char *, size_t, size_t *);
IMPORT(int32_t) ecrhub_pending(handle_id, char *, size_t, size_t *);
IMPORT(int32_t) ecrhub_acknowledge(handle_id, const char *, const char *);
IMPORT(int32_t) ecrhub_resolve(handle_id, const char *, const char *, const char *);
IMPORT(int32_t) ecrhub_set_log(log_t, void *, int32_t);

enum { OK = 0, TIMEOUT = 1, INTERRUPTED = 2, OUTDATED = 3, NOTHING = 4, ARGUMENT = -1, TOO_SMALL = -7, UNSUPPORTED = -11 };

static void fail(int line, const char *what)
{
    char why[1024] = "";
    ecrhub_last_error(why, sizeof why, NULL);
    fprintf(stderr, "stdcall.c:%d: %s\n    ecrhub_last_error: %s\n", line, what, why);
    exit(1);
}

#define CHECK(condition) ((condition) ? (void)0 : fail(__LINE__, #condition))

static uintptr_t stack_before, stack_after;

/* The call returns this, and takes exactly its arguments from the stack. */
#define RETURNS(expected, call)                                                                                        \
    do {                                                                                                               \
        int32_t got;                                                                                                   \
        __asm__ volatile("movl %%esp, %0" : "=m"(stack_before) : : "memory");                                          \
        got = (int32_t)(call);                                                                                         \
        __asm__ volatile("movl %%esp, %0" : "=m"(stack_after) : : "memory");                                           \
        if (stack_before != stack_after)                                                                               \
            fail(__LINE__, #call " moves the stack");                                                                  \
        if (got != (expected))                                                                                         \
            fail(__LINE__, #call " does not return " #expected);                                                       \
    } while (0)

static char event[16384], id[65];

/* Polls until an event with this part in it comes. */
static void wait_for(handle_id handle, const char *part)
{
    do
        RETURNS(OK, ecrhub_poll(handle, 30000, event, sizeof event, NULL));
    while (!strstr(event, part));
}

static const char *sale(const char *amount)
{
    static char json[512];
    static int count;
    snprintf(json, sizeof json,
             "{\"topic\":\"ecrhub.pay.order\",\"app_id\":\"test\",\"biz_data\":{\"trans_type\":\"1\","
             "\"merchant_order_no\":\"S%lldxP%luN%d\",\"order_amount\":\"%s\"}}",
             (long long)time(NULL), GetCurrentProcessId(), ++count, amount);
    return json;
}

struct seen {
    int calls;
    int32_t inside;
};

static void __stdcall remember(int32_t level, const char *message, void *user_data)
{
    struct seen *seen = user_data;
    CHECK(level >= 1 && level <= 5 && message[0]);
    seen->calls++;
    seen->inside = ecrhub_set_log(NULL, NULL, 0);
}

static void the_log_callback_is_stdcall_too(void)
{
    struct seen one = {0, 0}, other = {0, 0};
    RETURNS(OK, ecrhub_set_log(remember, &one, 4));
    RETURNS(-2, ecrhub_wake(0));
    CHECK(one.calls == 1 && one.inside == UNSUPPORTED);
    RETURNS(OK, ecrhub_set_log(remember, &other, 4));
    RETURNS(-2, ecrhub_wake(0));
    CHECK(one.calls == 1 && other.calls == 1);
    RETURNS(ARGUMENT, ecrhub_set_log(remember, &one, 9)); /* is told to the one that stays */
    CHECK(one.calls == 1 && other.calls == 2);
    RETURNS(OK, ecrhub_set_log(NULL, NULL, 0));
    RETURNS(-2, ecrhub_wake(0));
    CHECK(one.calls == 1 && other.calls == 2);
}

static void sell(handle_id handle)
{
    size_t length = 0;
    RETURNS(OK, ecrhub_call(handle, sale("10.00"), 0, event, sizeof event, &length));
    CHECK(strlen(event) == length && strstr(event, "\"outcome\":\"approved\""));
    RETURNS(OK, ecrhub_call(handle, sale("10.01"), 0, event, sizeof event, NULL));
    CHECK(strstr(event, "\"outcome\":\"declined\""));
    RETURNS(OK, ecrhub_send(handle, sale("10.00"), 0, id, sizeof id, &length));
    CHECK(strlen(id) == length);
    wait_for(handle, "\"event\":\"completed\"");
    CHECK(strstr(event, id) && strstr(event, "\"outcome\":\"approved\""));
    RETURNS(OUTDATED, ecrhub_acknowledge(handle, id, "declined"));
    RETURNS(OK, ecrhub_acknowledge(handle, id, "approved"));
    printf("%s\n", event);
}

static void start_and_wait(handle_id handle)
{
    char request[512], outcome[32];
    snprintf(request, sizeof request, "%s", sale("10.01"));
    RETURNS(OK, ecrhub_json_set(request, "biz_data.order_amount", "10.00", request, sizeof request, NULL));
    RETURNS(OK, ecrhub_start(handle, request, 0, id, sizeof id, NULL));
    RETURNS(OK, ecrhub_wait(handle, id, 30000, event, sizeof event, NULL));
    RETURNS(OK, ecrhub_json_get(event, "outcome", outcome, sizeof outcome, NULL));
    CHECK(strcmp(outcome, "approved") == 0);
    RETURNS(NOTHING, ecrhub_json_get(event, "error", outcome, sizeof outcome, NULL));
    RETURNS(OK, ecrhub_acknowledge(handle, id, outcome));
    RETURNS(ARGUMENT, ecrhub_wait(handle, id, 0, event, sizeof event, NULL));
}

int main(int argc, char **argv)
{
    handle_id handle = 0;
    void *object = NULL;
    int32_t fd = 4711;
    CHECK(argc > 1);
    RETURNS(1, ecrhub_abi_version());
    CHECK(strchr(ecrhub_version(), '.') && strcmp(ecrhub_status_name(0), "ECRHUB_OK") == 0);
    the_log_callback_is_stdcall_too();
    RETURNS(OK, ecrhub_connect(argv[1], &handle));
    RETURNS(OK, ecrhub_wait_handle(handle, &object));
    CHECK(WaitForSingleObject(object, 30000) == WAIT_OBJECT_0);
    RETURNS(UNSUPPORTED, ecrhub_wait_fd(handle, &fd));
    wait_for(handle, "\"event\":\"connected\"");
    RETURNS(TIMEOUT, ecrhub_poll(handle, 0, event, sizeof event, NULL));
    RETURNS(OK, ecrhub_wake(handle));
    RETURNS(INTERRUPTED, ecrhub_poll(handle, -1, event, sizeof event, NULL));
    sell(handle);
    start_and_wait(handle);
    RETURNS(TOO_SMALL, ecrhub_state(handle, NULL, 0, NULL));
    RETURNS(OK, ecrhub_pending(handle, event, sizeof event, NULL));
    RETURNS(ARGUMENT, ecrhub_resolve(handle, "no such id", "declined", NULL));
    RETURNS(OK, ecrhub_last_error(event, sizeof event, NULL));
    CHECK(strstr(event, "no such id"));
    RETURNS(OK, ecrhub_disconnect(handle));
    RETURNS(OK, ecrhub_shutdown());
    return 0;
}
