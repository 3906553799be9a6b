/* The clocks, which may jump. */
#include "shim.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define ALARMS 8

enum { REALTIME, MONOTONIC, BOOTTIME, CLOCKS };

static atomic_llong ahead[CLOCKS];
/* Stand-ins for the system's timers, which only hear of the system's own clock; a descriptor and 1. */
static atomic_int alarms[ALARMS];

void set_clocks(const long long *by)
{
    for (int clock = 0; clock < CLOCKS; clock++)
        atomic_fetch_add(&ahead[clock], by[clock]);
    for (int i = 0; by[REALTIME] && i < ALARMS; i++)
        if (alarms[i])
            eventfd_write(alarms[i] - 1, 1);
}

static long long ahead_of(clockid_t clock)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        return ahead[REALTIME];
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
        return ahead[MONOTONIC];
    case CLOCK_BOOTTIME:
        return ahead[BOOTTIME];
    default:
        return 0;
    }
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int status = REAL(clock_gettime)(clock, now);
    if (status == 0)
        now->tv_sec += ahead_of(clock);
    return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int status = REAL(gettimeofday)(now, zone);
    if (status == 0)
        now->tv_sec += ahead[REALTIME];
    return status;
}

time_t time(time_t *now)
{
    time_t is = REAL(time)(NULL) + ahead[REALTIME];
    if (now)
        *now = is;
    return is;
}

int timerfd_create(int clock, int flags)
{
    int fd;
    before("timerfd_create", NULL, NULL, clock);
    if (!jumps_clocks())
        return REAL(timerfd_create)(clock, flags);
    fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    for (int i = 0; fd >= 0 && i < ALARMS; i++) {
        int none = 0;
        if (atomic_compare_exchange_strong(&alarms[i], &none, fd + 1))
            return fd;
    }
    stop("too many timers");
}

int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
    eventfd_t rung;
    before("timerfd_settime", NULL, NULL, fd);
    if (!jumps_clocks())
        return REAL(timerfd_settime)(fd, flags, new, old);
    if (eventfd_read(fd, &rung) != 0 && errno != EAGAIN)
        stop("a timer that is none");
    return 0;
}

/* A deadline on the till's clock is another one on the system's. */
static long wait_until(long *arguments)
{
    const struct timespec *until = (const struct timespec *)arguments[3];
    struct timespec real = *until;
    real.tv_sec -= ahead[MONOTONIC];
    if (real.tv_sec < 0)
        real.tv_sec = 0;
    return REAL(syscall)(SYS_futex, arguments[0], arguments[1], arguments[2], (long)&real, arguments[4], arguments[5]);
}

long syscall(long number, ...)
{
    long arguments[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        arguments[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_futex) {
        /* It only waits for other threads, or wakes them: not counted. */
        long command = arguments[1] & FUTEX_CMD_MASK;
        if (command == FUTEX_WAIT_BITSET && !(arguments[1] & FUTEX_CLOCK_REALTIME) && arguments[3])
            return wait_until(arguments);
    } else {
        before("syscall", NULL, NULL, number);
    }
    return REAL(syscall)(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}
