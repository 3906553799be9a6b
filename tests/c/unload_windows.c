/* Loaded at run time, used, shut down and unloaded, many times; afterwards nothing of it is left: no module, no thread,
 * no handle. Not linked against it. tests/c/unload.c is the same for Linux. */
#include <ecrhub.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s (system error %lu)\n", __FILE__, __LINE__, #condition, GetLastError());         \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* A function of the library; memcpy because C has no cast from one pointer to a function to another that is checked. */
#define LOAD(library, name)                                                                                            \
    do {                                                                                                               \
        FARPROC symbol = GetProcAddress(library, "ecrhub_" #name);                                                     \
        CHECK(symbol);                                                                                                 \
        memcpy(&name, &symbol, sizeof symbol);                                                                         \
    } while (0)

static void discard(int32_t level, const char *message, void *user_data)
{
    (void)level, (void)message, (void)user_data;
}

static void use(HMODULE library)
{
    uint32_t (*abi_version)(void);
    int32_t (*connect)(const char *, ecrhub_handle *);
    int32_t (*poll)(ecrhub_handle, int32_t, char *, size_t, size_t *);
    int32_t (*wait_handle)(ecrhub_handle, void **);
    int32_t (*set_log)(ecrhub_log_fn, void *, int32_t);
    int32_t (*shutdown)(void);
    ecrhub_handle handle;
    char text[4096];
    void *event;
    LOAD(library, abi_version);
    LOAD(library, connect);
    LOAD(library, poll);
    LOAD(library, wait_handle);
    LOAD(library, set_log);
    LOAD(library, shutdown);
    CHECK(abi_version() == ECRHUB_ABI_VERSION);
    CHECK(set_log(discard, NULL, ECRHUB_LOG_TRACE) == ECRHUB_OK);
    CHECK(connect("ws://127.0.0.1:1", &handle) == ECRHUB_OK);
    CHECK(wait_handle(handle, &event) == ECRHUB_OK);
    CHECK(WaitForSingleObject(event, 30000) == WAIT_OBJECT_0);
    CHECK(poll(handle, 0, text, sizeof text, NULL) == ECRHUB_OK);
    /* The name look-up has a thread of its own. */
    CHECK(connect("ws://localhost:1", &handle) == ECRHUB_OK);
    CHECK(poll(handle, 30000, text, sizeof text, NULL) == ECRHUB_OK);
    CHECK(set_log(NULL, NULL, 0) == ECRHUB_OK);
    CHECK(shutdown() == ECRHUB_OK);
}

static DWORD WINAPI use_it(void *library)
{
    use(library);
    return 0;
}

static void load_use_unload(int in_a_thread)
{
    HMODULE library = LoadLibraryW(L"ecrhub.dll");
    CHECK(library);
    if (in_a_thread) {
        HANDLE thread = CreateThread(NULL, 0, use_it, library, 0, NULL);
        CHECK(thread && WaitForSingleObject(thread, 60000) == WAIT_OBJECT_0);
        CloseHandle(thread);
    } else {
        use(library);
    }
    CHECK(FreeLibrary(library));
    CHECK(!GetModuleHandleW(L"ecrhub.dll"));
}

static DWORD handles(void)
{
    DWORD count = 0;
    CHECK(GetProcessHandleCount(GetCurrentProcess(), &count));
    return count;
}

int main(void)
{
    DWORD before;
    int round;
    CHECK(!GetModuleHandleW(L"ecrhub.dll"));
    /* The system's own libraries keep some things from their first use on. */
    for (round = 0; round < 4; round++)
        load_use_unload(round % 2);
    before = handles();
    for (round = 0; round < 10; round++)
        load_use_unload(round % 2);
    CHECK(handles() <= before);
    return 0;
}
