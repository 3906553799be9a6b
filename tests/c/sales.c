/* Orders at a terminal: sent or called, each completes once, with its own answer. */
#include "check.h"

#include <pthread.h>

static const char *url;

static void a_sale_that_is_called_gives_its_completion(void)
{
    ecrhub_handle handle = connect_to(url);
    char event[8192], number[64];
    size_t length;
    strcpy(number, new_number());
    STATUS(ECRHUB_OK, ecrhub_call(handle, sale(number, "10.00"), 0, event, sizeof event, &length));
    CHECK(strlen(event) == length);
    CONTAINS(event, "\"event\":\"completed\"");
    CONTAINS(event, "\"outcome\":\"approved\"");
    CONTAINS(event, "\"sent\":\"yes\"");
    CONTAINS(event, number);
    STATUS(ECRHUB_OK, ecrhub_call(handle, sale(new_number(), "10.01"), 0, event, sizeof event, NULL));
    CONTAINS(event, "\"outcome\":\"declined\"");
    /* What else happened stays for poll, and the completions do not come twice. */
    STATUS(ECRHUB_OK, ecrhub_poll(handle, SOON, event, sizeof event, NULL));
    CONTAINS(event, "\"event\":\"connected\"");
    STATUS(ECRHUB_TIMEOUT, ecrhub_poll(handle, 100, event, sizeof event, NULL));
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

static void a_sale_that_is_sent_completes_by_poll(void)
{
    ecrhub_handle handle = connect_to(url);
    char id[65];
    const char *event;
    STATUS(ECRHUB_OK, ecrhub_send(handle, sale(new_number(), "10.00"), 5000, id, sizeof id, NULL));
    event = event_with(handle, "\"event\":\"completed\"");
    CONTAINS(event, id);
    CONTAINS(event, "\"outcome\":\"approved\"");
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

static void a_completion_too_large_for_call_comes_by_poll(void)
{
    ecrhub_handle handle = connect_to(url);
    char small[64] = "untouched", event[16384], number[64];
    size_t needed = 0, length = 0;
    event_with(handle, "\"event\":\"connected\"");
    strcpy(number, new_number());
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_call(handle, sale(number, "10.00"), 0, small, sizeof small, &needed));
    CHECK(strcmp(small, "untouched") == 0 && needed >= sizeof small);
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_poll(handle, 0, event, needed, NULL));
    STATUS(ECRHUB_OK, ecrhub_poll(handle, 0, event, needed + 1, &length));
    CHECK(length == needed);
    CONTAINS(event, number);
    CONTAINS(event, "\"outcome\":\"approved\"");
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

static void a_sale_that_is_started_is_read_with_wait_again_and_again(void)
{
    ecrhub_handle handle = connect_to(url);
    char id[65], tiny[8] = "as was", small[64] = "untouched", event[16384], again[16384], outcome[32];
    size_t needed = 0, length = 0;
    event_with(handle, "\"event\":\"connected\"");
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_start(handle, sale(new_number(), "10.00"), 0, tiny, sizeof tiny, &needed));
    CHECK(strcmp(tiny, "as was") == 0 && needed > 8); /* and nothing was sent */
    STATUS(ECRHUB_OK, ecrhub_start(handle, sale(new_number(), "10.10"), 0, id, sizeof id, NULL));
    STATUS(ECRHUB_TIMEOUT, ecrhub_wait(handle, id, 0, event, sizeof event, NULL));
    STATUS(ECRHUB_TIMEOUT, ecrhub_wait(handle, id, 20, event, sizeof event, NULL));
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_wait(handle, id, -1, small, sizeof small, &needed));
    CHECK(strcmp(small, "untouched") == 0 && needed >= sizeof small);
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_wait(handle, id, 0, NULL, 0, &length));
    CHECK(length == needed);
    STATUS(ECRHUB_OK, ecrhub_wait(handle, id, 0, event, needed + 1, &length));
    CHECK(length == needed && strlen(event) == length);
    STATUS(ECRHUB_OK, ecrhub_wait(handle, id, -1, again, sizeof again, NULL));
    CHECK(strcmp(event, again) == 0);
    STATUS(ECRHUB_OK, ecrhub_json_get(event, "outcome", outcome, sizeof outcome, NULL));
    CHECK(strcmp(outcome, ECRHUB_OUTCOME_APPROVED) == 0);
    STATUS(ECRHUB_TIMEOUT, ecrhub_poll(handle, 100, event, sizeof event, NULL));
    STATUS(ECRHUB_OUTDATED, ecrhub_acknowledge(handle, id, ECRHUB_OUTCOME_UNKNOWN));
    STATUS(ECRHUB_OK, ecrhub_acknowledge(handle, id, outcome));
    REFUSED(ECRHUB_ERR_ARGUMENT, id, ecrhub_wait(handle, id, 0, event, sizeof event, NULL));
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

