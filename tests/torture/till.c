/* A till that may be killed at any instant.
 *
 *     till URL JOURNAL RECORD NAME RUN SEED sell|heal close|share|windows
 *
 * It keeps its books in RECORD, a line for each thing it knows, on the disk before it goes on:
 *
 *     B run                                                  it begins; a window: it opens
 *     D                                                      a window is about to close
 *     N number cents                                         about to sell under this number, or to try again after busy
 *     S number request_id                                    ecrhub_send took it
 *     R number status                                        ecrhub_send or ecrhub_call refused it
 *     I number                                               ecrhub_call was interrupted; it lives on
 *     O number request_id event outcome retold recovered     told what became of it
 *     A number request_id                                    ecrhub_acknowledge took it
 *     P json                                                 what ecrhub_pending says at the end of healing
 *     E                                                      it ends in order
 *
 * "sell" sells until it is killed, or until its input ends: then it disconnects in the midst of it all. "heal" sells
 * nothing and ends when nothing is pending any more. "share" is a till that shares its terminal: it never closes an
 * order, and an order that never reached the terminal stays unknown. "windows" is a till with two windows, each a thread
 * with a handle of its own on the same terminal and journal; their lines begin with "1" or "2". */
#include "books.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A till that never closes heals for so long after the last news, in milliseconds. */
#define QUIET 3000

/* So often an order is sent again that the terminal was too busy for. */
#define TRIES 4

/* Far beyond what the configuration below allows anything to take. */
#define PATIENCE 60000

enum { ENDED, TOLD };

/* The till's own are at 0. */
enum { WINDOWS = 2 };

static char config[4096];
static int shares, has_windows;

/* Each window has its own. */
static _Thread_local uint64_t state;
/* How the order that completed last ended. */
static _Thread_local char newest[64];

/* What is to be disconnected when the till ends; nothing is opened after that. */
static pthread_mutex_t ending = PTHREAD_MUTEX_INITIALIZER;
static int is_ending;
static ecrhub_handle handles[WINDOWS + 1];

static uint64_t draw(uint64_t below)
{
    uint64_t mixed = state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return (mixed ^ mixed >> 31) % below;
}

/* Now and then the till is busy: the longer it takes between two steps, the more often it dies there. With an order
 * that is unknown it takes its time, so that the truth comes meanwhile. */
static void dawdle(const char *outcome)
{
    if (strcmp(outcome, "unknown") == 0)
        usleep((useconds_t)draw(600000));
    else if (draw(4) == 0)
        usleep((useconds_t)draw(100000));
}

/* Writes down what an order came to, and only then says so. Gives the request_id of what completed. */
static const char *take(const char *json)
{
    static _Thread_local struct outcome told;
    int32_t status;
    if (!is_outcome(json, &told))
        return told.id;
    if (strcmp(told.kind, "completed") == 0)
        strcpy(newest, told.outcome);
    dawdle(told.outcome);
    note_outcome(&told);
    dawdle(told.outcome);
    status = ecrhub_acknowledge(terminal, told.id, told.outcome);
    if (status == ECRHUB_OUTDATED)
        return told.id; /* its correction comes next */
    if (status == ECRHUB_OK)
        note("A %s %s", told.number, told.id);
    else if (status != ECRHUB_ERR_HANDLE)
        give_up("ecrhub_acknowledge", status);
    dawdle(told.outcome);
    return told.id;
}

/* Everything that is there. */
static int drain(void)
{
    int32_t status;
    while ((status = next_event(0)) == ECRHUB_OK)
        take(event);
    return status == ECRHUB_TIMEOUT ? TOLD : ENDED;
}

/* Until this request has completed. */
static int wait_for(const char *id)
{
    for (;;) {
        int32_t status = next_event(PATIENCE);
        if (status == ECRHUB_TIMEOUT) {
            fprintf(stderr, "run %s: %s does not complete\n", run_name, id);
            exit(1);
        }
        if (status != ECRHUB_OK)
            return ENDED;
        if (strcmp(take(event), id) == 0)
            return TOLD;
    }
}

/* What earlier runs left is told first; a till usually waits for it before it sells on. */
static int finish_the_old(void)
{
    time_t until = time(NULL) + PATIENCE / 1000;
    for (;;) {
        const char *open;
        if (drain() == ENDED || !(open = pending()))
            return ENDED;
        if (!strstr(open, "\"recovering\"") && !strstr(open, "\"in_flight\""))
            return TOLD;
        if (time(NULL) > until) {
            fprintf(stderr, "run %s: does not complete: %s\n", run_name, open);
            exit(1);
        }
        if (next_event(500) == ECRHUB_OK)
            take(event);
    }
}

static int32_t ask(const char *request, const char *number, char *id, size_t capacity)
{
    int32_t status = ecrhub_send(terminal, request, 0, id, capacity, NULL);
    if (status == ECRHUB_OK)
        note("S %s %s", number, id);
    else
        note("R %s %d", number, status);
    return status;
}

