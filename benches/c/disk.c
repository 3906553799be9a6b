/* What the disk itself takes: one block appended and synced, as often as asked. `disk FILE COUNT` */
#include "measure.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
    /* A page and its frame, as SQLite's log has them. */
    static char block[4120];
    int64_t *samples, began, cpu;
    long count;
    int fd;
    MUST(argc == 3);
    count = atol(argv[2]);
    samples = calloc((size_t)count, sizeof *samples);
    fd = open(argv[1], O_CREAT | O_TRUNC | O_WRONLY, 0600);
    MUST(fd >= 0);
    cpu = cpu_ns();
    began = now_ns();
    for (long i = 0; i < count; i++) {
        int64_t before = now_ns();
        MUST(write(fd, block, sizeof block) == sizeof block && fdatasync(fd) == 0);
        samples[i] = now_ns() - before;
    }
    report(samples, count, now_ns() - began, cpu_ns() - cpu);
    unlink(argv[1]);
    return 0;
}
