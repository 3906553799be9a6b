/* A till on the library's C interface. `till WHAT URL COUNT`, where WHAT is
 *   call       one request at a time by ecrhub_call
 *   poll       one at a time by ecrhub_send and ecrhub_poll
 *   pipelined  64 in flight by ecrhub_send and ecrhub_poll
 *   IN_FLIGHT=N in the environment has another number in flight; JOURNAL=FILE gives it a journal. */
#include "measure.h"

#include <ecrhub.h>

static ecrhub_handle handle;
static char event[8192];

static int order(char *json, size_t capacity, long serial)
{
    return snprintf(json, capacity,
                    "{\"topic\":\"ecrhub.pay.order\",\"biz_data\":{\"trans_type\":\"1\",\"merchant_order_no\":"
                    "\"B%015ld\",\"order_amount\":\"34.50\",\"price_currency\":\"USD\"}}",
                    serial);
}

static void must(int32_t status, const char *what)
{
    char why[1024] = "";
    if (status == ECRHUB_OK)
        return;
    ecrhub_last_error(why, sizeof why, NULL);
    fprintf(stderr, "%s: %s: %s\n", what, ecrhub_status_name(status), why);
    exit(1);
}

static void must_be_paid(void)
{
    MUST(strstr(event, "\"outcome\":\"approved\""));
}

static void next_event(void)
{
    must(ecrhub_poll(handle, 30000, event, sizeof event, NULL), "ecrhub_poll");
}

static void connect_to(const char *url)
{
    char config[1024];
    const char *journal = getenv("JOURNAL");
    snprintf(config, sizeof config, "{\"url\":\"%s\",\"app_id\":\"bench-till\"%s%s%s}", url,
             journal ? ",\"journal\":\"" : "", journal ? journal : "", journal ? "\"" : "");
    must(ecrhub_connect(config, &handle), "ecrhub_connect");
    do
        next_event();
    while (!strstr(event, "\"event\":\"connected\""));
}

static void one_by_call(long serial)
{
    char json[512];
    order(json, sizeof json, serial);
    must(ecrhub_call(handle, json, 0, event, sizeof event, NULL), "ecrhub_call");
    must_be_paid();
}

static void submit(long serial)
{
    char json[512], id[65];
    order(json, sizeof json, serial);
    must(ecrhub_send(handle, json, 0, id, sizeof id, NULL), "ecrhub_send");
}

static void one_by_poll(long serial)
{
    submit(serial);
    next_event();
    must_be_paid();
}

static void roundtrip(void (*one)(long), long count)
{
    int64_t *samples = calloc((size_t)count, sizeof *samples), began, cpu;
    for (long i = 0; i < WARM_UP; i++)
        one(i);
    cpu = cpu_ns();
    began = now_ns();
    for (long i = 0; i < count; i++) {
        int64_t before = now_ns();
        one(WARM_UP + i);
        samples[i] = now_ns() - before;
    }
    report(samples, count, now_ns() - began, cpu_ns() - cpu);
}

/* Which of ours the event completes: the number it was sent under. */
static long serial_of_event(void)
{
    const char *number = strstr(event, "\"merchant_order_no\":\"B");
    MUST(number);
    return atol(number + 22);
}

static void pipelined(long count, long in_flight)
{
    int64_t *samples = calloc((size_t)count, sizeof *samples), cpu = cpu_ns(), began = now_ns();
    long sent = 0;
    for (; sent < in_flight && sent < count; sent++) {
        samples[sent] = now_ns();
        submit(sent);
    }
    for (long done = 0; done < count; done++) {
        long serial;
        next_event();
        must_be_paid();
        serial = serial_of_event();
        samples[serial] = now_ns() - samples[serial];
        if (sent < count) {
            samples[sent] = now_ns();
            submit(sent++);
        }
    }
    report(samples, count, now_ns() - began, cpu_ns() - cpu);
}

int main(int argc, char **argv)
{
    const char *in_flight = getenv("IN_FLIGHT");
    long count;
    MUST(argc == 4);
    count = atol(argv[3]);
    connect_to(argv[2]);
    if (strcmp(argv[1], "call") == 0)
        roundtrip(one_by_call, count);
    else if (strcmp(argv[1], "poll") == 0)
        roundtrip(one_by_poll, count);
    else
        pipelined(count, in_flight ? atol(in_flight) : IN_FLIGHT);
    must(ecrhub_shutdown(), "ecrhub_shutdown");
    return 0;
}