/* A number that no order had before, on the disk before anybody else hears of it. */
static void new_sale(char *number, size_t number_capacity, char *request, size_t capacity)
{
    /* Half of the customers just pay; the others do what the simulator's test amounts stand for. Left out are .55 to
     * .57, which only a person can find out, and what breaks an assumption. What takes long comes seldom. */
    static const int usual[] = {1,  2,  3,  4,  5,  6,  10, 11, 12, 14, 16, 20, 21, 22, 23, 24,
                                25, 26, 27, 28, 29, 30, 31, 33, 34, 35, 36, 37, 38, 39, 41, 49,
                                51, 52, 53, 54, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69,
                                83, 84, 85, 86, 91, 92};
    static const int slow[] = {13, 15, 32, 40, 42};
    /* A close is due at one window while the customer of the other takes his time. */
    static const int between_windows[] = {10, 11, 12, 12, 32, 32, 42, 42};
    static _Thread_local unsigned count;
    uint64_t which = draw(100);
    int cents = which < 50   ? 0
                : which < 95 ? usual[draw(sizeof usual / sizeof *usual)]
                             : slow[draw(sizeof slow / sizeof *slow)];
    if (has_windows && draw(3) == 0)
        cents = between_windows[draw(sizeof between_windows / sizeof *between_windows)];
    snprintf(number, number_capacity, "%sN%u", run_name, ++count);
    snprintf(request, capacity,
             "{\"topic\":\"ecrhub.pay.order\",\"biz_data\":{\"trans_type\":\"1\",\"merchant_order_no\":\"%s\","
             "\"order_amount\":\"%d.%02d\"}}",
             number, 1 + (int)draw(90), cents);
    note("N %s .%02d", number, cents);
}

/* Until its completion was taken, whatever it is. */
static int call(const char *number, const char *request)
{
    size_t length;
    int32_t status = ecrhub_call(terminal, request, 0, event, event_capacity, &length);
    if (status == ECRHUB_OK) {
        take(event);
        return drain();
    }
    if (status == ECRHUB_ERR_BUFFER_TOO_SMALL) {
        /* The answer was too long for it, and comes by ecrhub_poll. */
        return finish_the_old();
    }
    if (status == ECRHUB_INTERRUPTED)
        note("I %s", number);
    else
        note("R %s %d", number, status);
    return ENDED;
}

static int send_and_poll(const char *number, const char *request)
{
    char id[128];
    if (ask(request, number, id, sizeof id) != ECRHUB_OK)
        return ENDED;
    return wait_for(id);
}

/* Again under the same number while the terminal serves somebody else. */
static int sell_one(int (*by)(const char *, const char *))
{
    char number[64], request[512];
    int is_told, tries = 1;
    new_sale(number, sizeof number, request, sizeof request);
    newest[0] = 0;
    is_told = by(number, request);
    while (is_told == TOLD && strcmp(newest, "busy") == 0 && tries++ < TRIES) {
        usleep((useconds_t)draw(150000));
        if (drain() == ENDED)
            return ENDED;
        note("N %s again", number);
        newest[0] = 0;
        is_told = by(number, request);
    }
    return is_told;
}

/* The cashier changes his mind. */
static int sell_and_close(void)
{
    char number[64], request[512], id[128], closing[128];
    new_sale(number, sizeof number, request, sizeof request);
    if (ask(request, number, id, sizeof id) != ECRHUB_OK)
        return ENDED;
    usleep((useconds_t)draw(80000));
    snprintf(request, sizeof request, "{\"topic\":\"ecrhub.pay.close\",\"biz_data\":{\"merchant_order_no\":\"%s\"}}",
             number);
    if (ecrhub_send(terminal, request, 0, closing, sizeof closing, NULL) != ECRHUB_OK)
        return ENDED;
    if (finish_the_old() == ENDED)
        return ENDED;
    return TOLD;
}

/* Two at once for a terminal that takes one at a time. */
static int sell_two(void)
{
    char number[64], request[512], id[128];
    for (int i = 0; i < 2; i++) {
        new_sale(number, sizeof number, request, sizeof request);
        if (ask(request, number, id, sizeof id) != ECRHUB_OK)
            return ENDED;
    }
    return finish_the_old();
}

/* Opens the till, or one of its windows, unless it is to end. */
static int begin(void)
{
    int32_t status = ECRHUB_OK;
    int is_open;
    pthread_mutex_lock(&ending);
    is_open = !is_ending;
    if (is_open) {
        note("B %s", run_name);
        status = ecrhub_connect(config, &terminal);
        handles[window] = terminal;
    }
    pthread_mutex_unlock(&ending);
    if (status != ECRHUB_OK)
        give_up("ecrhub_connect", status);
    return is_open ? TOLD : ENDED;
}

