/* What a till keeps and hears, whatever it sells: its record, a line for each thing it knows, on the disk before it goes on,
 * and the events of its terminal. For a till in one file. */
#ifndef TORTURE_BOOKS_H
#define TORTURE_BOOKS_H

#include <ecrhub.h>

#include "values.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int record;
/* What is in the journal's way is meant to be. */
static int journal_may_fail;

/* Each window has its own; the till's own is 0. */
static _Thread_local int window;
static _Thread_local char run_name[64];
static _Thread_local ecrhub_handle terminal;
static _Thread_local char *event;
static _Thread_local size_t event_capacity;

static void give_up(const char *what, int32_t status)
{
    char why[1024] = "";
    ecrhub_last_error(why, sizeof why, NULL);
    fprintf(stderr, "run %s: %s: %s: %s\n", run_name, what, ecrhub_status_name(status), why);
    exit(1);
}

static void note(const char *format, ...)
{
    static _Thread_local char line[65536];
    va_list arguments;
    int head = window ? snprintf(line, sizeof line, "%d ", window) : 0, length;
    va_start(arguments, format);
    length = vsnprintf(line + head, sizeof line - 1 - (size_t)head, format, arguments);
    va_end(arguments);
    length = length < 0 ? length : head + length;
    if (length < 0 || (size_t)length >= sizeof line - 1)
        give_up("a line for the record is too long", 0);
    line[length++] = '\n';
    if (write(record, line, (size_t)length) != length || fdatasync(record) != 0)
        give_up("the record cannot be written", 0);
}

/* What an event says of an order. */
struct outcome {
    char id[128], kind[64], number[64], outcome[64], retold[16], recovered[16];
};

/* Whether it is one: anything else leaves no more than its id, where a request has completed. */
static int is_outcome(const char *json, struct outcome *told)
{
    char topic[64];
    told->id[0] = 0;
    value_of(json, "event", told->kind, sizeof told->kind);
    if (strcmp(told->kind, "completed") != 0 && strcmp(told->kind, "clarified") != 0)
        return 0;
    value_of(json, "request_id", told->id, sizeof told->id);
    value_of(json, "topic", topic, sizeof topic);
    if (strcmp(told->kind, "completed") == 0 && strcmp(topic, "ecrhub.pay.order") != 0)
        return 0;
    value_of(json, "merchant_order_no", told->number, sizeof told->number);
    value_of(json, "outcome", told->outcome, sizeof told->outcome);
    value_of(json, "retold", told->retold, sizeof told->retold);
    value_of(json, "recovered", told->recovered, sizeof told->recovered);
    return 1;
}

static void note_outcome(const struct outcome *told)
{
    note("O %s %s %s %s %s %s", told->number, told->id, told->kind, told->outcome, told->retold, told->recovered);
}

/* The next event into `event`, whatever its length. */
static int32_t next_event(int32_t timeout_ms)
{
    size_t length;
    int32_t status;
    while ((status = ecrhub_poll(terminal, timeout_ms, event, event_capacity, &length)) ==
           ECRHUB_ERR_BUFFER_TOO_SMALL) {
        event_capacity = length + 1;
        event = realloc(event, event_capacity);
        if (!event)
            give_up("no memory", 0);
    }
    if (status < 0 && status != ECRHUB_ERR_HANDLE)
        give_up("ecrhub_poll", status);
    return status;
}

/* What is open; NULL where nobody can say. */
static const char *pending(void)
{
    static _Thread_local char text[1 << 20];
    int32_t status = ecrhub_pending(terminal, text, sizeof text, NULL);
    if (status == ECRHUB_ERR_HANDLE || (status == ECRHUB_ERR_JOURNAL && journal_may_fail))
        return NULL;
    if (status != ECRHUB_OK)
        give_up("ecrhub_pending", status);
    return text;
}

#endif
