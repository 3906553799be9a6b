/* Faults on purpose: a sanitizer, or valgrind, that does not report them would not report others either.
 *
 *     planted nothing|use-after-free|overflow|leak|race
 *
 * The use after free and the race are in the library's own stores, to which this program gives the wrong memory: they are
 * seen only if the library is instrumented, and not just this program. */
#include "../c/check.h"

#include <pthread.h>

/* Behind a volatile, so that no compiler sees through it. */
static void *volatile kept;

static void use_after_free(void)
{
    kept = malloc(sizeof(int32_t));
    free(kept);
    ecrhub_wait_fd(connect_to(NOBODY), kept);
}

static void overflow(void)
{
    kept = malloc(4);
    ecrhub_wake(0);
    /* The library is promised more than there is. */
    ecrhub_last_error(kept, 1024, NULL);
}

static void leak(void)
{
    kept = malloc(4711);
    memset(kept, 1, 4711);
    kept = NULL;
}

struct shared {
    ecrhub_handle handle;
    int32_t fd;
};

static void *write_there(void *argument)
{
    struct shared *shared = argument;
    int i;
    for (i = 0; i < 100; i++)
        ecrhub_wait_fd(shared->handle, &shared->fd);
    return NULL;
}

static void race(void)
{
    struct shared shared = {connect_to(NOBODY), 0};
    pthread_t threads[2];
    int i;
    for (i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, write_there, &shared) == 0);
    for (i = 0; i < 2; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(int argc, char **argv)
{
    const char *fault = argc > 1 ? argv[1] : "";
    if (strcmp(fault, "use-after-free") == 0)
        use_after_free();
    else if (strcmp(fault, "overflow") == 0)
        overflow();
    else if (strcmp(fault, "leak") == 0)
        leak();
    else if (strcmp(fault, "race") == 0)
        race();
    else
        CHECK(strcmp(fault, "nothing") == 0);
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    return 0;
}
