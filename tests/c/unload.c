/* Loaded at run time, used, shut down and unloaded, twice; afterwards nothing of it is left. Not linked against it. */
#include <ecrhub.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            const char *why = dlerror();                                                                               \
            fprintf(stderr, "%s:%d: %s %s\n", __FILE__, __LINE__, #condition, why ? why : "");                         \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static int mapped(void)
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

/* A function of the library; memcpy because C has no cast from an object's pointer to a function's. */
#define LOAD(library, name)                                                                                            \
    do {                                                                                                               \
        void *symbol = dlsym(library, "ecrhub_" #name);                                                                \
        CHECK(symbol);                                                                                                 \
        memcpy(&name, &symbol, sizeof symbol);                                                                         \
    } while (0)

static void discard(int32_t level, const char *message, void *user_data)
{
    (void)level, (void)message, (void)user_data;
}

static char folder[] = "/tmp/ecrhub-unload-XXXXXX";

/* With a journal, which has state of its own. */
static void write_config(char *config, size_t capacity)
{
    snprintf(config, capacity, "{\"url\":\"ws://127.0.0.1:1\",\"journal\":\"%s/journal.db\"}", folder);
}

static void remove_folder(void)
{
    static const char *const files[] = {"journal.db", "journal.db-wal", "journal.db-shm", "journal.db.lock"};
    char path[128];
    size_t i;
    for (i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    CHECK(rmdir(folder) == 0);
}

static void *use(void *library)
{
    uint32_t (*abi_version)(void);
    int32_t (*connect)(const char *, ecrhub_handle *);
    int32_t (*poll)(ecrhub_handle, int32_t, char *, size_t, size_t *);
    int32_t (*wake)(ecrhub_handle);
    int32_t (*last_error)(char *, size_t, size_t *);
    int32_t (*set_log)(ecrhub_log_fn, void *, int32_t);
    int32_t (*shutdown)(void);
    ecrhub_handle handle;
    char config[256], text[4096];
    write_config(config, sizeof config);
    LOAD(library, abi_version);
    LOAD(library, connect);
    LOAD(library, poll);
    LOAD(library, wake);
    LOAD(library, last_error);
    LOAD(library, set_log);
    LOAD(library, shutdown);
    CHECK(abi_version() == ECRHUB_ABI_VERSION);
    CHECK(set_log(discard, NULL, ECRHUB_LOG_TRACE) == ECRHUB_OK);
    CHECK(wake(0) == ECRHUB_ERR_HANDLE);
    CHECK(last_error(text, sizeof text, NULL) == ECRHUB_OK && text[0]);
    CHECK(connect(config, &handle) == ECRHUB_OK);
    CHECK(poll(handle, 30000, text, sizeof text, NULL) == ECRHUB_OK);
    CHECK(set_log(NULL, NULL, 0) == ECRHUB_OK);
    CHECK(shutdown() == ECRHUB_OK);
    return NULL;
}

/* In a thread that ends: the library's code stays in memory for as long as a thread lives that called ecrhub_connect,
 * because Rust's standard library leaves something there for the system to clean up. */
static void use_in_a_thread(void *library)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, use, library) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

int main(void)
{
    int round;
    CHECK(!mapped() && mkdtemp(folder));
    for (round = 0; round < 2; round++) {
        void *library = dlopen("libecrhub.so.1", RTLD_NOW | RTLD_LOCAL);
        CHECK(library && mapped());
        use_in_a_thread(library);
        CHECK(dlclose(library) == 0);
        CHECK(!mapped());
    }

    /* From the thread that stays it is as safe, only not gone. */
    for (round = 0; round < 2; round++) {
        void *library = dlopen("libecrhub.so.1", RTLD_NOW | RTLD_LOCAL);
        CHECK(library);
        use(library);
        CHECK(dlclose(library) == 0);
    }
    remove_folder();
    return 0;
}
