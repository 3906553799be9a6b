/* A till whose system fails it.
 *
 *     till URL JOURNAL RECORD NAME RUN sell|leave|heal CENTS...
 *
 * It keeps the record that tests/torture/till.c describes, and two lines more:
 *
 *     C status                  ecrhub_connect refused it
 *     F number status           ecrhub_acknowledge refused it
 *
 * "sell" sells one order after the other, and takes it that the journal fails: it connects again, sells again under the
 * same number, and acknowledges again, each up to three times; when an order was refused three times it shuts everything down, begins
 * anew, and goes on with the next. "leave" does so without acknowledging, and dies as soon as
 * the last order is sent. "heal" takes no failure; it first waits until nothing is pending, and sells then. */
#include "../torture/books.h"

#include <fcntl.h>

#define TRIES 3

/* So often it listens, for so many milliseconds each time; far beyond what the configuration below allows anything to
 * take. It does not look at a clock, as those may jump. */
#define PATIENCE 1500
#define A_MOMENT 20

static int acknowledges;
static char config[4096];
/* Of `sell`: how many orders it has begun. */
static unsigned orders;

static void acknowledge(const struct outcome *told)
{
    for (int i = 0; i < TRIES; i++) {
        int32_t status = ecrhub_acknowledge(terminal, told->id, told->outcome);
        if (status == ECRHUB_OK)
            note("A %s %s", told->number, told->id);
        /* Where it is outdated, the correction comes next. */
        if (status == ECRHUB_OK || status == ECRHUB_OUTDATED)
            return;
        if (status != ECRHUB_ERR_JOURNAL || !journal_may_fail)
            give_up("ecrhub_acknowledge", status);
        note("F %s %d", told->number, status);
    }
}

/* Writes down what an order came to, and only then says so. Gives the request_id of what completed. */
static const char *take(const char *json)
{
    static struct outcome told;
    if (is_outcome(json, &told)) {
        note_outcome(&told);
        if (acknowledges)
            acknowledge(&told);
    }
    return told.id;
}

/* Takes what comes within the next moment. */
static void listen(void)
{
    if (next_event(A_MOMENT) == ECRHUB_OK)
        take(event);
}

static int is_connecting(void)
{
    char text[4096], state[32];
    int32_t status = ecrhub_state(terminal, text, sizeof text, NULL);
    if (status == ECRHUB_ERR_JOURNAL && journal_may_fail)
        return 0;
    if (status != ECRHUB_OK)
        give_up("ecrhub_state", status);
    value_of(text, "state", state, sizeof state);
    return strcmp(state, "connected") != 0;
}

/* Whether orders of earlier runs are still being found out. */
static int is_searching(void)
{
    const char *open = pending();
    return open && (strstr(open, "\"recovering\"") || strstr(open, "\"in_flight\""));
}

static int is_anything_open(void)
{
    const char *open = pending();
    return open && strcmp(open, "[]") != 0;
}

static void listen_while(int (*is_so)(void), const char *what)
{
    for (int i = 0; is_so(); i++) {
        if (i == PATIENCE)
            give_up(what, ECRHUB_TIMEOUT);
        listen();
    }
}

static void wait_for(const char *id)
{
    for (int i = 0; i < PATIENCE; i++)
        if (next_event(A_MOMENT) == ECRHUB_OK && strcmp(take(event), id) == 0)
            return;
    give_up("an order does not complete", ECRHUB_TIMEOUT);
}

/* Connects, and hears of earlier orders. */
static int open_terminal(void)
{
    int i;
    for (i = 0; i < TRIES; i++) {
        int32_t status = ecrhub_connect(config, &terminal);
        if (status == ECRHUB_OK)
            break;
        if (status != ECRHUB_ERR_JOURNAL || !journal_may_fail)
            give_up("ecrhub_connect", status);
        note("C %d", status);
    }
    if (i == TRIES)
        return 0;
    listen_while(is_connecting, "it does not connect");
    listen_while(is_searching, "earlier orders stay open");
    return 1;
}

