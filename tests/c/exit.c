/* Ending a process with everything still going on: open handles, an order on its way, a thread in ecrhub_poll. Nothing
 * waits for anything; the runner sees whether it ends, and how.
 *
 *     exit URL FOLDER return|exit|thread */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

static ecrhub_handle waited_for;
static atomic_int begun;

static void *wait_for_ever(void *ignored)
{
    char event[4096];
    atomic_store(&begun, 1);
    while (ecrhub_poll(waited_for, -1, event, sizeof event, NULL) == ECRHUB_OK)
        ;
    return ignored;
}

static void *end_it(void *ignored)
{
    exit(0);
    return ignored;
}

int main(int argc, char **argv)
{
    const char *how = argc > 3 ? argv[3] : "return";
    ecrhub_handle selling = connect_to(terminal_url(argc, argv));
    pthread_t waiter;
    char id[65];
    event_with(selling, "\"event\":\"connected\"");
    waited_for = connect_to(NOBODY);
    CHECK(pthread_create(&waiter, NULL, wait_for_ever, NULL) == 0);
    while (!atomic_load(&begun))
        sleep_ms(1);
    sleep_ms(100); /* and now it is blocked */
    /* .10: the customer takes a while. */
    STATUS(ECRHUB_OK, ecrhub_send(selling, sale(new_number(), "10.10"), 0, id, sizeof id, NULL));
    if (strcmp(how, "thread") == 0) {
        pthread_t other;
        CHECK(pthread_create(&other, NULL, end_it, NULL) == 0);
        pthread_join(other, NULL);
        CHECK(!"the process has ended");
    }
    if (strcmp(how, "exit") == 0)
        exit(0);
    CHECK(strcmp(how, "return") == 0);
    return 0;
}
