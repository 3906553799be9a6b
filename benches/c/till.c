/* A till on the library's C interface. `till WHAT URL COUNT`, where WHAT is
 *   call       one request at a time by ecrhub_call
 *   poll       one at a time by ecrhub_send and ecrhub_poll
 *   pipelined  64 in flight by ecrhub_send and ecrhub_poll
 * IN_FLIGHT=N in the environment has another number in flight; JOURNAL=FILE gives it a journal. */
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
