/* A name server that does not answer: a shutdown does not wait for it, and the library, closed by its host, stays in
 * memory for the answer that still comes. Not linked against it. */
#include <ecrhub.h>

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static atomic_int asked, may_answer, answered;

/* In place of the C library's, also for the library: the program's own come first. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    (void)node, (void)service, (void)hints, (void)found;
    atomic_fetch_add(&asked, 1);
    while (!atomic_load(&may_answer))
        usleep(1000);
    atomic_fetch_add(&answered, 1);
    return EAI_AGAIN;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#define LOAD(library, name)                                                                                            \
    do {                                                                                                               \
        void *symbol = dlsym(library, "ecrhub_" #name);                                                                \
        CHECK(symbol);                                                                                                 \
        memcpy(&name, &symbol, sizeof symbol);                                                                         \
    } while (0)

/* In a thread that ends, see unload.c. */
static void *use(void *library)
{
    int32_t (*connect)(const char *, ecrhub_handle *);
    int32_t (*shutdown)(void);
    ecrhub_handle handle;
    double began;
    int asked_before = atomic_load(&asked);
    LOAD(library, connect);
    LOAD(library, shutdown);
    CHECK(connect("ws://terminal.example", &handle) == ECRHUB_OK);
    while (atomic_load(&asked) == asked_before)
        usleep(1000);
    began = seconds();
    CHECK(shutdown() == ECRHUB_OK);
    CHECK(seconds() - began < 2.0);
    CHECK(atomic_load(&answered) == 0);
    return NULL;
}

int main(void)
{
    int round;
    for (round = 0; round < 2; round++) {
        pthread_t thread;
        void *library = dlopen("libecrhub.so.1", RTLD_NOW | RTLD_LOCAL);
        CHECK(library);
        CHECK(pthread_create(&thread, NULL, use, library) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(dlclose(library) == 0);
    }
    /* The answers come now, to code that must still be there. */
    atomic_store(&may_answer, 1);
    while (atomic_load(&answered) < 2)
        usleep(1000);
    usleep(300000);
    CHECK(dlopen("libecrhub.so.1", RTLD_NOW | RTLD_NOLOAD));
    puts("done");
    return 0;
}
