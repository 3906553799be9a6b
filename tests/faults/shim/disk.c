/* The disk under the journal, for a power cut: what was written to its files since they were synced. */
#include "shim.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a file was before a write: its length, and the bytes that were there. */
struct change {
    struct change *earlier;
    char file[32];
    int fd;
    off_t length, at;
    size_t kept;
    char bytes[];
};

static pthread_mutex_t turn = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static struct change *newest;

void disk_begins(void)
{
    if (cuts_power())
        pthread_mutex_lock(&turn);
}

void disk_ends(void)
{
    if (cuts_power())
        pthread_mutex_unlock(&turn);
}

static void keep(int fd, off_t at, size_t length)
{
    struct stat found;
    struct change *change = malloc(sizeof *change + length);
    ssize_t kept;
    if (!change || fstat(fd, &found) != 0)
        stop("what is overwritten cannot be kept");
    /* Through the descriptor itself: closing another one of the file would cost the process its locks. */
    kept = at < found.st_size ? REAL(pread64)(fd, change->bytes, length, at) : 0;
    if (kept < 0)
        stop("what is overwritten cannot be read");
    strcpy(change->file, file_of(fd));
    change->fd = fd;
    change->length = found.st_size;
    change->at = at;
    change->kept = (size_t)kept;
    change->earlier = newest;
    newest = change;
}

void will_write(int fd, off_t at, size_t length)
{
    if (cuts_power())
        keep(fd, at < 0 ? REAL(lseek64)(fd, 0, SEEK_CUR) : at, length);
}

void will_truncate(int fd, off_t length)
{
    struct stat found;
    if (cuts_power() && fstat(fd, &found) == 0)
        keep(fd, length, found.st_size > length ? (size_t)(found.st_size - length) : 0);
}

void is_synced(int fd)
{
    struct change **place = &newest;
    const char *file = file_of(fd);
    while (file && *place) {
        struct change *change = *place;
        if (strcmp(change->file, file) == 0) {
            *place = change->earlier;
            free(change);
        } else {
            place = &change->earlier;
        }
    }
}

void lose_what_is_not_synced(void)
{
    disk_begins();
    for (struct change *change = newest; change; change = change->earlier) {
        const char *now = file_of(change->fd);
        /* SQLite has synced what it closes; the lock's file says nothing that counts. */
        if (!now || strcmp(now, change->file) != 0)
            continue;
        if (REAL(pwrite64)(change->fd, change->bytes, change->kept, change->at) != (ssize_t)change->kept ||
            REAL(ftruncate64)(change->fd, change->length) != 0)
            stop("what was not synced cannot be lost");
    }
}
