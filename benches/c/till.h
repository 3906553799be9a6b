/* What the tills on the library's C interface share. */
#ifndef TILL_H
#define TILL_H

#include "measure.h"

#include <ecrhub.h>

static char event[8192];

static inline void must(int32_t status, const char *what)
{
    char why[1024] = "";
    if (status == ECRHUB_OK)
        return;
    ecrhub_last_error(why, sizeof why, NULL);
    fprintf(stderr, "%s: %s: %s\n", what, ecrhub_status_name(status), why);
    exit(1);
}

/* As a till writes it: the envelope is the library's to fill. */
static inline void order(char *json, size_t capacity, long serial)
{
    snprintf(json, capacity,
             "{\"topic\":\"ecrhub.pay.order\",\"biz_data\":{\"trans_type\":\"1\",\"merchant_order_no\":"
             "\"B%015ld\",\"order_amount\":\"34.50\",\"price_currency\":\"USD\"}}",
             serial);
}

static inline void must_be_paid(void)
{
    MUST(strstr(event, "\"outcome\":\"approved\""));
}

static inline void next_event(ecrhub_handle handle)
{
    must(ecrhub_poll(handle, 30000, event, sizeof event, NULL), "ecrhub_poll");
}

/* JOURNAL=FILE in the environment gives it a journal. */
static inline ecrhub_handle begin_connecting(const char *url)
{
    char config[1024];
    ecrhub_handle handle;
    const char *journal = getenv("JOURNAL");
    snprintf(config, sizeof config, "{\"url\":\"%s\",\"app_id\":\"bench-till\"%s%s%s}", url,
             journal ? ",\"journal\":\"" : "", journal ? journal : "", journal ? "\"" : "");
    must(ecrhub_connect(config, &handle), "ecrhub_connect");
    return handle;
}

static inline void await_connected(ecrhub_handle handle)
{
    do
        next_event(handle);
    while (!strstr(event, "\"event\":\"connected\""));
}

static inline ecrhub_handle connect_to(const char *url)
{
    ecrhub_handle handle = begin_connecting(url);
    await_connected(handle);
    return handle;
}

static inline void call(ecrhub_handle handle, long serial)
{
    char json[512];
    order(json, sizeof json, serial);
    must(ecrhub_call(handle, json, 0, event, sizeof event, NULL), "ecrhub_call");
    must_be_paid();
}

static inline void submit(ecrhub_handle handle, long serial)
{
    char json[512], id[65];
    order(json, sizeof json, serial);
    must(ecrhub_send(handle, json, 0, id, sizeof id, NULL), "ecrhub_send");
}

#endif