/* A request in one buffer, step by step. */
static void a_request_is_built_and_its_answer_read_without_a_json_library(void)
{
    ecrhub_handle handle = connect_to(url);
    char request[512] = "{}", event[8192], text[256];
    size_t length = 0;
    STATUS(ECRHUB_OK, ecrhub_json_set(request, "topic", "ecrhub.pay.order", request, sizeof request, NULL));
    STATUS(ECRHUB_OK, ecrhub_json_set(request, "app_id", "test", request, sizeof request, NULL));
    STATUS(ECRHUB_OK, ecrhub_json_set(request, "biz_data.trans_type", "1", request, sizeof request, NULL));
    STATUS(ECRHUB_OK, ecrhub_json_set(request, "biz_data.merchant_order_no", new_number(), request, sizeof request, NULL));
    STATUS(ECRHUB_OK, ecrhub_json_set(request, "biz_data.attach", "a \"quoted\" note\n", request, sizeof request, NULL));
    STATUS(ECRHUB_OK, ecrhub_json_set(request, "biz_data.order_amount", "10.00", request, sizeof request, NULL));
    STATUS(ECRHUB_OK, ecrhub_json_set(request, "biz_data.tip_amount", "1.00", request, sizeof request, NULL));
    STATUS(ECRHUB_OK, ecrhub_json_set(request, "biz_data.tip_amount", NULL, request, sizeof request, &length));
    CHECK(strlen(request) == length && !strstr(request, "tip_amount"));
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_json_set(request, "biz_data.description", "x", request, length, NULL));
    CHECK(strlen(request) == length);
    STATUS(ECRHUB_OK, ecrhub_call(handle, request, 0, event, sizeof event, NULL));
    STATUS(ECRHUB_OK, ecrhub_json_get(event, "fields.attach", text, sizeof text, &length));
    CHECK(strcmp(text, "a \"quoted\" note\n") == 0 && length == strlen(text));
    STATUS(ECRHUB_NOTHING, ecrhub_json_get(event, "error", text, sizeof text, &length));
    STATUS(ECRHUB_NOTHING, ecrhub_json_get(event, "fields.none.at.all", text, sizeof text, &length));
    CHECK(length == strlen(text));
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_json_get(event, "outcome", text, 8, &length));
    CHECK(length == 8);
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

struct till {
    pthread_t thread;
    ecrhub_handle handle;
    char sold[64];
};

static void *ask_often(void *argument)
{
    struct till *till = argument;
    char event[8192];
    int i;
    for (i = 0; i < 20; i++) {
        STATUS(ECRHUB_OK, ecrhub_call(till->handle, query(till->sold), 0, event, sizeof event, NULL));
        CONTAINS(event, till->sold);
        CONTAINS(event, "\"outcome\":\"approved\"");
    }
    return NULL;
}

