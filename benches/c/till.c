/* A till on the library's C interface. `till WHAT URL COUNT`, where WHAT is
 *   call       one request at a time by ecrhub_call
 *   poll       one at a time by ecrhub_send and ecrhub_poll
 *   pipelined  64 in flight by ecrhub_send and ecrhub_poll
 *   beside     by ecrhub_call, one order without the journal JOURNAL and one with it, in turn: two lines of results
 *   grown      by ecrhub_call, after ROWS orders, again and again from the first one on
 * In the environment: IN_FLIGHT=N has another number in flight; JOURNAL=FILE gives it a journal, and every order is
 * acknowledged after it was measured. Where there are several journals, FILE is what their names begin with. */
#include "till.h"

static ecrhub_handle handle;
static int has_journal;

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
    must(ecrhub_acknowledge(handle, id, ECRHUB_OUTCOME_APPROVED), "ecrhub_acknowledge");
}

static int64_t measure(void (*one)(long), long serial)
{
    int64_t took = now_ns();
    one(serial);
    took = now_ns() - took;
    if (has_journal)
        acknowledge();
    return took;
}

static void roundtrip(void (*one)(long), long count)
{
    int64_t *samples = calloc((size_t)count, sizeof *samples), began, cpu;
    for (long i = 0; i < WARM_UP; i++)
        measure(one, i);
    cpu = cpu_ns();
    began = now_ns();
    for (long i = 0; i < count; i++)
        samples[i] = measure(one, WARM_UP + i);
    report(samples, count, now_ns() - began, cpu_ns() - cpu);
}

/* Which of ours the event completes: the number it was sent under. */
static long serial_of_event(void)
{
    const char *number = strstr(event, "\"merchant_order_no\":\"B");
    MUST(number);
    return atol(number + 22);
}

static void keep_in_flight(int64_t *samples, long first, long count, long in_flight)
{
    long sent = 0;
    for (; sent < in_flight && sent < count; sent++) {
        samples[sent] = now_ns();
        submit(handle, first + sent);
    }
    for (long done = 0; done < count; done++) {
        long serial;
        next_event(handle);
        must_be_paid();
        serial = serial_of_event() - first;
        samples[serial] = now_ns() - samples[serial];
        if (sent < count) {
            samples[sent] = now_ns();
            submit(handle, first + sent++);
        }
    }
}

static void pipelined(long count, long in_flight)
{
    int64_t *samples = calloc((size_t)(count > WARM_UP ? count : WARM_UP), sizeof *samples), began, cpu;
    keep_in_flight(samples, 0, WARM_UP, in_flight);
    cpu = cpu_ns();
    began = now_ns();
    keep_in_flight(samples, WARM_UP, count, in_flight);
    report(samples, count, now_ns() - began, cpu_ns() - cpu);
}

/* Order by order in turn, so that the machine's mood is the same for both: whoever waited for the disk was asleep, and so is
 * the terminal, and the next order has to wake them, be it kept or not. */
static void beside(const char *url, long count)
{
    int64_t *samples[2], cpu[2] = {0, 0}, wall[2] = {0, 0};
    ecrhub_handle handles[2];
    long warm_up = count / 4;
    handles[1] = connect_to(url);
    unsetenv("JOURNAL");
    handles[0] = connect_to(url);
    for (int i = 0; i < 2; i++)
        samples[i] = calloc((size_t)count, sizeof **samples);
    for (long serial = 0; serial < 2 * (warm_up + count); serial++) {
        int64_t used = cpu_ns(), took;
        has_journal = serial % 2;
        handle = handles[has_journal];
        took = measure(one_by_call, serial);
        if (serial < 2 * warm_up)
            continue;
        samples[has_journal][serial / 2 - warm_up] = took;
        wall[has_journal] += took;
        cpu[has_journal] += cpu_ns() - used;
    }
    for (int i = 0; i < 2; i++)
        report(samples[i], count, wall[i], cpu[i]);
}

/* What an order costs when there were `rows` before it: fresh terminals, one after the other, until enough were measured. At
 * most as many at each as there were before it, lest the first rows are lost in the later ones; ten at the least. */
static void grown(const char *url, long count, long rows)
{
    int64_t *samples = calloc((size_t)count, sizeof *samples), cpu = 0, wall = 0;
    long at_once = rows < 10 ? 10 : rows, serial = 0, done = 0;
    char *base = has_journal ? strdup(getenv("JOURNAL")) : NULL, file[512];
    while (done < count) {
        int64_t used, began;
        if (has_journal) {
            snprintf(file, sizeof file, "%s-%ld", base, done);
            setenv("JOURNAL", file, 1);
        }
        handle = connect_to(url);
        for (long i = 0; i < rows; i++)
            measure(one_by_call, serial++);
        used = cpu_ns();
        began = now_ns();
        for (long i = 0; i < at_once && done < count; i++)
            samples[done++] = measure(one_by_call, serial++);
        cpu += cpu_ns() - used;
        wall += now_ns() - began;
        must(ecrhub_disconnect(handle), "ecrhub_disconnect");
    }
    report(samples, count, wall, cpu);
}

int main(int argc, char **argv)
{
    const char *in_flight = getenv("IN_FLIGHT"), *rows = getenv("ROWS");
    long count;
    MUST(argc == 4);
    count = atol(argv[3]);
    has_journal = getenv("JOURNAL") != NULL;
    if (strcmp(argv[1], "beside") == 0)
        beside(argv[2], count);
    else if (strcmp(argv[1], "grown") == 0)
        grown(argv[2], count, rows ? atol(rows) : 0);
    else {
        handle = connect_to(argv[2]);
        if (strcmp(argv[1], "call") == 0)
            roundtrip(one_by_call, count);
        else if (strcmp(argv[1], "poll") == 0)
            roundtrip(one_by_poll, count);
        else
            pipelined(count, in_flight ? atol(in_flight) : IN_FLIGHT);
    }
    must(ecrhub_shutdown(), "ecrhub_shutdown");
    return 0;
}
