/* Threads that call everything, at random, on handles they share; the library is loaded, used, shut down and unloaded
 * again and again.
 *
 *     stress SEED SECONDS FOLDER GOOD_URL ODD_URL [no-fork]
 *
 * Each round: load it, let the threads call for a while, wait for what is still in flight, ask the journals for what was
 * left, shut down, unload. Then every request that was accepted must have completed once (at most once where its handle
 * was ended, and no journal kept it), and descriptors, threads and memory must be what they were before.
 *
 * SEED repeats the calls of each thread; how the threads' calls meet differs from run to run. */
#include "library.h"

#include "footprint.h"
#include "ledger.h"

#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 16, SLOTS = 12, ROUND_MS = 2000 };

/* Far beyond what the configurations below allow anything to take, also in a sanitizer's run. */
enum { PATIENCE_MS = 120000 };

static const char *folder, *good_url, *odd_url;
static uint64_t seed;
static unsigned round_number;
static int may_fork = 1;

/* The connections that the threads share; 0 for none. */
static atomic_uint slots[SLOTS];
static atomic_int is_over;
static atomic_int working;

/* What is connected to: a terminal, or nobody, with a journal or without. */
static const struct {
    int is_odd, is_nobody, journal;
    const char *more;
} kinds[] = {
    {0, 0, 0, ""},
    {0, 0, 1, ""},
    {0, 0, 1, ",\"max_in_flight\":4"},
    {1, 0, 0, ",\"max_queue_bytes\":65536"},
    {1, 0, 2, ""},
    {1, 0, 2, ",\"close_lost_orders\":false"},
    {0, 1, 0, ""},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static int has_journal(int kind) { return kinds[kind].journal != 0; }

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void sleep_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

#define ACTIONS(each)                                                                                                  \
    each(poll, 600) each(send, 400) each(call, 200) each(start, 100) each(wait, 200) each(state, 160) each(pending, 80) each(acknowledge, 150)          \
        each(resolve, 20) each(connect, 60) each(disconnect, 20) each(shutdown, 1) each(wake, 100) each(wait_fd, 40)   \
            each(set_log, 40) each(reload, 20) each(fork_child, 2) each(refusals, 60)

#define NAME_OF(action, weight) action##_action,
enum action { ACTIONS(NAME_OF) ACTION_COUNT };
#define TEXT_OF(action, weight) #action,
static const char *const action_names[] = {ACTIONS(TEXT_OF)};
#define WEIGHT_OF(action, weight) weight,
static const int action_weights[] = {ACTIONS(WEIGHT_OF)};

struct worker {
    pthread_t thread;
    uint64_t random;
    unsigned long done[ACTION_COUNT];
    char text[65536];
};

static unsigned long calls_of[ACTION_COUNT];

static unsigned roll(struct worker *me, unsigned below) { return (unsigned)(next_random(&me->random) % below); }

static ecrhub_handle handle_in(struct worker *me, unsigned *connection)
{
    *connection = atomic_load(&slots[roll(me, SLOTS)]);
    return *connection ? atomic_load(&connections[*connection].handle) : 0;
}

/* For the calls that need no more than a handle. */
static ecrhub_handle any_handle(struct worker *me)
{
    unsigned connection;
    return handle_in(me, &connection);
}

static void config_of(int kind, char *config, size_t capacity)
{
    const char *url = kinds[kind].is_nobody ? "ws://127.0.0.1:1" : kinds[kind].is_odd ? odd_url : good_url;
    char journal[512] = "";
    if (kinds[kind].journal)
        snprintf(journal, sizeof journal, ",\"journal\":\"%s/stress-%u-%d.db\"", folder, round_number,
                 kinds[kind].journal);
    snprintf(config, capacity,
             "{\"url\":\"%s\",\"app_id\":\"stress\",\"order_timeout_ms\":1500,\"request_timeout_ms\":1500,"
             "\"send_timeout_ms\":1000,\"recovery_timeout_ms\":1500,\"recovery_interval_ms\":100,"
             "\"clarify_interval_ms\":1000,\"second_look_ms\":300,\"reconnect_min_ms\":5,\"reconnect_max_ms\":100%s%s}",
             url, journal, kinds[kind].more);
}

static void do_connect(struct worker *me)
{
    char config[2048];
    ecrhub_handle handle = 0;
    unsigned none = 0, connection = new_place(&connections_used, CONNECTIONS_MOST);
    int kind = (int)roll(me, KINDS);
    atomic_uint *slot = &slots[roll(me, SLOTS)];
    if (connection == 0 || atomic_load(slot) != 0)
        return;
    config_of(kind, config, sizeof config);
    STATUS(library.connect(config, &handle), ECRHUB_OK);
    CHECK(handle > UINT32_MAX);
    connections[connection].kind = kind;
    atomic_store(&connections[connection].handle, handle);
    if (!atomic_compare_exchange_strong(slot, &none, connection))
        STATUS(library.disconnect(handle), ECRHUB_OK, ECRHUB_ERR_HANDLE);
}

static void do_disconnect(struct worker *me)
{
    unsigned connection = atomic_exchange(&slots[roll(me, SLOTS)], 0);
    if (connection)
        STATUS(library.disconnect(atomic_load(&connections[connection].handle)), ECRHUB_OK, ECRHUB_ERR_HANDLE);
}

static void do_shutdown(struct worker *me)
{
    int i;
    (void)me;
    for (i = 0; i < SLOTS; i++)
        atomic_store(&slots[i], 0);
    STATUS(library.shutdown(), ECRHUB_OK);
}

static void do_wake(struct worker *me) { STATUS(library.wake(any_handle(me)), ECRHUB_OK, ECRHUB_ERR_HANDLE); }

/* The test amounts of the simulator that break something; see docs/simulator.md. */
static const int odd_cents[] = {1,  2,  15, 20, 21, 22, 24, 30, 32, 33, 34, 36, 37, 38, 39, 40, 42, 49,
                                51, 52, 53, 54, 57, 58, 59, 62, 63, 64, 66, 67, 68, 69, 74, 78, 82, 88};

/* A request of this place in the ledger, on this connection. */
static void request_text(struct worker *me, unsigned place, unsigned connection, char *text, size_t capacity)
{
    int cents = 0;
    requests[place].is_order = roll(me, 3) == 0;
    if (!requests[place].is_order) {
        snprintf(text, capacity,
                 "{\"topic\":\"ecrhub.pay.query\",\"request_id\":\"R%u\","
                 "\"biz_data\":{\"merchant_order_no\":\"S%uN%u\"}}",
                 place, round_number, roll(me, place) + 1);
        return;
    }
    if (kinds[connections[connection].kind].is_odd && roll(me, 2) == 0)
        cents = odd_cents[roll(me, sizeof odd_cents / sizeof *odd_cents)];
    snprintf(text, capacity,
             "{\"topic\":\"ecrhub.pay.order\",\"request_id\":\"R%u\",\"biz_data\":{\"trans_type\":\"1\","
             "\"merchant_order_no\":\"S%uN%u\",\"order_amount\":\"%u.%02d\"}}",
             place, round_number, place, 20 + roll(me, 80), cents);
}

/* Begins a request; 0 when there is no handle for it. */
static ecrhub_handle new_request(struct worker *me, unsigned *place, char *text, size_t capacity)
{
    unsigned connection;
    ecrhub_handle handle = handle_in(me, &connection);
    *place = handle ? new_place(&requests_used, REQUESTS_MOST) : 0;
    if (*place == 0)
        return 0;
    requests[*place].connection = connection;
    request_text(me, *place, connection, text, capacity);
    return handle;
}

static void do_send(struct worker *me)
{
    char request[512], id[65];
    unsigned place;
    ecrhub_handle handle = new_request(me, &place, request, sizeof request);
    size_t capacity = roll(me, 20) == 0 ? 1 : sizeof id;
    if (handle && STATUS(library.send(handle, request, 0, id, capacity, NULL), ECRHUB_OK, ECRHUB_ERR_BUSY,
                         ECRHUB_ERR_HANDLE, ECRHUB_ERR_BUFFER_TOO_SMALL) == ECRHUB_OK) {
        atomic_store(&requests[place].accepted, 1);
        CHECK(strtoul(id + 1, NULL, 10) == place);
    }
}

static void do_start(struct worker *me)
{
    char request[512], id[65];
    unsigned place;
    ecrhub_handle handle = new_request(me, &place, request, sizeof request);
    if (!handle)
        return;
    requests[place].is_started = 1;
    if (STATUS(library.start(handle, request, 0, id, sizeof id, NULL), ECRHUB_OK, ECRHUB_ERR_BUSY,
               ECRHUB_ERR_HANDLE) == ECRHUB_OK)
        atomic_store(&requests[place].accepted, 1);
}

/* One of the newest that was started. */
static void do_wait(struct worker *me)
{
    static const int32_t timeouts[] = {0, 1, 50, -1};
    unsigned newest = atomic_load(&requests_used), back = roll(me, 64) + 1;
    unsigned place = newest > back ? newest - back : 0;
    size_t capacity = roll(me, 20) == 0 ? 16 : sizeof me->text;
    int32_t timeout = timeouts[roll(me, sizeof timeouts / sizeof *timeouts)];
    char id[32];
    if (!atomic_load(&requests[place].accepted) || !requests[place].is_started)
        return;
    snprintf(id, sizeof id, "R%u", place);
    if (STATUS(library.wait(atomic_load(&connections[requests[place].connection].handle), id, timeout, me->text,
                            capacity, NULL),
               ECRHUB_OK, ECRHUB_TIMEOUT, ECRHUB_INTERRUPTED, ECRHUB_ERR_ARGUMENT, ECRHUB_ERR_HANDLE,
               ECRHUB_ERR_BUFFER_TOO_SMALL) == ECRHUB_OK) {
        CHECK(is_completion(me->text) && request_of(me->text) == place);
        note_event(me->text);
    }
}

static void do_call(struct worker *me)
{
    char request[512];
    unsigned place;
    ecrhub_handle handle = new_request(me, &place, request, sizeof request);
    size_t capacity = roll(me, 20) == 0 ? 16 : sizeof me->text;
    int32_t status;
    if (!handle)
        return;
    status = STATUS(library.call(handle, request, 0, me->text, capacity, NULL), ECRHUB_OK, ECRHUB_INTERRUPTED,
                    ECRHUB_ERR_BUSY, ECRHUB_ERR_HANDLE, ECRHUB_ERR_BUFFER_TOO_SMALL);
    if (status == ECRHUB_OK || status == ECRHUB_INTERRUPTED || status == ECRHUB_ERR_BUFFER_TOO_SMALL)
        atomic_store(&requests[place].accepted, 1);
    if (status == ECRHUB_OK) {
        CHECK(is_completion(me->text) && request_of(me->text) == place);
        note_event(me->text);
    }
}

/* The handle that started a request never gives its completion by ecrhub_poll. */
static void note_polled(ecrhub_handle handle, const char *event)
{
    if (is_completion(event)) {
        const struct request *request = &requests[request_of(event)];
        if (request->is_started && atomic_load(&connections[request->connection].handle) == handle)
            FAIL("what was started came by ecrhub_poll: %s", event);
    }
    note_event(event);
}

static void do_poll(struct worker *me)
{
    static const int32_t timeouts[] = {0, 0, 1, 20, 100, -1};
    ecrhub_handle handle = any_handle(me);
    size_t capacity = roll(me, 20) == 0 ? 16 : sizeof me->text;
    int32_t timeout = timeouts[roll(me, sizeof timeouts / sizeof *timeouts)];
    if (STATUS(library.poll(handle, timeout, me->text, capacity, NULL), ECRHUB_OK, ECRHUB_TIMEOUT, ECRHUB_INTERRUPTED,
               ECRHUB_ERR_HANDLE, ECRHUB_ERR_BUFFER_TOO_SMALL) == ECRHUB_OK)
        note_polled(handle, me->text);
}

static void do_state(struct worker *me)
{
    STATUS(library.state(any_handle(me), me->text, sizeof me->text, NULL), ECRHUB_OK, ECRHUB_ERR_HANDLE);
}

static void do_pending(struct worker *me)
{
    STATUS(library.pending(any_handle(me), me->text, sizeof me->text, NULL), ECRHUB_OK, ECRHUB_ERR_HANDLE,
           ECRHUB_ERR_BUFFER_TOO_SMALL);
}

static void do_wait_fd(struct worker *me)
{
    int32_t fd;
    STATUS(library.wait_fd(any_handle(me), &fd), ECRHUB_OK, ECRHUB_ERR_HANDLE);
}

/* One of the newest requests that the till was told of. */
static unsigned told_lately(struct worker *me)
{
    unsigned newest = atomic_load(&requests_used), back = roll(me, 64) + 1;
    unsigned place = newest > back ? newest - back : 0;
    return atomic_load(&requests[place].completed) ? place : 0;
}

static void do_acknowledge(struct worker *me)
{
    char id[32];
    unsigned place = told_lately(me);
    const char *outcome = atomic_load(&requests[place].outcome);
    snprintf(id, sizeof id, "R%u", place);
    if (outcome)
        STATUS(library.acknowledge(any_handle(me), id, roll(me, 10) ? outcome : "declined"), ECRHUB_OK, ECRHUB_OUTDATED,
               ECRHUB_ERR_ARGUMENT, ECRHUB_ERR_HANDLE);
}

static void do_resolve(struct worker *me)
{
    char id[32];
    unsigned place = told_lately(me);
    snprintf(id, sizeof id, "R%u", place);
    if (place)
        STATUS(library.resolve(any_handle(me), id, "declined", "by the stress test"), ECRHUB_OK, ECRHUB_ERR_ARGUMENT,
               ECRHUB_ERR_HANDLE);
}

/* What the log callback was given last, and who may replace it. A use after it was replaced is a use after free. */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_ulong *log_data;

static void count_lines(int32_t level, const char *message, void *user_data)
{
    unsigned long lines = atomic_fetch_add((atomic_ulong *)user_data, 1);
    CHECK(level >= ECRHUB_LOG_ERROR && level <= ECRHUB_LOG_TRACE && message[0]);
    if (lines % 64 == 0)
        STATUS(library.wake(1), ECRHUB_ERR_UNSUPPORTED);
    if (lines % 256 == 0)
        sleep_ms(1);
}

static void set_log(int32_t level)
{
    atomic_ulong *next = level ? calloc(1, sizeof *next) : NULL;
    pthread_mutex_lock(&log_lock);
    STATUS(library.set_log(level ? count_lines : NULL, next, level), ECRHUB_OK);
    free(log_data);
    log_data = next;
    pthread_mutex_unlock(&log_lock);
}

static void do_set_log(struct worker *me) { set_log((int32_t)roll(me, 6)); }

static void do_reload(struct worker *me)
{
    (void)me;
    CHECK(dlclose(load()) == 0);
}

/* A till in a child has its parent's handles refused, and may have its own. */
static void in_the_child(ecrhub_handle parents)
{
    char config[2048], event[4096];
    ecrhub_handle own = 0;
    alarm(60); /* a lock that is held for ever shows as this signal */
    STATUS(library.wake(parents), ECRHUB_ERR_FORKED, ECRHUB_ERR_HANDLE);
    config_of(KINDS - 1, config, sizeof config);
    STATUS(library.connect(config, &own), ECRHUB_OK);
    STATUS(library.poll(own, 30000, event, sizeof event, NULL), ECRHUB_OK);
    STATUS(library.disconnect(own), ECRHUB_OK);
    STATUS(library.shutdown(), ECRHUB_OK);
    _exit(0);
}

static void do_fork_child(struct worker *me)
{
    ecrhub_handle parents = any_handle(me);
    int status;
    pid_t child = may_fork ? fork() : -1;
    if (child == 0)
        in_the_child(parents);
    if (child < 0 && may_fork)
        FAIL("fork failed");
    if (child > 0 && (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0))
        FAIL("a forked child ended with the wait status %d", status);
}

/* What no handle is, and what no call takes. */
static void do_refusals(struct worker *me)
{
    ecrhub_handle wrong = next_random(&me->random) | 1;
    STATUS(library.wake(wrong), ECRHUB_ERR_HANDLE);
    STATUS(library.poll(any_handle(me), 0, NULL, 7, NULL), ECRHUB_ERR_ARGUMENT);
    STATUS(library.send(any_handle(me), "{}", 0, me->text, sizeof me->text, NULL), ECRHUB_ERR_REQUEST,
           ECRHUB_ERR_HANDLE);
    STATUS(library.connect("{\"url\":7}", &wrong), ECRHUB_ERR_CONFIG);
}

#define FUNCTION_OF(action, weight) do_##action,
static void (*const actions[])(struct worker *) = {ACTIONS(FUNCTION_OF)};

static void step(struct worker *me)
{
    int all = 0, action;
    unsigned place;
    for (action = 0; action < ACTION_COUNT; action++)
        all += action_weights[action];
    place = roll(me, (unsigned)all);
    for (action = 0; place >= (unsigned)action_weights[action]; action++)
        place -= (unsigned)action_weights[action];
    actions[action](me);
    me->done[action]++;
}

static void *work(void *argument)
{
    while (!atomic_load(&is_over))
        step(argument);
    atomic_fetch_sub(&working, 1);
    return NULL;
}

/* Those that wait for ever are woken until they have noticed that it is over. */
static void wake_everybody(void)
{
    int i;
    for (i = 0; i < SLOTS; i++) {
        unsigned connection = atomic_load(&slots[i]);
        if (connection)
            STATUS(library.wake(atomic_load(&connections[connection].handle)), ECRHUB_OK, ECRHUB_ERR_HANDLE);
    }
}

static void let_them_work(void)
{
    static struct worker workers[THREADS];
    long long deadline;
    int i, action;
    atomic_store(&is_over, 0);
    atomic_store(&working, THREADS);
    for (i = 0; i < THREADS; i++) {
        workers[i].random = seed ^ ((uint64_t)round_number << 32) ^ (uint64_t)i << 56;
        memset(workers[i].done, 0, sizeof workers[i].done);
        CHECK(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
    sleep_ms(ROUND_MS);
    atomic_store(&is_over, 1);
    for (deadline = now_ms() + PATIENCE_MS; atomic_load(&working) > 0; sleep_ms(5)) {
        wake_everybody();
        if (now_ms() > deadline)
            FAIL("%d threads do not come back", atomic_load(&working));
    }
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_join(workers[i].thread, NULL) == 0);
        for (action = 0; action < ACTION_COUNT; action++)
            calls_of[action] += workers[i].done[action];
    }
}

static long member_of(const char *state, const char *name)
{
    const char *found = strstr(state, name);
    CHECK(found);
    return strtol(found + strlen(name), NULL, 10);
}

/* A terminal's longest answer is in its event twice. */
static char text[4 << 20];

/* What was started on a handle and nobody has read yet. */
static void read_what_was_started(ecrhub_handle handle)
{
    unsigned place, last = atomic_load(&requests_used);
    char id[32];
    for (place = 1; place < last; place++) {
        const struct request *request = &requests[place];
        if (!request->is_started || !atomic_load(&request->accepted) || atomic_load(&request->completed) ||
            atomic_load(&connections[request->connection].handle) != handle)
            continue;
        snprintf(id, sizeof id, "R%u", place);
        STATUS(library.wait(handle, id, 0, text, sizeof text, NULL), ECRHUB_OK);
        note_event(text);
    }
}

/* Everything that is in flight on a handle, and all that waits to be fetched. */
static void fetch_everything(struct connection *connection)
{
    ecrhub_handle handle = atomic_load(&connection->handle);
    long long deadline = now_ms() + PATIENCE_MS;
    if (STATUS(library.state(handle, text, sizeof text, NULL), ECRHUB_OK, ECRHUB_ERR_HANDLE) != ECRHUB_OK)
        return;
    connection->lived = 1;
    while (member_of(text, "\"in_flight\":") > 0 || member_of(text, "\"events_waiting\":") > 0) {
        if (now_ms() > deadline)
            FAIL("it does not come to an end: %s", text);
        if (STATUS(library.poll(handle, 100, text, sizeof text, NULL), ECRHUB_OK, ECRHUB_TIMEOUT,
                   ECRHUB_INTERRUPTED) == ECRHUB_OK)
            note_event(text);
        STATUS(library.state(handle, text, sizeof text, NULL), ECRHUB_OK);
    }
    read_what_was_started(handle);
}

/* Acknowledges what the till was told, and decides what stays unknown. */
static void tidy_up(ecrhub_handle handle, char *pending)
{
    char *entry = pending, id[32];
    while ((entry = strstr(entry, "\"request_id\":\"R")) != NULL) {
        const char *unknown = strstr(entry, "\"state\":\"unknown\"");
        char *next = strstr(entry + 1, "\"request_id\":\"R");
        unsigned place = request_of(entry);
        snprintf(id, sizeof id, "R%u", place);
        if (atomic_load(&requests[place].completed) + atomic_load(&requests[place].retold) > 0) {
            STATUS(library.acknowledge(handle, id, atomic_load(&requests[place].outcome)), ECRHUB_OK, ECRHUB_OUTDATED,
                   ECRHUB_ERR_ARGUMENT);
            if (unknown && (!next || unknown < next))
                STATUS(library.resolve(handle, id, "declined", NULL), ECRHUB_OK, ECRHUB_ERR_ARGUMENT);
        }
        entry++;
    }
}

/* As a till does that starts again: connects to each journal, and asks until nothing is open there. */
static void recover(int kind)
{
    long long deadline = now_ms() + PATIENCE_MS;
    ecrhub_handle handle;
    char config[2048];
    config_of(kind, config, sizeof config);
    STATUS(library.connect(config, &handle), ECRHUB_OK);
    for (;;) {
        while (STATUS(library.poll(handle, 50, text, sizeof text, NULL), ECRHUB_OK, ECRHUB_TIMEOUT) == ECRHUB_OK)
            note_event(text);
        STATUS(library.pending(handle, text, sizeof text, NULL), ECRHUB_OK);
        if (strcmp(text, "[]") == 0)
            break;
        if (now_ms() > deadline)
            FAIL("it stays open: %.4000s", text);
        tidy_up(handle, text);
    }
    STATUS(library.disconnect(handle), ECRHUB_OK);
}

static struct tally tally;

/* In a thread of its own: the library stays in memory for as long as a thread lives that has called ecrhub_connect. */
static void *play(void *ignored)
{
    int i, kind, last = 0;
    clear_ledger();
    memset(slots, 0, sizeof slots);
    let_them_work();
    for (i = 0; i < SLOTS; i++) {
        unsigned connection = atomic_load(&slots[i]);
        if (connection)
            fetch_everything(&connections[connection]);
    }
    STATUS(library.shutdown(), ECRHUB_OK);
    for (kind = 0; kind < KINDS; kind++) {
        if (kinds[kind].journal != last)
            recover(kind);
        last = kinds[kind].journal ? kinds[kind].journal : last;
    }
    set_log(0);
    STATUS(library.shutdown(), ECRHUB_OK);
    settle_ledger(&tally, has_journal);
    return ignored;
}

static void *do_nothing(void *nothing) { return nothing; }

/* What the system and a sanitizer keep from the first thread on is there before anything is counted. */
static void have_had_a_thread(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, do_nothing, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void play_round(void)
{
    pthread_t thread;
    load_library();
    CHECK(pthread_create(&thread, NULL, play, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    unload_library();
}

static void print_calls(void)
{
    unsigned long all = 0;
    int action;
    for (action = 0; action < ACTION_COUNT; action++) {
        printf("%s %lu, ", action_names[action], calls_of[action]);
        all += calls_of[action];
    }
    printf("in all %lu calls of %d threads in %u rounds\n", all, THREADS, round_number);
    printf("requests: %lu accepted, %lu refused; %lu completed once, %lu told again, %lu ended with their handle\n",
           tally.accepted, tally.refused, tally.completed, tally.retold, tally.ended);
}

int main(int argc, char **argv)
{
    struct footprint before, after;
    long long until;
    CHECK(argc > 5);
    seed = strtoull(argv[1], NULL, 10);
    until = now_ms() + strtol(argv[2], NULL, 10) * 1000;
    folder = argv[3], good_url = argv[4], odd_url = argv[5];
    may_fork = argc < 7 || strcmp(argv[6], "no-fork") != 0;
    open_ledger();
    have_had_a_thread();
    before = footprint();
    do {
        round_number++;
        play_round();
        after = footprint();
        check_footprint(&before, &after);
    } while (now_ms() < until);
    print_calls();
    print_footprint("before:", &before);
    print_footprint("after:", &after);
    free(requests);
    free(connections);
    /* Nothing was made for nothing. */
    CHECK(tally.accepted > 0 && tally.completed > 0);
    return 0;
}
