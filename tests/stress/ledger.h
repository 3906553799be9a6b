/* What the tills of one round have asked for and were told: which requests were accepted, on which handle, and how often
 * each completed. A request's place in the ledger is its request_id, so that an event leads back to it. */
#ifndef LEDGER_H
#define LEDGER_H

#include "library.h"

#include <stdatomic.h>

enum { REQUESTS_MOST = 400000, CONNECTIONS_MOST = 60000 };

struct request {
    unsigned connection;
    int is_order;
    /* Begun by ecrhub_start: its completion is read, as often as anybody likes, and not given once. */
    int is_started;
    /* What it came to as it was told last. */
    _Atomic(const char *) outcome;
    atomic_uchar accepted;
    /* Told for the first time, and told again. */
    atomic_uchar completed, retold;
};

struct connection {
    _Atomic ecrhub_handle handle;
    int kind;
    /* Nobody ended it before the round was over. */
    int lived;
};

static struct request *requests;
static struct connection *connections;
static atomic_uint requests_used, connections_used;

static void open_ledger(void)
{
    requests = calloc(REQUESTS_MOST, sizeof *requests);
    connections = calloc(CONNECTIONS_MOST, sizeof *connections);
    CHECK(requests && connections);
    /* Resident from the beginning, so that what grows is the library's. */
    memset(requests, 1, REQUESTS_MOST * sizeof *requests);
    memset(connections, 1, CONNECTIONS_MOST * sizeof *connections);
    memset(requests, 0, REQUESTS_MOST * sizeof *requests);
    memset(connections, 0, CONNECTIONS_MOST * sizeof *connections);
}

static void clear_ledger(void)
{
    memset(requests, 0, atomic_load(&requests_used) * sizeof *requests);
    memset(connections, 0, atomic_load(&connections_used) * sizeof *connections);
    /* Place 0 stands for none. */
    atomic_store(&requests_used, 1);
    atomic_store(&connections_used, 1);
}

/* A place nobody has, or 0 when they are used up. */
static unsigned new_place(atomic_uint *used, unsigned most)
{
    unsigned place = atomic_load(used);
    while (place < most && !atomic_compare_exchange_weak(used, &place, place + 1))
        ;
    return place < most ? place : 0;
}

/* The request an event or an entry of ecrhub_pending is about: the first request_id in it is the library's own. */
static unsigned request_of(const char *json)
{
    static const char member[] = "\"request_id\":\"R";
    const char *found = strstr(json, member);
    unsigned long place = found ? strtoul(found + strlen(member), NULL, 10) : 0;
    if (place == 0 || place >= atomic_load(&requests_used))
        FAIL("an event about a request that nobody made: %s", json);
    return (unsigned)place;
}

static int is_completion(const char *event) { return strstr(event, "\"event\":\"completed\"") != NULL; }

/* The outcome in an event; text that stays. */
static const char *outcome_of(const char *event)
{
    static const char *const outcomes[] = {"approved",    "declined", "cancelled", "not_found", "busy",
                                           "in_progress", "not_sent", "unknown",   "ok",        "refused"};
    static const char member[] = "\"outcome\":\"";
    const char *found = strstr(event, member);
    size_t i;
    for (i = 0; found && i < sizeof outcomes / sizeof *outcomes; i++) {
        size_t length = strlen(outcomes[i]);
        const char *value = found + strlen(member);
        if (strncmp(value, outcomes[i], length) == 0 && value[length] == '"')
            return outcomes[i];
    }
    FAIL("an event without an outcome: %s", event);
    return NULL;
}

/* The till was told of it. */
static void note_event(const char *event)
{
    unsigned place;
    if (strstr(event, "\"event\":\"clarified\""))
        atomic_store(&requests[request_of(event)].outcome, outcome_of(event));
    if (!is_completion(event))
        return;
    place = request_of(event);
    atomic_store(&requests[place].outcome, outcome_of(event));
    if (requests[place].is_started)
        /* Whoever reads it, reads it anew; that there is only one is what ecrhub_poll says. */
        atomic_store(&requests[place].completed, 1);
    else if (strstr(event, "\"retold\":true"))
        atomic_fetch_add(&requests[place].retold, 1);
    else if (atomic_fetch_add(&requests[place].completed, 1) > 0)
        FAIL("R%u completed twice: %s", place, event);
}

struct tally {
    unsigned long accepted, refused, completed, retold, ended;
};

/* The round is over, everything that lived was asked for everything, and what journals keep was told. */
static void settle_ledger(struct tally *tally, int (*has_journal)(int kind))
{
    unsigned place, last = atomic_load(&requests_used);
    for (place = 1; place < last; place++) {
        const struct request *request = &requests[place];
        const struct connection *connection = &connections[request->connection];
        unsigned completed = atomic_load(&request->completed), retold = atomic_load(&request->retold);
        if (!atomic_load(&request->accepted)) {
            tally->refused++;
            if (completed + retold > 0)
                FAIL("R%u was refused and has completed", place);
            continue;
        }
        tally->accepted++;
        tally->completed += completed;
        tally->retold += retold;
        if (connection->lived && completed != 1)
            FAIL("R%u was accepted on a handle that nobody ended, and completed %u times", place, completed);
        if (request->is_order && has_journal(connection->kind) && completed + retold == 0)
            FAIL("R%u is in a journal, and its till was never told", place);
        /* Its events went with the handle, before anybody fetched them. */
        tally->ended += completed + retold == 0;
    }
}

#endif