/* The cashier closes the window while the customer pays, and opens it again. What it has left is the next one's. */
static int sell_and_reopen(void)
{
    char number[64], request[512], id[128];
    new_sale(number, sizeof number, request, sizeof request);
    if (ask(request, number, id, sizeof id) != ECRHUB_OK)
        return ENDED;
    usleep((useconds_t)draw(80000));
    /* With its line, as opening is: no other window may open in between. */
    pthread_mutex_lock(&ending);
    note("D");
    ecrhub_disconnect(terminal);
    pthread_mutex_unlock(&ending);
    usleep((useconds_t)draw(40000));
    return begin() == TOLD ? finish_the_old() : ENDED;
}

static void sell(void)
{
    int is_told = draw(4) ? finish_the_old() : drain();
    while (is_told == TOLD) {
        uint64_t how = draw(20);
        is_told = how < 9              ? sell_one(call)
                  : how < 17 || shares ? sell_one(send_and_poll)
                  : how == 19          ? sell_two()
                  : has_windows        ? sell_and_reopen()
                                       : sell_and_close();
    }
}

static void prepare(const char *run, uint64_t seed)
{
    snprintf(run_name, sizeof run_name, "%s", run);
    state = seed;
    event_capacity = 65536;
    event = malloc(event_capacity);
    if (!event)
        give_up("no memory", 0);
}

struct window {
    int number;
    const char *run;
    uint64_t seed;
    pthread_t thread;
};

static void *run_window(void *argument)
{
    const struct window *own = argument;
    char name[64];
    window = own->number;
    snprintf(name, sizeof name, "%s%c", own->run, 'A' + own->number - 1);
    prepare(name, own->seed + (uint64_t)own->number);
    if (begin() == TOLD)
        sell();
    free(event);
    return argument;
}

static void sell_in_windows(const char *run, uint64_t seed)
{
    struct window windows[WINDOWS];
    note("B %s", run);
    for (int i = 0; i < WINDOWS; i++) {
        windows[i] = (struct window){.number = i + 1, .run = run, .seed = seed};
        if (pthread_create(&windows[i].thread, NULL, run_window, &windows[i]) != 0)
            give_up("no thread", 0);
    }
    for (int i = 0; i < WINDOWS; i++)
        pthread_join(windows[i].thread, NULL);
}

/* What has no outcome, or none that was acknowledged. Unknown orders of a till that never closes may stay so. */
static int is_open(const char *open, int is_quiet)
{
    if (shares && is_quiet)
        return strstr(open, "\"recovering\"") || strstr(open, "\"in_flight\"") || strstr(open, "\"unacknowledged\"");
    return strcmp(open, "[]") != 0;
}

static void heal(void)
{
    time_t until = time(NULL) + PATIENCE / 1000;
    int quiet = 0;
    do {
        int32_t status = next_event(100);
        quiet = status == ECRHUB_OK ? 0 : quiet + 100;
        if (status == ECRHUB_OK)
            take(event);
        /* An unknown order is closed once on a connection. One whose close was refused, as another customer was at the
         * terminal then, gets its next one on the next connection. */
        if (has_windows && quiet >= QUIET) {
            ecrhub_disconnect(terminal);
            begin();
            quiet = 0;
        }
    } while (is_open(pending(), quiet >= QUIET) && time(NULL) < until);
    drain();
    note("P %s", pending());
}

static void *end_with_the_input(void *unused)
{
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    pthread_mutex_lock(&ending);
    is_ending = 1;
    for (int i = 0; i <= WINDOWS; i++)
        ecrhub_disconnect(handles[i]);
    pthread_mutex_unlock(&ending);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t watcher;
    int32_t status;
    int heals;
    if (argc != 9)
        return 2;
    heals = strcmp(argv[7], "heal") == 0;
    shares = strcmp(argv[8], "share") == 0;
    has_windows = strcmp(argv[8], "windows") == 0;
    record = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (record < 0)
        return 2;
    prepare(argv[5], strtoull(argv[6], NULL, 10));
    snprintf(config, sizeof config,
             "{\"url\":\"%s\",\"journal\":\"%s\",\"terminal\":\"%s\",\"app_id\":\"torture\",\"connect_timeout_ms\":500,"
             "\"send_timeout_ms\":1000,\"order_timeout_ms\":1000,\"request_timeout_ms\":1000,"
             "\"recovery_timeout_ms\":1000,\"recovery_interval_ms\":100,\"clarify_interval_ms\":200,"
             "\"ping_interval_ms\":300,\"ping_timeout_ms\":300,\"reconnect_min_ms\":20,\"reconnect_max_ms\":200,"
             "\"second_look_ms\":300,\"ping_interval_busy_ms\":100,\"close_lost_orders\":%s}",
             argv[1], argv[2], argv[4], shares ? "false" : "true");
    if (!heals && pthread_create(&watcher, NULL, end_with_the_input, NULL) != 0)
        return 2;
    if (has_windows && !heals)
        sell_in_windows(argv[5], state);
    else if (begin() == TOLD && heals)
        heal();
    else if (!heals)
        sell();
    if (!heals)
        pthread_join(watcher, NULL);
    status = ecrhub_shutdown();
    if (status != ECRHUB_OK)
        give_up("ecrhub_shutdown", status);
    note("E");
    free(event);
    return 0;
}
