/* A test framework in one page: a check that fails says where and ends the program with 1. */
#ifndef CHECK_H
#define CHECK_H

#include <ecrhub.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Longer than anything takes that works, also under valgrind. */
#define SOON 30000

static inline void check_failed(const char *file, int line, const char *what)
{
    char why[1024] = "";
    ecrhub_last_error(why, sizeof why, NULL);
    fprintf(stderr, "%s:%d: %s\n    ecrhub_last_error: %s\n", file, line, what, why);
    exit(1);
}

#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

static inline void check_status(const char *file, int line, const char *call, int32_t expected, int32_t got)
{
    char what[512];
    if (expected == got)
        return;
    snprintf(what, sizeof what, "%s is %s instead of %s", call, ecrhub_status_name(got), ecrhub_status_name(expected));
    check_failed(file, line, what);
}

/* The call returns exactly this status. */
#define STATUS(expected, call) check_status(__FILE__, __LINE__, #call, (expected), (call))

static inline void check_refused(const char *file, int line, const char *call, int32_t expected, int32_t got,
                                 const char *words)
{
    char why[1024] = "", what[1600];
    check_status(file, line, call, expected, got);
    ecrhub_last_error(why, sizeof why, NULL);
    if (strstr(why, words))
        return;
    snprintf(what, sizeof what, "%s does not say \"%s\"", call, words);
    check_failed(file, line, what);
}

/* The call returns this status, and ecrhub_last_error says these words among others. */
#define REFUSED(expected, words, call) check_refused(__FILE__, __LINE__, #call, (expected), (call), (words))

static inline void check_contains(const char *file, int line, const char *text, const char *part)
{
    char what[4096];
    if (strstr(text, part))
        return;
    snprintf(what, sizeof what, "%s is not in %.3000s", part, text);
    check_failed(file, line, what);
}

/* The text contains this part. */
#define CONTAINS(text, part) check_contains(__FILE__, __LINE__, (text), (part))

static inline void sleep_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static inline long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* A number no order had before: the time, the process, and a count. */
static inline const char *new_number(void)
{
    static __thread char number[33];
    static int count;
    snprintf(number, sizeof number, "T%llxP%xN%d", (unsigned long long)time(NULL), (unsigned)getpid(),
             __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED));
    return number;
}

/* A sale. The simulator does what the amount's cents say: .00 is approved, .01 declined, .10 takes a while. */
static inline const char *sale(const char *number, const char *amount)
{
    static __thread char json[512];
    snprintf(json, sizeof json,
             "{\"topic\":\"ecrhub.pay.order\",\"app_id\":\"test\",\"biz_data\":{\"trans_type\":\"1\","
             "\"merchant_order_no\":\"%s\",\"order_amount\":\"%s\"}}",
             number, amount);
    return json;
}

/* The question what became of an order, which a terminal answers also while another order is being paid. */
static inline const char *query(const char *number)
{
    static __thread char json[512];
    snprintf(json, sizeof json,
             "{\"topic\":\"ecrhub.pay.query\",\"app_id\":\"test\",\"biz_data\":{\"merchant_order_no\":\"%s\"}}", number);
    return json;
}

/* The terminal's URL, which the runner gives. */
static inline const char *terminal_url(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s ws://host:port\n", argv[0]);
        exit(2);
    }
    return argv[1];
}

/* A handle on a terminal, or on an address where nobody is. */
static inline ecrhub_handle connect_to(const char *config)
{
    ecrhub_handle handle = 0;
    STATUS(ECRHUB_OK, ecrhub_connect(config, &handle));
    CHECK(handle != 0);
    return handle;
}

/* Nobody listens there, and trying it again takes long. */
#define NOBODY "{\"url\":\"ws://127.0.0.1:1\",\"reconnect_min_ms\":60000,\"reconnect_max_ms\":60000}"

/* Polls until an event with this part in it comes, and gives it; events before it are left out. */
static inline const char *event_with(ecrhub_handle handle, const char *part)
{
    static __thread char event[16384];
    do
        STATUS(ECRHUB_OK, ecrhub_poll(handle, SOON, event, sizeof event, NULL));
    while (!strstr(event, part));
    return event;
}

#endif
