/* Names of files are UTF-8 like all text, on every system: umlauts, spaces and what lies beyond 16 bits. */
#include "check.h"

#ifdef _WIN32
#include <windows.h>

static const wchar_t *wide(const char *text)
{
    static wchar_t wide[512];
    CHECK(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, 512) > 0);
    return wide;
}

static int make_folder(const char *name) { return CreateDirectoryW(wide(name), NULL) != 0; }
static int remove_folder(const char *name) { return RemoveDirectoryW(wide(name)) != 0; }
static int remove_file(const char *name) { return DeleteFileW(wide(name)) != 0; }
static int is_there(const char *name) { return GetFileAttributesW(wide(name)) != INVALID_FILE_ATTRIBUTES; }
#else
#include <sys/stat.h>

static int make_folder(const char *name) { return mkdir(name, 0700) == 0; }
static int remove_folder(const char *name) { return rmdir(name) == 0; }
static int remove_file(const char *name) { return unlink(name) == 0; }
static int is_there(const char *name) { return access(name, F_OK) == 0; }
#endif

/* A path as JSON has it. */
static const char *quoted(const char *path)
{
    static char text[1024];
    char *to = text;
    while (*path) {
        if (*path == '\\')
            *to++ = '\\';
        *to++ = *path++;
    }
    *to = '\0';
    return text;
}

static ecrhub_handle open_journal(const char *url, const char *file)
{
    static char config[2048];
    snprintf(config, sizeof config, "{\"url\":\"%s\",\"journal\":\"%s\"}", url, quoted(file));
    return connect_to(config);
}

static void a_sale_is_kept_under_this_name(const char *url, const char *file, const char *name)
{
    char id[65], text[4096];
    ecrhub_handle handle = open_journal(url, file);
    STATUS(ECRHUB_OK, ecrhub_send(handle, sale(new_number(), "10.00"), 0, id, sizeof id, NULL));
    event_with(handle, "\"event\":\"completed\"");
    STATUS(ECRHUB_OK, ecrhub_state(handle, text, sizeof text, NULL));
    CONTAINS(text, name);
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    CHECK(is_there(file));

    handle = open_journal(url, file);
    CONTAINS(event_with(handle, "\"event\":\"completed\""), id);
    STATUS(ECRHUB_OK, ecrhub_acknowledge(handle, id, ECRHUB_OUTCOME_APPROVED));
    STATUS(ECRHUB_OK, ecrhub_shutdown());
}

int main(int argc, char **argv)
{
    const char *url = terminal_url(argc, argv), *separator = argc > 2 && strchr(argv[2], '\\') ? "\\" : "/";
    /* "Kasse süß €😀" and "tägliche Umsätze.db" */
    const char *name = "t\xc3\xa4gliche Ums\xc3\xa4tze.db";
    char folder[256], file[384], lock[400];
    snprintf(folder, sizeof folder, "%s%sKasse s\xc3\xbc\xc3\x9f \xe2\x82\xac\xf0\x9f\x98\x80 %s", argc > 2 ? argv[2] : ".",
             separator, new_number());
    snprintf(file, sizeof file, "%s%s%s", folder, separator, name);
    snprintf(lock, sizeof lock, "%s.lock", file);
    CHECK(make_folder(folder));
    a_sale_is_kept_under_this_name(url, file, name);
    CHECK(remove_file(file) && remove_file(lock) && remove_folder(folder)); /* and nothing else was left there */
    return 0;
}
