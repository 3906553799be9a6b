/* As much JSON as the examples need, and no more: taking texts and numbers out of an object by their names.
 *
 * Its limits: \uXXXX stays as it is written, a text is cut off where it does not fit, and only what the library wrote
 * may be read, for it does not notice broken JSON. A real till has a JSON library; use that. */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <string.h>

/* Behind a string, an object, an array or another value that begins at `at`. */
static const char *json_skip(const char *at)
{
    int depth = 0, in_text = 0;
    for (; *at; at++) {
        if (in_text) {
            if (*at == '\\' && at[1])
                at++;
            else if (*at == '"')
                in_text = 0;
        } else if (*at == '"') {
            in_text = 1;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (*at == '}' || *at == ']') {
            if (depth == 0)
                return at;
            depth--;
        } else if (*at == ',' && depth == 0) {
            return at;
        }
    }
    return at;
}

/* Where the value of this name begins in an object, or NULL. For an object in it, call it again with what it gave. */
static const char *json_value(const char *object, const char *name)
{
    const size_t length = strlen(name);
    if (!object || *object != '{')
        return NULL;
    while (*object == '{' || *object == ',') {
        const char *key = object + 1 + strspn(object + 1, " \t\r\n");
        const char *value = *key == '"' ? strchr(key + 1, '"') : NULL;
        if (!value)
            return NULL;
        value += 1 + strspn(value + 1, " \t\r\n:");
        if (strncmp(key + 1, name, length) == 0 && key[1 + length] == '"')
            return value;
        object = json_skip(value);
    }
    return NULL;
}

/* Copies the text or number of this name. Gives `out`, which is empty where there is none, or null. */
static const char *json_text(const char *object, const char *name, char *out, size_t size)
{
    const char *value = json_value(object, name);
    const int quoted = value && *value == '"';
    size_t used = 0;
    out[0] = '\0';
    if (!value || strncmp(value, "null", 4) == 0)
        return out;
    for (value += quoted; *value && used + 1 < size; value++) {
        if (quoted ? *value == '"' : strchr(",}] \t\r\n", *value) != NULL)
            break;
        if (*value == '\\' && value[1] && value[1] != 'u') {
            value++;
            out[used++] = *value == 'n' ? '\n' : *value == 't' ? '\t' : *value == 'r' ? '\r' : *value;
        } else {
            out[used++] = *value;
        }
    }
    out[used] = '\0';
    return out;
}

#endif
