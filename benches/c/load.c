/* From dlopen to "connected". `load LIBRARY URL` */
#include "measure.h"

#include <dlfcn.h>

typedef int32_t connect_fn(const char *, uint64_t *);
typedef int32_t poll_fn(uint64_t, int32_t, char *, size_t, size_t *);

int main(int argc, char **argv)
{
    char event[4096], config[512];
    uint64_t handle;
    int64_t began, cpu, took;
    void *library;
    connect_fn *connect_to;
    poll_fn *poll_for;
    MUST(argc == 3);
    snprintf(config, sizeof config, "{\"url\":\"%s\",\"app_id\":\"bench-till\"}", argv[2]);
    cpu = cpu_ns();
    began = now_ns();
    library = dlopen(argv[1], RTLD_NOW);
    MUST(library);
    connect_to = (connect_fn *)dlsym(library, "ecrhub_connect");
    poll_for = (poll_fn *)dlsym(library, "ecrhub_poll");
    MUST(connect_to && poll_for && connect_to(config, &handle) == 0);
    do
        MUST(poll_for(handle, 30000, event, sizeof event, NULL) == 0);
    while (!strstr(event, "\"event\":\"connected\""));
    took = now_ns() - began;
    report(&took, 1, took, cpu_ns() - cpu);
    return 0;
}
