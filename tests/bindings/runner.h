/* What the runners in C and C++ share: lines of JSON in, lines of JSON out. */
#ifndef RUNNER_H
#define RUNNER_H

#include "../../examples/c/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer than any command, any event, and any text in them. */
enum { LONG = 4 << 20, SHORT = 8192 };

/* What is to be sold or asked for many times. */
struct many {
    char prefix[64], amount[32];
    int is_query, count, threads;
};

static int json_number(const char *object, const char *name, int otherwise)
{
    const char *value = json_value(object, name);
    return value && (*value == '-' || (*value >= '0' && *value <= '9')) ? atoi(value) : otherwise;
}

/* A value as it is written: the JSON text of an object; what a text says. */
static const char *json_whole(const char *object, const char *name, char *out, size_t size)
{
    const char *value = json_value(object, name);
    size_t length;
    out[0] = '\0';
    if (!value)
        return out;
    if (*value == '"')
        return json_text(object, name, out, size);
    length = (size_t)(json_skip(value) - value);
    if (length < size) {
        memcpy(out, value, length);
        out[length] = '\0';
    }
    return out;
}

/* Whether a list of texts holds this one. */
static int json_lists(const char *object, const char *name, const char *word)
{
    static char list[SHORT], quoted[128];
    json_whole(object, name, list, sizeof list);
    snprintf(quoted, sizeof quoted, "\"%s\"", word);
    return strstr(list, quoted) != NULL;
}

static void print_quoted(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            printf("\\u%04x", *text);
        else
            putchar(*text);
    }
    putchar('"');
}

static void print_refused(const char *name, const char *message)
{
    printf("{\"refused\":{\"name\":\"%s\",\"message\":", name);
    print_quoted(message);
    printf("}}\n");
}

/* {"key":value}, where the value is JSON already. */
static void print_json(const char *key, const char *value)
{
    printf("{\"%s\":%s}\n", key, value);
}

static void print_request_id(const char *key, const char *id)
{
    printf("{\"%s\":{\"request_id\":\"%s\"}}\n", key, id);
}

static struct many read_many(const char *command)
{
    struct many many;
    char verb[16];
    json_text(command, "prefix", many.prefix, sizeof many.prefix);
    json_text(command, "amount", many.amount, sizeof many.amount);
    many.is_query = strcmp(json_text(command, "verb", verb, sizeof verb), "query") == 0;
    many.count = json_number(command, "count", 0);
    many.threads = json_number(command, "threads", 1);
    return many;
}

/* The request of one of them, and its number. */
static void write_one(const struct many *many, int index, char *number, char *request, size_t size)
{
    snprintf(number, 64, "%.40s%d", many->prefix, index);
    if (many->is_query)
        snprintf(request, size, "{\"topic\":\"ecrhub.pay.query\",\"biz_data\":{\"merchant_order_no\":\"%s\"}}", number);
    else
        snprintf(request, size,
                 "{\"topic\":\"ecrhub.pay.order\",\"biz_data\":{\"trans_type\":\"1\",\"merchant_order_no\":\"%s\","
                 "\"order_amount\":\"%s\"}}",
                 number, many->amount);
}

#endif
