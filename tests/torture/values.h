/* Reads values out of the JSON that the library hands out. */
#ifndef TORTURE_VALUES_H
#define TORTURE_VALUES_H

#include <string.h>

/* Past one JSON value. What the library hands out is JSON, so this only has to find its ends. */
static const char *past(const char *at)
{
    int depth = 0;
    do {
        if (*at == '"') {
            for (at++; *at && *at != '"'; at++)
                if (*at == '\\' && at[1])
                    at++;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (*at == '}' || *at == ']') {
            if (--depth < 0)
                return at;
        } else if (depth == 0 && *at == ',') {
            return at;
        }
        if (*at)
            at++;
    } while (*at && (depth > 0 || (*at != ',' && *at != '}' && *at != ']')));
    return at;
}

/* The value of a key of the outermost object; "-" when there is none or it is null. */
static void value_of(const char *json, const char *key, char *value, size_t capacity)
{
    size_t key_length = strlen(key);
    const char *at = json + 1;
    strcpy(value, "-");
    while (*at == '"') {
        const char *name = at + 1, *end;
        for (at++; *at && *at != '"'; at++)
            ;
        end = at;
        at += *at ? 2 : 0;
        if ((size_t)(end - name) == key_length && memcmp(name, key, key_length) == 0) {
            const char *last = past(at);
            if (*at == '"')
                at++, last--;
            if (strncmp(at, "null", 4) != 0 && (size_t)(last - at) < capacity) {
                memcpy(value, at, (size_t)(last - at));
                value[last - at] = 0;
            }
            return;
        }
        at = past(at);
        if (*at == ',')
            at++;
    }
}

#endif
