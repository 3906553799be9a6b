/* A till with many terminals. `many WHAT URL HANDLES SECONDS`, where WHAT is
 *   idle    connects, and does nothing for so long
 *   rest    connects, makes many calls, and then does nothing for so long
 *   wait    connects, makes many calls, and then waits so long for an event that does not come
 *   paced   a request to each terminal every second, by ecrhub_call, one after the other
 *   burst   every second a request to all of them at once, by ecrhub_send, then ecrhub_poll
 * Beside the times it tells what the handles hold, in bytes of memory each, how many threads there are, and how often one
 * of them was woken. */
#include "till.h"

#include <dirent.h>
#include <malloc.h>
#include <sys/resource.h>

#define MOST 10000

static ecrhub_handle handles[MOST];
static long wanted;

static long resident_bytes(void)
{
    long size, resident;
    FILE *file = fopen("/proc/self/statm", "r");
    MUST(file && fscanf(file, "%ld %ld", &size, &resident) == 2);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

struct tasks {
    long threads, switches;
};

/* How often each thread has slept and been woken. */
static struct tasks look_at_tasks(void)
{
    struct tasks seen = {0, 0};
    struct dirent *entry;
    DIR *folder = opendir("/proc/self/task");
    MUST(folder);
    while ((entry = readdir(folder))) {
        char path[300], line[256];
        FILE *file;
        long count;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        if (entry->d_name[0] == '.' || !(file = fopen(path, "r")))
            continue;
        seen.threads++;
        while (fgets(line, sizeof line, file))
            if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1)
                seen.switches += count;
        fclose(file);
    }
    closedir(folder);
    return seen;
}

static void allow_many_descriptors(void)
{
    struct rlimit limit;
    MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void sleep_until(int64_t at)
{
    struct timespec time = {at / INT64_C(1000000000), at % INT64_C(1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != 0)
        ;
}

static long paced(int64_t *samples, long seconds)
{
    int64_t began = now_ns();
    long count = 0;
    for (long second = 0; second < seconds; second++)
        for (long i = 0; i < wanted; i++) {
            int64_t before;
            sleep_until(began + second * INT64_C(1000000000) + i * INT64_C(1000000000) / wanted);
            before = now_ns();
            call(handles[i], count);
            samples[count++] = now_ns() - before;
        }
    return count;
}

static long burst(int64_t *samples, long seconds)
{
    int64_t began = now_ns();
    long count = 0;
    for (long second = 0; second < seconds; second++) {
        int64_t before;
        sleep_until(began + second * INT64_C(1000000000));
        before = now_ns();
        for (long i = 0; i < wanted; i++)
            submit(handles[i], count + i);
        for (long i = 0; i < wanted; i++) {
            next_event(handles[i]);
            must_be_paid();
            samples[count++] = now_ns() - before;
        }
    }
    return count;
}

int main(int argc, char **argv)
{
    long seconds, count = 0, memory;
    int64_t *samples, cpu, began;
    struct tasks before, after;
    MUST(argc == 5);
    wanted = atol(argv[3]);
    seconds = atol(argv[4]);
    MUST(wanted > 0 && wanted <= MOST);
    samples = calloc((size_t)(wanted * seconds + 1), sizeof *samples);
    memset(samples, 1, (size_t)(wanted * seconds + 1) * sizeof *samples);
    allow_many_descriptors();
    /* One to begin with: what the process has once does not count. */
    ecrhub_handle first = connect_to(argv[2]);
    memory = resident_bytes();
    for (long i = 0; i < wanted; i++)
        handles[i] = begin_connecting(argv[2]);
    for (long i = 0; i < wanted; i++)
        await_connected(handles[i]);
    must(ecrhub_disconnect(first), "ecrhub_disconnect");
    memory = (resident_bytes() - memory) / wanted;
    if (strcmp(argv[1], "rest") == 0 || strcmp(argv[1], "wait") == 0)
        for (long i = 0; i < wanted * 50; i++)
            call(handles[i / 50], i);
    else
        sleep_until(now_ns() + INT64_C(200000000));
    before = look_at_tasks();
    cpu = cpu_ns();
    began = now_ns();
    if (strcmp(argv[1], "paced") == 0)
        count = paced(samples, seconds);
    else if (strcmp(argv[1], "burst") == 0)
        count = burst(samples, seconds);
    else if (strcmp(argv[1], "wait") == 0)
        MUST(ecrhub_poll(handles[wanted - 1], (int32_t)seconds * 1000, event, sizeof event, NULL) == ECRHUB_TIMEOUT);
    else
        sleep_until(began + seconds * INT64_C(1000000000));
    cpu = cpu_ns() - cpu;
    after = look_at_tasks();
    /* The main thread's own sleep is not the library's. */
    report_more(samples, count, now_ns() - began, cpu,
                (struct more){memory, after.threads, after.switches - before.switches - (count == 0)});
    must(ecrhub_shutdown(), "ecrhub_shutdown");
    return 0;
}