/* Sends it, and takes its completion unless the till dies first. Half of the orders are called, half are polled for. */
static int32_t sell_as(const char *number, const char *request, int dies)
{
    char id[128];
    int32_t status;
    if (orders % 2 && !dies) {
        status = ecrhub_call(terminal, request, 0, event, event_capacity, NULL);
        if (status == ECRHUB_OK)
            take(event);
        return status;
    }
    status = ecrhub_send(terminal, request, 0, id, sizeof id, NULL);
    if (status != ECRHUB_OK)
        return status;
    note("S %s %s", number, id);
    if (dies)
        _exit(0);
    wait_for(id);
    return status;
}

/* Whether the till can go on: the order was taken, or the till has begun anew. Disconnecting is not enough for that: while
 * the old handle says goodbye to its terminal, the next one shares its journal. */
static int sell(const char *cents, int dies)
{
    char number[96], request[512];
    snprintf(number, sizeof number, "%sN%u", run_name, ++orders);
    snprintf(request, sizeof request,
             "{\"topic\":\"ecrhub.pay.order\",\"biz_data\":{\"trans_type\":\"1\",\"merchant_order_no\":\"%s\","
             "\"order_amount\":\"7.%s\"}}",
             number, cents);
    for (int i = 0; i < TRIES; i++) {
        int32_t status;
        note("N %s .%s", number, cents);
        status = sell_as(number, request, dies);
        if (status == ECRHUB_OK)
            return 1;
        if (status != ECRHUB_ERR_JOURNAL || !journal_may_fail)
            give_up("an order is refused", status);
        note("R %s %d", number, status);
    }
    if (ecrhub_shutdown() != ECRHUB_OK)
        give_up("ecrhub_shutdown", ECRHUB_ERR_INTERNAL);
    note("B %s", run_name);
    return open_terminal();
}

/* Unknown orders are asked about without end: how long ago they became so is read off a clock that may jump. */
static void configure(const char *url, const char *journal, const char *name)
{
    snprintf(config, sizeof config,
             "{\"url\":\"%s\",\"journal\":\"%s\",\"terminal\":\"%s\",\"app_id\":\"faults\",\"connect_timeout_ms\":1000,"
             "\"send_timeout_ms\":2000,\"order_timeout_ms\":150,\"request_timeout_ms\":300,"
             "\"recovery_timeout_ms\":200,\"recovery_interval_ms\":40,\"clarify_interval_ms\":80,\"clarify_days\":0,"
             "\"ping_interval_ms\":300,\"ping_timeout_ms\":300,\"reconnect_min_ms\":20,\"reconnect_max_ms\":100,"
             "\"second_look_ms\":60,\"ping_interval_busy_ms\":100}",
             url, journal, name);
}

static void sell_all(int argc, char **argv, int leaves)
{
    for (int i = 0; i < argc; i++)
        if (!sell(argv[i], leaves && i + 1 == argc))
            return;
}

int main(int argc, char **argv)
{
    int heals, leaves;
    int32_t status;
    if (argc < 7)
        return 2;
    snprintf(run_name, sizeof run_name, "%s", argv[5]);
    heals = strcmp(argv[6], "heal") == 0;
    leaves = strcmp(argv[6], "leave") == 0;
    journal_may_fail = !heals && !leaves;
    acknowledges = !leaves;
    event_capacity = 65536;
    event = malloc(event_capacity);
    record = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (record < 0 || !event)
        return 2;
    note("B %s", run_name);
    configure(argv[1], argv[2], argv[4]);
    if (open_terminal()) {
        if (heals)
            listen_while(is_anything_open, "something stays open");
        sell_all(argc - 7, argv + 7, leaves);
        if (heals) {
            listen_while(is_anything_open, "something stays open");
            note("P %s", pending());
        }
    }
    status = ecrhub_shutdown();
    if (status != ECRHUB_OK)
        give_up("ecrhub_shutdown", status);
    note("E");
    free(event);
    return 0;
}
