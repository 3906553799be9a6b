/* The calls that the shim stands in front of. */
#include "shim.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

static size_t half(size_t length)
{
    return length / 2 + length % 2;
}

/* Calls that have nothing to do with the journal's files. */
#define ELSEWHERE(type, name, parameters, ...) \
    type name parameters \
    { \
        before(#name, NULL, NULL, 0); \
        return REAL(name)(__VA_ARGS__); \
    }

ELSEWHERE(int, socket, (int domain, int type, int protocol), domain, type, protocol)
ELSEWHERE(int, socketpair, (int domain, int type, int protocol, int pair[2]), domain, type, protocol, pair)
ELSEWHERE(int, connect, (int fd, const struct sockaddr *to, socklen_t length), fd, to, length)
ELSEWHERE(ssize_t, recv, (int fd, void *bytes, size_t length, int flags), fd, bytes, length, flags)
ELSEWHERE(int, shutdown, (int fd, int how), fd, how)
ELSEWHERE(int, getpeername, (int fd, struct sockaddr *restrict name, socklen_t *restrict length), fd, name, length)
ELSEWHERE(int, getsockopt, (int fd, int level, int name, void *restrict value, socklen_t *restrict length), fd, level,
          name, value, length)
ELSEWHERE(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t length), fd, level, name, value,
          length)
ELSEWHERE(int, poll, (struct pollfd *fds, nfds_t count, int timeout), fds, count, timeout)
ELSEWHERE(int, eventfd, (unsigned int value, int flags), value, flags)
ELSEWHERE(int, epoll_create1, (int flags), flags)
ELSEWHERE(int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event), epoll, operation, fd, event)
ELSEWHERE(int, epoll_wait, (int epoll, struct epoll_event *events, int most, int timeout), epoll, events, most, timeout)
ELSEWHERE(int, munmap, (void *address, size_t length), address, length)

