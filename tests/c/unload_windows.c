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

enum how { UNUSED, HERE, IN_A_THREAD };

static void load_use_unload(enum how how)
{
    HMODULE library = LoadLibraryW(L"ecrhub.dll");
    CHECK(library);
    if (how == IN_A_THREAD) {
        HANDLE thread = CreateThread(NULL, 0, use_it, library, 0, NULL);
        CHECK(thread && WaitForSingleObject(thread, 60000) == WAIT_OBJECT_0);
        CloseHandle(thread);
    } else if (how == HERE) {
        use(library);
    }
    CHECK(FreeLibrary(library));
    CHECK(!GetModuleHandleW(L"ecrhub.dll"));
}

struct handle_entry {
    ULONG owner;
    BYTE kind, flags;
    USHORT value;
    void *object;
    ACCESS_MASK access;
};

struct handle_list {
    ULONG count;
    struct handle_entry entries[1];
};

/* How many handles this process has open, from the system's list of all: Wine's GetProcessHandleCount counts nothing. */
static int open_handles(void)
{
    enum { SYSTEM_HANDLES = 16, TOO_SHORT = (int)0xC0000004 };
    LONG(WINAPI * query)(ULONG, void *, ULONG, ULONG *);
    FARPROC symbol = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtQuerySystemInformation");
    struct handle_list *list = NULL;
    ULONG size = 1 << 16, i;
    LONG status;
    int count = 0;
    memcpy(&query, &symbol, sizeof symbol);
    do {
        size *= 2;
        free(list);
        list = malloc(size);
        CHECK(list);
        status = query(SYSTEM_HANDLES, list, size, NULL);
    } while (status == TOO_SHORT);
    CHECK(status == 0);
    for (i = 0; i < list->count; i++)
        count += list->entries[i].owner == GetCurrentProcessId();
    free(list);
    CHECK(count > 0);
    return count;
}

/* By how many the open handles become more when it is loaded, used and unloaded ten times. */
static int growth(enum how how)
{
    int round, before = open_handles();
    for (round = 0; round < 10; round++)
        load_use_unload(how);
    return open_handles() - before;
}

int main(void)
{
    int unused;
    CHECK(!GetModuleHandleW(L"ecrhub.dll"));
    /* The system's own libraries keep some things from their first use on. */
    load_use_unload(HERE);
    load_use_unload(IN_A_THREAD);
    /* And MinGW's runtime, on x86, a semaphore from each loading. */
    unused = growth(UNUSED);
    CHECK(unused <= 10);
    CHECK(growth(HERE) <= unused);
    CHECK(growth(IN_A_THREAD) <= unused);
    return 0;
}
