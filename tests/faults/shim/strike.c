/* Stands between a till and the system: counts its calls, and lets one of them go wrong. For LD_PRELOAD.
 *
 *     FAULTS_FOLDER   the folder with the journal's files and nothing else, by its full name
 *     FAULTS_TRACE    gets a line for each call, before it is made: number thread call kind file size fate
 *     FAULTS_STRIKE   what goes wrong: KIND NUMBER WHAT; nothing when it is empty
 *     FAULTS_DISK     `lies`: what was synced goes with a power cut all the same
 *
 * KIND is what is counted: `any` for all calls, `file` for those about the journal's files, or one of the trace's kinds,
 * which those have, and `send`. NUMBER is the first call that is struck, from 1. WHAT is one of
 *
 *     fail ERRNO TIMES   this call and the next of its kind fail, TIMES in all, 0 for all of them
 *     short TIMES        they read, write or send half of what they should
 *     lie TIMES          they say that they have written, and have not
 *     kill 1             the process is killed before it
 *     tear 1             half of what it writes or sends is done, then the process is killed
 *     power 1            the power goes before it: what was not synced is lost
 *     jump CALLS REALTIME MONOTONIC BOOTTIME
 *                        the clocks are set ahead by so many seconds, and back again CALLS calls later, 0 for never */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Beyond the descriptors that a till gets. */
#define TRACE 900
#define DESCRIPTORS 1024

enum what { NOTHING, FAIL, SHORTEN, LIE, KILL, TEAR, CUT_POWER, JUMP };

static struct {
    enum what what;
    char kind[16];
    int error;
    long long at, times, jump[3];
} strike;

static char folder[PATH_MAX];
static size_t folder_length;
static atomic_llong all_calls, calls_of_kind;
static char files[DESCRIPTORS][32];

void stop(const char *why)
{
    dprintf(STDERR_FILENO, "the shim: %s\n", why);
    _exit(99);
}

void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static enum what what_named(const char *name)
{
    static const char *const names[] = { "", "fail", "short", "lie", "kill", "tear", "power", "jump" };
    for (enum what what = FAIL; what <= JUMP; what++)
        if (strcmp(names[what], name) == 0)
            return what;
    stop("FAULTS_STRIKE: nobody knows that");
}

static int error_named(const char *name)
{
    static const int errors[] = { EIO, ENOSPC, EINTR };
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(strerrorname_np(errors[i]), name) == 0)
            return errors[i];
    stop("FAULTS_STRIKE: nobody knows that error");
}

static void read_strike(const char *text)
{
    char what[16], error[16];
    long long *jump = strike.jump;
    int used = 0, is_good;
    if (!text || !*text)
        return;
    if (sscanf(text, "%15s %lld %15s %n", strike.kind, &strike.at, what, &used) != 3)
        stop("FAULTS_STRIKE: KIND NUMBER WHAT");
    strike.what = what_named(what);
    text += used;
    if (strike.what == FAIL) {
        is_good = sscanf(text, "%15s %lld", error, &strike.times) == 2;
        strike.error = is_good ? error_named(error) : 0;
    } else if (strike.what == JUMP) {
        is_good = sscanf(text, "%lld %lld %lld %lld", &strike.times, &jump[0], &jump[1], &jump[2]) == 4;
    } else {
        is_good = sscanf(text, "%lld", &strike.times) == 1;
    }
    if (!is_good || strike.at < 1)
        stop("FAULTS_STRIKE: something is missing");
}

static void begin(void)
{
    const char *name = getenv("FAULTS_FOLDER"), *trace = getenv("FAULTS_TRACE");
    int fd;
    if (!name || !trace)
        stop("FAULTS_FOLDER and FAULTS_TRACE are to be set");
    folder_length = (size_t)snprintf(folder, sizeof folder, "%s", name);
    read_strike(getenv("FAULTS_STRIKE"));
    fd = REAL(open)(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || dup3(fd, TRACE, O_CLOEXEC) != TRACE)
        stop("the trace cannot be opened");
    REAL(close)(fd);
}

static void begin_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, begin);
}

const char *file_at(const char *path)
{
    int fd;
    begin_once();
    if (sscanf(path, "/proc/self/fd/%d", &fd) == 1)
        return file_of(fd);
    if (strncmp(path, folder, folder_length) != 0)
        return NULL;
    if (!path[folder_length])
        return ".";
    return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

const char *file_of(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS && files[fd][0] ? files[fd] : NULL;
}

void file_is(int fd, const char *file)
{
    if (fd >= 0 && fd < DESCRIPTORS)
        snprintf(files[fd], sizeof files[fd], "%s", file ? file : "");
}

int jumps_clocks(void)
{
    begin_once();
    return strike.what == JUMP;
}

int cuts_power(void)
{
    begin_once();
    return strike.what == CUT_POWER;
}

int disk_lies(void)
{
    const char *disk = getenv("FAULTS_DISK");
    return disk && strcmp(disk, "lies") == 0;
}

static void say(long long number, const char *call, const char *kind, const char *file, long long size, const char *fate)
{
    char line[256];
    int length = snprintf(line, sizeof line, "%lld %d %s %s %s %lld %s\n", number, (int)gettid(), call,
                          kind ? kind : "-", file ? file : "-", size, fate);
    if (REAL(write)(TRACE, line, (size_t)length) != length)
        stop("the trace cannot be written");
}

/* Which of the calls that are struck this one is, from 0; negative for those before. */
static long long place_of(long long number, const char *kind, const char *file)
{
    if (strike.what == NOTHING)
        return -1;
    if (strcmp(strike.kind, "any") == 0)
        return number - strike.at;
    if (!kind || (strcmp(strike.kind, kind) != 0 && (strcmp(strike.kind, "file") != 0 || !file)))
        return -1;
    return atomic_fetch_add(&calls_of_kind, 1) + 1 - strike.at;
}

/* What is struck, if this call is; the word for the trace goes to `word`. */
static enum what due(long long place, const char **word)
{
    static const char *const words[] = { "done", "failed", "short", "lied", "killed", "torn", "powerless", "jumped" };
    enum what what = NOTHING;
    if (strike.what == JUMP)
        what = place == 0 || (strike.times && place == strike.times) ? JUMP : NOTHING;
    else if (place >= 0 && (!strike.times || place < strike.times))
        what = strike.what;
    *word = words[what];
    return what;
}

static void jump(long long place)
{
    long long *by = strike.jump, back[3] = { -by[0], -by[1], -by[2] };
    set_clocks(place == 0 ? by : back);
}

enum fate before(const char *call, const char *kind, const char *file, long long size)
{
    int entered = errno;
    const char *word;
    long long number, place;
    enum what what;
    begin_once();
    number = atomic_fetch_add(&all_calls, 1) + 1;
    place = place_of(number, kind, file);
    what = due(place, &word);
    say(number, call, kind, file, size, word);
    if (what == CUT_POWER)
        lose_what_is_not_synced();
    if (what == CUT_POWER || what == KILL)
        die();
    if (what == JUMP)
        jump(place);
    errno = what == FAIL ? strike.error : entered;
    return what == FAIL ? FAILED : what == SHORTEN ? SHORT : what == TEAR ? TORN : what == LIE ? LIED : DONE;
}
