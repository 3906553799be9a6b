/* A till on the library's C interface. `till WHAT URL COUNT`, where WHAT is
 *   call       one request at a time by ecrhub_call
 *   poll       one at a time by ecrhub_send and ecrhub_poll
 *   pipelined  64 in flight by ecrhub_send and ecrhub_poll
 * In the environment: IN_FLIGHT=N has another number in flight; JOURNAL=FILE gives it a journal, and every order is
 * acknowledged after it was measured; FIRST=N is the number of the first order. */
#include "till.h"

static ecrhub_handle handle;

static void one_by_call(long serial)
{
    call(handle, serial);
}

static void one_by_poll(long serial)
{
    submit(handle, serial);
    next_event(handle);
    must_be_paid();
}

/* What a till with a journal does once it has the outcome in its own books. */
static void acknowledge(void)
{
    char id[65];
    const char *from = strstr(event, "\"request_id\":\"");
    MUST(from && sscanf(from + 14, "%64[^\"]", id) == 1);
    must(ecrhub_acknowledge(handle, id), "ecrhub_acknowledge");
}

static int64_t measure(void (*one)(long), long serial)
{
    int64_t took = now_ns();
    one(serial);
    took = now_ns() - took;
    if (getenv("JOURNAL"))
        acknowledge();
    return took;
}

static void roundtrip(void (*one)(long), long count)
{
    int64_t *samples = calloc((size_t)count, sizeof *samples), began, cpu;
    long first = getenv("FIRST") ? atol(getenv("FIRST")) : 0;
    for (long i = 0; i < WARM_UP; i++)
        measure(one, first + i);
    cpu = cpu_ns();
    began = now_ns();
    for (long i = 0; i < count; i++)
        samples[i] = measure(one, first + WARM_UP + i);
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
        submit(handle, sent);
    }
    for (long done = 0; done < count; done++) {
        long serial;
        next_event(handle);
        must_be_paid();
        serial = serial_of_event();
        samples[serial] = now_ns() - samples[serial];
        if (sent < count) {
            samples[sent] = now_ns();
            submit(handle, sent++);
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
    handle = connect_to(argv[2]);
    if (strcmp(argv[1], "call") == 0)
        roundtrip(one_by_call, count);
    else if (strcmp(argv[1], "poll") == 0)
        roundtrip(one_by_poll, count);
    else
        pipelined(count, in_flight ? atol(in_flight) : IN_FLIGHT);
    must(ecrhub_shutdown(), "ecrhub_shutdown");
    return 0;
}