static void threads_that_share_a_handle_get_each_their_own_completions(void)
{
    ecrhub_handle handle = connect_to(url);
    struct till tills[3];
    char event[8192];
    int i;
    for (i = 0; i < 3; i++) {
        tills[i].handle = handle;
        strcpy(tills[i].sold, new_number());
        STATUS(ECRHUB_OK, ecrhub_call(handle, sale(tills[i].sold, "10.00"), 0, event, sizeof event, NULL));
    }
    for (i = 0; i < 3; i++)
        CHECK(pthread_create(&tills[i].thread, NULL, ask_often, &tills[i]) == 0);
    for (i = 0; i < 3; i++)
        CHECK(pthread_join(tills[i].thread, NULL) == 0);
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

static void the_state_tells_where_it_is_connected(void)
{
    ecrhub_handle handle = connect_to(url);
    char state[4096];
    event_with(handle, "\"event\":\"connected\"");
    STATUS(ECRHUB_OK, ecrhub_state(handle, state, sizeof state, NULL));
    CONTAINS(state, "\"state\":\"connected\"");
    CONTAINS(state, url);
    STATUS(ECRHUB_OK, ecrhub_pending(handle, state, sizeof state, NULL));
    CHECK(strcmp(state, "[]") == 0);
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

/* The stdcall DLL calls back as it is called. */
#ifdef STDCALL
#define CONVENTION __stdcall
#else
#define CONVENTION
#endif

/* What a host's own log would be: one lock, and lines. */
struct host_log {
    pthread_mutex_t lock;
    char lines[8192];
};

static void CONVENTION keep(int32_t level, const char *message, void *user_data)
{
    struct host_log *log = user_data;
    const size_t longest = sizeof log->lines - 1;
    CHECK(level >= ECRHUB_LOG_ERROR && level <= ECRHUB_LOG_INFO);
    pthread_mutex_lock(&log->lock);
    strncat(log->lines, message, longest - strlen(log->lines));
    strncat(log->lines, "\n", longest - strlen(log->lines));
    pthread_mutex_unlock(&log->lock);
}

/* A line may come after what it tells of, from the library's thread. */
static void wait_for_line(struct host_log *log, const char *part)
{
    int waited_ms, is_there = 0;
    for (waited_ms = 0; !is_there && waited_ms < SOON; waited_ms += 10) {
        pthread_mutex_lock(&log->lock);
        is_there = strstr(log->lines, part) != NULL;
        pthread_mutex_unlock(&log->lock);
        if (!is_there)
            sleep_ms(10);
    }
}

static void the_log_tells_what_happens_and_keeps_nobody_waiting(void)
{
    static struct host_log log = {PTHREAD_MUTEX_INITIALIZER, ""};
    ecrhub_handle handle;
    char event[8192], number[64], expected[128];
    STATUS(ECRHUB_OK, ecrhub_set_log(keep, &log, ECRHUB_LOG_INFO));
    pthread_mutex_lock(&log.lock);
    handle = connect_to(url);
    /* By now the library's thread waits inside the callback, for the lock that this one holds. */
    sleep_ms(200);
    STATUS(ECRHUB_OK, ecrhub_state(handle, event, sizeof event, NULL));
    CONTAINS(event, "\"state\":\"connected\"");
    pthread_mutex_unlock(&log.lock);
    strcpy(number, new_number());
    STATUS(ECRHUB_OK, ecrhub_call(handle, sale(number, "10.00"), 0, event, sizeof event, NULL));
    wait_for_line(&log, "): approved\n");
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
    STATUS(ECRHUB_OK, ecrhub_set_log(NULL, NULL, ECRHUB_LOG_OFF));
    CONTAINS(log.lines, ": connected\n");
    snprintf(expected, sizeof expected, "%s: order %s (", url, number);
    CONTAINS(log.lines, expected);
    CONTAINS(log.lines, ") is taken\n");
    CONTAINS(log.lines, "): approved\n");
}

int main(int argc, char **argv)
{
    url = terminal_url(argc, argv);
    a_sale_that_is_called_gives_its_completion();
    a_sale_that_is_sent_completes_by_poll();
    a_sale_that_is_started_is_read_with_wait_again_and_again();
    a_request_is_built_and_its_answer_read_without_a_json_library();
    a_completion_too_large_for_call_comes_by_poll();
    threads_that_share_a_handle_get_each_their_own_completions();
    the_state_tells_where_it_is_connected();
    the_log_tells_what_happens_and_keeps_nobody_waiting();
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    return 0;
}