/* Calls about a file by its path or its descriptor, which can only be done or fail. */
#define ABOUT(type, name, kind, lookup, which, parameters, ...) \
    type name parameters \
    { \
        const char *file = lookup(which); \
        if (before(#name, file ? kind : NULL, file, 0) == FAILED) \
            return -1; \
        return REAL(name)(__VA_ARGS__); \
    }

ABOUT(int, access, "stat", file_at, path, (const char *path, int mode), path, mode)
ABOUT(int, stat64, "stat", file_at, path, (const char *restrict path, struct stat64 *restrict to), path, to)
ABOUT(int, lstat64, "stat", file_at, path, (const char *restrict path, struct stat64 *restrict to), path, to)
ABOUT(int, fstat64, "stat", file_of, fd, (int fd, struct stat64 *to), fd, to)
ABOUT(ssize_t, readlink, "stat", file_at, path, (const char *restrict path, char *restrict to, size_t length), path, to,
      length)
ABOUT(int, chmod, "mode", file_at, path, (const char *path, mode_t mode), path, mode)
ABOUT(int, fchmod, "mode", file_of, fd, (int fd, mode_t mode), fd, mode)
ABOUT(int, fchown, "mode", file_of, fd, (int fd, uid_t user, gid_t group), fd, user, group)
ABOUT(int, utimes, "mode", file_at, path, (const char *path, const struct timeval times[2]), path, times)
ABOUT(int, mkdir, "name", file_at, path, (const char *path, mode_t mode), path, mode)
ABOUT(int, rmdir, "name", file_at, path, (const char *path), path)
ABOUT(int, unlink, "name", file_at, path, (const char *path), path)
ABOUT(int, rename, "name", file_at, from, (const char *from, const char *to), from, to)
ABOUT(off64_t, lseek64, "seek", file_of, fd, (int fd, off64_t offset, int whence), fd, offset, whence)

char *realpath(const char *restrict path, char *restrict to)
{
    const char *file = file_at(path);
    if (before("realpath", file ? "stat" : NULL, file, 0) == FAILED)
        return NULL;
    return REAL(realpath)(path, to);
}

int statx(int folder, const char *restrict path, int flags, unsigned int mask, struct statx *restrict to)
{
    /* Rust asks without a path whether there is such a call, which the header forbids: the compiler must not believe it. */
    const char *volatile given = path;
    const char *file = !given ? NULL : *path ? file_at(path) : file_of(folder);
    if (before("statx", file ? "stat" : NULL, file, 0) == FAILED)
        return -1;
    return REAL(statx)(folder, path, flags, mask, to);
}

int flock(int fd, int operation)
{
    const char *file = file_of(fd);
    if (before("flock", !file ? NULL : operation & LOCK_UN ? "unlock" : "lock", file, operation) == FAILED)
        return -1;
    return REAL(flock)(fd, operation);
}

static int open_as(const char *call, int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode)
{
    const char *file = file_at(path);
    int fd;
    if (before(call, file ? "open" : NULL, file, flags) == FAILED)
        return -1;
    fd = real(path, flags, mode);
    file_is(fd, file);
    return fd;
}

#define MODE_OF(flags) \
    ({ \
        va_list list; \
        mode_t mode = 0; \
        va_start(list, flags); \
        if (flags & (O_CREAT | O_TMPFILE)) \
            mode = va_arg(list, mode_t); \
        va_end(list); \
        mode; \
    })

int open(const char *path, int flags, ...)
{
    return open_as("open", REAL(open), path, flags, MODE_OF(flags));
}

int open64(const char *path, int flags, ...)
{
    return open_as("open64", REAL(open64), path, flags, MODE_OF(flags));
}

int close(int fd)
{
    const char *file = file_of(fd);
    enum fate fate = before("close", file ? "close" : NULL, file, 0);
    file_is(fd, NULL);
    /* Linux closes it whatever it says. */
    return REAL(close)(fd) == 0 && fate != FAILED ? 0 : -1;
}

static int control(const char *call, int (*real)(int, int, ...), int fd, int command, void *argument)
{
    const char *file = file_of(fd);
    int is_lock = command == F_GETLK || command == F_SETLK || command == F_SETLKW;
    int is_unlock = is_lock && ((struct flock *)argument)->l_type == F_UNLCK;
    int is_copy = command == F_DUPFD || command == F_DUPFD_CLOEXEC, result;
    if (before(call, !file || !is_lock ? NULL : is_unlock ? "unlock" : "lock", file, command) == FAILED)
        return -1;
    result = real(fd, command, argument);
    if (is_copy)
        file_is(result, file);
    return result;
}

#define ARGUMENT_AFTER(last) \
    ({ \
        va_list list; \
        void *argument; \
        va_start(list, last); \
        argument = va_arg(list, void *); \
        va_end(list); \
        argument; \
    })

int fcntl(int fd, int command, ...)
{
    return control("fcntl", REAL(fcntl), fd, command, ARGUMENT_AFTER(command));
}

int fcntl64(int fd, int command, ...)
{
    return control("fcntl64", REAL(fcntl64), fd, command, ARGUMENT_AFTER(command));
}

int ioctl(int fd, unsigned long request, ...)
{
    before("ioctl", NULL, file_of(fd), 0);
    return REAL(ioctl)(fd, request, ARGUMENT_AFTER(request));
}

/* Memory that is no file is nobody else's business. */
void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset)
{
    const char *file = file_of(fd);
    if (file && before("mmap64", "map", file, (long long)length) == FAILED)
        return MAP_FAILED;
    return REAL(mmap64)(address, length, protection, flags, fd, offset);
}

void *mremap(void *address, size_t old, size_t length, int flags, ...)
{
    before("mremap", NULL, NULL, (long long)length);
    return REAL(mremap)(address, old, length, flags, ARGUMENT_AFTER(flags));
}

ssize_t read(int fd, void *bytes, size_t length)
{
    const char *file = file_of(fd);
    enum fate fate = before("read", file ? "read" : NULL, file, (long long)length);
    return fate == FAILED ? -1 : REAL(read)(fd, bytes, fate == SHORT ? half(length) : length);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t at)
{
    const char *file = file_of(fd);
    enum fate fate = before("pread64", file ? "read" : NULL, file, (long long)length);
    return fate == FAILED ? -1 : REAL(pread64)(fd, bytes, fate == SHORT ? half(length) : length, at);
}

/* `at` is -1 for where the file stands. */
static ssize_t put(const char *call, int fd, const void *bytes, size_t length, off64_t at)
{
    const char *file = file_of(fd);
    ssize_t done = -1;
    enum fate fate;
    disk_begins();
    fate = before(call, file ? "write" : NULL, file, (long long)length);
    if (fate == SHORT || fate == TORN)
        length = half(length);
    if (fate == LIED) {
        done = (ssize_t)length;
    } else if (fate != FAILED) {
        if (file)
            will_write(fd, at, length);
        done = at < 0 ? REAL(write)(fd, bytes, length) : REAL(pwrite64)(fd, bytes, length, at);
    }
    if (fate == TORN)
        die();
    disk_ends();
    return done;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    return put("write", fd, bytes, length, -1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at)
{
    return put("pwrite64", fd, bytes, length, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (file_of(fd))
        stop("the journal is written in a way that the shim does not know: writev");
    before("writev", NULL, NULL, 0);
    return REAL(writev)(fd, parts, count);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    enum fate fate = before("send", "send", NULL, (long long)length);
    ssize_t done;
    if (fate == FAILED)
        return -1;
    done = REAL(send)(fd, bytes, fate == SHORT || fate == TORN ? half(length) : length, flags);
    if (fate == TORN)
        die();
    return done;
}

static int sync_as(const char *call, int (*real)(int), int fd)
{
    const char *file = file_of(fd);
    int status = -1;
    disk_begins();
    if (before(call, file ? "sync" : NULL, file, 0) != FAILED)
        status = real(fd);
    if (status == 0 && !disk_lies())
        is_synced(fd);
    disk_ends();
    return status;
}

int fsync(int fd)
{
    return sync_as("fsync", REAL(fsync), fd);
}

int fdatasync(int fd)
{
    return sync_as("fdatasync", REAL(fdatasync), fd);
}

int ftruncate64(int fd, off64_t length)
{
    const char *file = file_of(fd);
    int status = -1;
    disk_begins();
    if (before("ftruncate64", file ? "truncate" : NULL, file, length) != FAILED) {
        if (file)
            will_truncate(fd, length);
        status = REAL(ftruncate64)(fd, length);
    }
    disk_ends();
    return status;
}
