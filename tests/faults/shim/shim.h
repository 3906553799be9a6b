/* What the parts of the shim share. What it does is said in strike.c. */
#ifndef SHIM_H
#define SHIM_H

#include <dlfcn.h>
#include <stddef.h>
#include <sys/types.h>

/* None of this is seen by the till, whose own functions may have these names. */
#pragma GCC visibility push(hidden)

/* What becomes of a call. */
enum fate {
    DONE,
    /* errno is set. */
    FAILED,
    /* It is done by half. */
    SHORT,
    /* It is done by half, and then the process dies. */
    TORN,
    /* It says that it was done. */
    LIED
};

/* The function that the shim stands in front of. */
#define REAL(name) \
    ({ \
        static __typeof__(&name) real; \
        if (!real) \
            *(void **)&real = dlsym(RTLD_NEXT, #name); \
        real; \
    })

/* Before each call: writes it to the trace, and lets happen what is due. `kind` is NULL for calls that only count as
 * `any`, `file` where it is none of the journal's. */
enum fate before(const char *call, const char *kind, const char *file, long long size);
void die(void) __attribute__((noreturn));
void stop(const char *why) __attribute__((noreturn));

/* The name of the journal's file that a path or a descriptor leads to; NULL for anything else. */
const char *file_at(const char *path);
const char *file_of(int fd);
/* What a descriptor leads to from now on; NULL for anything else. */
void file_is(int fd, const char *file);

int jumps_clocks(void);
int cuts_power(void);
int disk_lies(void);

/* Between these two no other thread writes to the journal's files. */
void disk_begins(void);
void disk_ends(void);
/* Remembers, for a power cut, what is about to be overwritten or cut off. `at` is -1 for where the file stands. */
void will_write(int fd, off_t at, size_t length);
void will_truncate(int fd, off_t length);
/* What was written to this file is there to stay. */
void is_synced(int fd);
/* Makes the files what they were when they were synced last; nothing is written to them any more. */
void lose_what_is_not_synced(void);

/* Sets the clocks ahead by so many seconds; back when negative. */
void set_clocks(const long long *realtime_monotonic_boottime);

#pragma GCC visibility pop

#endif
