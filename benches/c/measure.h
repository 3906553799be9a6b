/* What every till of the benchmark shares: the same request, the same clocks, the same one line of results. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* As many as the others have in flight, and as many rounds before the measuring begins. */
#define IN_FLIGHT 64
#define WARM_UP 500

#define MUST(condition) ((condition) ? (void)0 : broken(__FILE__, __LINE__, #condition))

static inline void broken(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    exit(1);
}

static inline int64_t read_clock(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static inline int64_t now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* What the whole process has used, every thread of it. */
static inline int64_t cpu_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

/* What goes on the wire, whole; `*id` is where its request_id stands. */
static inline int whole_order(char *json, size_t capacity, long serial, const char **id)
{
    int length = snprintf(json, capacity,
                          "{\"topic\":\"ecrhub.pay.order\",\"biz_data\":{\"trans_type\":\"1\","
                          "\"merchant_order_no\":\"B%015ld\",\"order_amount\":\"34.50\",\"price_currency\":\"USD\"},"
                          "\"request_id\":\"%016lx%012lx\",\"timestamp\":\"%lld\",\"version\":\"1.0\","
                          "\"app_id\":\"bench-till\"}",
                          serial, (long)getpid(), serial, (long long)(read_clock(CLOCK_REALTIME) / 1000000));
    MUST(length > 0 && (size_t)length < capacity);
    if (id)
        *id = strstr(json, "\"request_id\":\"") + 14;
    return length;
}

static inline int ascending(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* What only some have to tell. */
struct more {
    long bytes_each, threads, wake_ups;
};

static inline void report_more(int64_t *samples, long count, int64_t wall, int64_t cpu, struct more more)
{
    qsort(samples, (size_t)count, sizeof *samples, ascending);
    printf("{\"count\":%ld,\"p50_ns\":%lld,\"p99_ns\":%lld,\"wall_ns\":%lld,\"cpu_ns\":%lld,\"bytes_each\":%ld,"
           "\"threads\":%ld,\"wake_ups\":%ld}\n",
           count, count ? (long long)samples[count / 2] : 0, count ? (long long)samples[count * 99 / 100] : 0,
           (long long)wall, (long long)cpu, more.bytes_each, more.threads, more.wake_ups);
}

static inline void report(int64_t *samples, long count, int64_t wall, int64_t cpu)
{
    report_more(samples, count, wall, cpu, (struct more){0, 0, 0});
}

#endif
