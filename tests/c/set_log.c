/* The log callback: set, replaced, ended, and nothing called from inside it. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

struct seen {
    int calls;
    int32_t level;
    char message[2048];
};

static void remember(int32_t level, const char *message, void *user_data)
{
    struct seen *seen = user_data;
    seen->calls++;
    seen->level = level;
    snprintf(seen->message, sizeof seen->message, "%s", message);
}

static void it_gets_what_is_logged_up_to_its_level_every_time_it_is_set(void)
{
    int round;
    for (round = 0; round < 3; round++) {
        struct seen seen = {0};
        STATUS(ECRHUB_OK, ecrhub_set_log(remember, &seen, ECRHUB_LOG_DEBUG));
        STATUS(ECRHUB_ERR_HANDLE, ecrhub_wake(0));
        CHECK(seen.calls == 1 && seen.level == ECRHUB_LOG_DEBUG);
        CONTAINS(seen.message, "handle is 0");
        STATUS(ECRHUB_OK, ecrhub_set_log(remember, &seen, ECRHUB_LOG_INFO));
        STATUS(ECRHUB_ERR_HANDLE, ecrhub_wake(0));
        CHECK(seen.calls == 1);
        STATUS(ECRHUB_OK, ecrhub_set_log(remember, &seen, ECRHUB_LOG_TRACE));
        STATUS(ECRHUB_OK, ecrhub_set_log(NULL, NULL, 0));
        STATUS(ECRHUB_ERR_HANDLE, ecrhub_wake(0));
        CHECK(seen.calls == 1);
    }
}

static void a_refused_change_changes_nothing(void)
{
    struct seen seen = {0};
    STATUS(ECRHUB_OK, ecrhub_set_log(remember, &seen, ECRHUB_LOG_DEBUG));
    STATUS(ECRHUB_ERR_ARGUMENT, ecrhub_set_log(NULL, NULL, 7));
    CHECK(seen.calls == 1);
    STATUS(ECRHUB_OK, ecrhub_set_log(NULL, NULL, 0));
}

static void card_numbers_are_masked(void)
{
    struct seen seen = {0};
    STATUS(ECRHUB_OK, ecrhub_set_log(remember, &seen, ECRHUB_LOG_TRACE));
    STATUS(ECRHUB_ERR_ARGUMENT, ecrhub_resolve(1, "id", "4111111111111111", NULL));
    CHECK(seen.calls == 1);
    CONTAINS(seen.message, "outcome: one of");
    CHECK(strstr(seen.message, "4111111111111111") == NULL);
    STATUS(ECRHUB_OK, ecrhub_set_log(NULL, NULL, 0));
}

static void call_everything(int32_t level, const char *message, void *user_data)
{
    ecrhub_handle handle = 4711;
    char text[1024];
    size_t length;
    int32_t fd;
    void *event;
    (void)level, (void)message;
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_connect("ws://127.0.0.1:1", &handle));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_disconnect(1));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_shutdown());
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_send(1, "{}", 0, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_poll(1, -1, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_call(1, "{}", 0, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_start(1, "{}", 0, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_wait(1, "id", -1, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_json_get("{}", "a", text, sizeof text, &length));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_json_set("{}", "a", "b", text, sizeof text, &length));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_wake(1));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_wait_fd(1, &fd));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_wait_handle(1, &event));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_state(1, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_pending(1, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_acknowledge(1, "id", "approved"));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_resolve(1, "id", "approved", NULL));
    STATUS(ECRHUB_ERR_UNSUPPORTED, ecrhub_set_log(NULL, NULL, 0));
    STATUS(ECRHUB_OK, ecrhub_last_error(text, sizeof text, &length));
    CONTAINS(text, "inside the log callback");
    CHECK(ecrhub_abi_version() == ECRHUB_ABI_VERSION && ecrhub_version() && ecrhub_status_name(0));
    CHECK(handle == 4711);
    ++*(int *)user_data;
}

static void inside_of_it_every_call_is_refused(void)
{
    int calls = 0;
    STATUS(ECRHUB_OK, ecrhub_set_log(call_everything, &calls, ECRHUB_LOG_DEBUG));
    REFUSED(ECRHUB_ERR_HANDLE, "handle is 0", ecrhub_wake(0));
    CHECK(calls == 1);
    STATUS(ECRHUB_OK, ecrhub_set_log(NULL, NULL, 0));
}

static atomic_int entered, left;

static void take_a_while(int32_t level, const char *message, void *user_data)
{
    (void)level, (void)message, (void)user_data;
    atomic_store(&entered, 1);
    sleep_ms(200);
    atomic_store(&left, 1);
}

static void *refuse_once(void *ignored)
{
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_wake(0));
    return ignored;
}

static void ending_it_waits_until_it_is_not_running(void)
{
    pthread_t thread;
    STATUS(ECRHUB_OK, ecrhub_set_log(take_a_while, NULL, ECRHUB_LOG_DEBUG));
    CHECK(pthread_create(&thread, NULL, refuse_once, NULL) == 0);
    while (!atomic_load(&entered))
        sleep_ms(1);
    STATUS(ECRHUB_OK, ecrhub_set_log(NULL, NULL, 0));
    CHECK(atomic_load(&left) == 1);
    CHECK(pthread_join(thread, NULL) == 0);
}

static atomic_int finished;

static void *refuse_often(void *ignored)
{
    while (!atomic_load(&finished))
        ecrhub_wake(0);
    return ignored;
}

static void count(int32_t level, const char *message, void *user_data)
{
    (void)level, (void)message;
    atomic_fetch_add((atomic_int *)user_data, 1);
}

/* Whatever the old callback's user_data was is freed at once; valgrind sees a late use. */
static void it_may_be_replaced_while_it_is_called(void)
{
    pthread_t threads[2];
    atomic_int *now = NULL;
    int i;
    for (i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, refuse_often, NULL) == 0);
    for (i = 0; i < 50; i++) {
        atomic_int *next = calloc(1, sizeof *next);
        STATUS(ECRHUB_OK, ecrhub_set_log(count, next, ECRHUB_LOG_DEBUG));
        free(now);
        now = next;
        sleep_ms(1);
    }
    STATUS(ECRHUB_OK, ecrhub_set_log(NULL, NULL, 0));
    free(now);
    atomic_store(&finished, 1);
    for (i = 0; i < 2; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(void)
{
    it_gets_what_is_logged_up_to_its_level_every_time_it_is_set();
    a_refused_change_changes_nothing();
    card_numbers_are_masked();
    inside_of_it_every_call_is_refused();
    ending_it_waits_until_it_is_not_running();
    it_may_be_replaced_while_it_is_called();
    return 0;
}
