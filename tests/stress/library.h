/* The library, loaded at run time and unloaded again: each function by its name, and whether anything of it is left. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <ecrhub.h>

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program: whatever it found is on the error output, with where it was found. */
static void fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    /* Not exit: other threads still use what its handlers take down. */
    _Exit(1);
}

#define FAIL(...) fail(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(condition) ((condition) ? (void)0 : FAIL("%s", #condition))

#define FUNCTIONS(each)                                                                                                \
    each(abi_version) each(status_name) each(last_error) each(connect) each(disconnect) each(shutdown) each(send)      \
        each(start) each(wait) each(poll) each(call) each(wake) each(wait_fd) each(state) each(pending) each(acknowledge) each(resolve)       \
            each(set_log)

#define MEMBER(name) __typeof__(&ecrhub_##name) name;
static struct {
    void *loaded;
    FUNCTIONS(MEMBER)
} library;

static void *load(void)
{
    void *loaded = dlopen("libecrhub.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!loaded)
        FAIL("%s", dlerror());
    return loaded;
}

/* C has no cast from an object's pointer to a function's. */
#define FIND(name)                                                                                                     \
    do {                                                                                                               \
        void *symbol = dlsym(library.loaded, "ecrhub_" #name);                                                         \
        CHECK(symbol);                                                                                                 \
        memcpy(&library.name, &symbol, sizeof symbol);                                                                 \
    } while (0);

static void load_library(void)
{
    library.loaded = load();
    FUNCTIONS(FIND)
    CHECK(library.abi_version() == ECRHUB_ABI_VERSION);
}

static int is_mapped(void)
{
    char line[1024];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps);
    while (fgets(line, sizeof line, maps))
        found |= strstr(line, "libecrhub") != NULL;
    fclose(maps);
    return found;
}

static void unload_library(void)
{
    CHECK(dlclose(library.loaded) == 0);
    memset(&library, 0, sizeof library);
    if (is_mapped())
        FAIL("the library is still in memory although it was unloaded");
}

/* The call returns one of these statuses; gives which. */
static int32_t check_status(const char *file, int line, const char *call, int32_t status, int count, ...)
{
    char why[1024] = "";
    va_list allowed;
    int is_allowed = 0;
    va_start(allowed, count);
    while (count-- > 0)
        is_allowed |= va_arg(allowed, int32_t) == status;
    va_end(allowed);
    if (!is_allowed) {
        library.last_error(why, sizeof why, NULL);
        fail(file, line, "%s is %s: %s", call, library.status_name(status), why);
    }
    return status;
}

#define COUNT(...) (int)(sizeof(int32_t[]){__VA_ARGS__} / sizeof(int32_t))
#define STATUS(call, ...) check_status(__FILE__, __LINE__, #call, (call), COUNT(__VA_ARGS__), __VA_ARGS__)

#endif
