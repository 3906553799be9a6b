/* What a process has of what the library must give back. */
#ifndef FOOTPRINT_H
#define FOOTPRINT_H

#include "library.h"

#include <dirent.h>
#include <malloc.h>

/* A sanitizer's own count; there without one of them. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

struct footprint {
    int descriptors, threads;
    long allocated_kib, resident_kib;
};

static int entries(const char *path)
{
    int count = 0;
    DIR *folder = opendir(path);
    CHECK(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 2;
}

static long resident_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status);
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    fclose(status);
    return kib;
}

/* In small pieces, and in large ones that are mapped one by one. */
static size_t allocated(void)
{
    struct mallinfo2 all;
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    all = mallinfo2();
    return all.uordblks + all.hblkhd;
}

static struct footprint footprint(void)
{
    struct footprint now;
    malloc_trim(0);
    now.descriptors = entries("/proc/self/fd");
    now.threads = entries("/proc/self/task");
    now.allocated_kib = (long)(allocated() / 1024);
    now.resident_kib = resident_kib();
    return now;
}

static void print_footprint(const char *when, const struct footprint *now)
{
    printf("%-8s %d descriptors, %d threads, %ld KiB allocated, %ld KiB resident\n", when, now->descriptors,
           now->threads, now->allocated_kib, now->resident_kib);
}

/* What the C library keeps for itself, such as buffers of threads that have ended. */
enum { SLACK_KIB = 96 };

/* The thread sanitizer keeps a program that finds names for it, once there was something to name. */
#ifdef __SANITIZE_THREAD__
enum { SLACK_DESCRIPTORS = 2 };
#else
enum { SLACK_DESCRIPTORS = 0 };
#endif

static void check_footprint(const struct footprint *before, const struct footprint *after)
{
    if (after->descriptors < before->descriptors || after->descriptors > before->descriptors + SLACK_DESCRIPTORS)
        FAIL("%d descriptors, and before there were %d", after->descriptors, before->descriptors);
    if (after->threads != before->threads)
        FAIL("%d threads, and before there were %d", after->threads, before->threads);
    if (after->allocated_kib > before->allocated_kib + SLACK_KIB)
        FAIL("%ld KiB are allocated, and before it were %ld", after->allocated_kib, before->allocated_kib);
}

#endif
