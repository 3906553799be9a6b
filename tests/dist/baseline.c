/* A program of the first hour: it calls every function ABI 1 began with, and takes a payment. It is built against the
 * baseline's header, and must run with every library of that ABI. */
#include <ecrhub.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[65536];

static void check(int good, const char *what)
{
    if (good)
        return;
    ecrhub_last_error(text, sizeof text, NULL);
    fprintf(stderr, "%s is not as it was: %s\n", what, text);
    exit(1);
}

#define CHECK(condition) check((condition) != 0, #condition)

static void on_log(int32_t level, const char *message, void *user_data)
{
    if (level >= ECRHUB_LOG_ERROR && level <= ECRHUB_LOG_TRACE && message[0] != 0)
        *(int *)user_data = 1;
}

static void what_needs_no_terminal(void)
{
    CHECK(ecrhub_abi_version() == ECRHUB_ABI_VERSION);
    CHECK(strlen(ecrhub_version()) >= 5);
    CHECK(strcmp(ecrhub_status_name(ECRHUB_ERR_BUFFER_TOO_SMALL), "ECRHUB_ERR_BUFFER_TOO_SMALL") == 0);
    CHECK(ecrhub_disconnect(0) == ECRHUB_ERR_HANDLE);
    CHECK(ecrhub_last_error(text, sizeof text, NULL) == ECRHUB_OK && text[0] != 0);
}

static void a_sale_by_call(ecrhub_handle terminal)
{
    size_t length = 0;
    CHECK(ecrhub_call(terminal,
                      "{\"topic\":\"ecrhub.pay.order\",\"app_id\":\"test\",\"biz_data\":{\"trans_type\":\"1\","
                      "\"merchant_order_no\":\"BASELINE1\",\"order_amount\":\"34.50\"}}",
                      0, text, sizeof text, &length) == ECRHUB_OK);
    CHECK(strlen(text) == length);
    CHECK(strstr(text, "\"event\":\"" ECRHUB_EVENT_COMPLETED "\""));
    CHECK(strstr(text, "\"outcome\":\"" ECRHUB_OUTCOME_APPROVED "\""));
}

static void a_query_by_send_and_poll(ecrhub_handle terminal, char *id, size_t capacity)
{
    CHECK(ecrhub_send(terminal,
                      "{\"topic\":\"ecrhub.pay.query\",\"app_id\":\"test\","
                      "\"biz_data\":{\"merchant_order_no\":\"BASELINE1\"}}",
                      0, id, capacity, NULL) == ECRHUB_OK);
    do
        CHECK(ecrhub_poll(terminal, 30000, text, sizeof text, NULL) == ECRHUB_OK);
    while (!strstr(text, id));
    CHECK(strstr(text, "\"outcome\":\"" ECRHUB_OUTCOME_APPROVED "\""));
}

static void a_sale_by_start_and_wait(ecrhub_handle terminal, char *id, size_t capacity)
{
    char request[512], outcome[32];
    CHECK(ecrhub_json_set("{\"topic\":\"ecrhub.pay.order\",\"app_id\":\"test\"}", "biz_data.trans_type", "1", request,
                          sizeof request, NULL) == ECRHUB_OK);
    CHECK(ecrhub_json_set(request, "biz_data.merchant_order_no", "BASELINE2", request, sizeof request, NULL) == ECRHUB_OK);
    CHECK(ecrhub_json_set(request, "biz_data.order_amount", "34.50", request, sizeof request, NULL) == ECRHUB_OK);
    CHECK(ecrhub_start(terminal, request, 0, id, capacity, NULL) == ECRHUB_OK);
    CHECK(ecrhub_wait(terminal, id, 30000, text, sizeof text, NULL) == ECRHUB_OK);
    CHECK(ecrhub_json_get(text, "outcome", outcome, sizeof outcome, NULL) == ECRHUB_OK);
    CHECK(strcmp(outcome, ECRHUB_OUTCOME_APPROVED) == 0);
    CHECK(ecrhub_json_get(text, "error", outcome, sizeof outcome, NULL) == ECRHUB_NOTHING);
    CHECK(ecrhub_poll(terminal, 0, text, sizeof text, NULL) == ECRHUB_TIMEOUT);
}

static void what_is_asked_of_a_terminal(ecrhub_handle terminal)
{
    int32_t fd = -1;
    CHECK(ecrhub_state(terminal, text, sizeof text, NULL) == ECRHUB_OK && strstr(text, "\"connected\""));
    CHECK(ecrhub_pending(terminal, text, sizeof text, NULL) == ECRHUB_OK && strstr(text, "BASELINE1"));
    CHECK(ecrhub_wait_fd(terminal, &fd) == ECRHUB_OK && fd >= 0);
    CHECK(ecrhub_wake(terminal) == ECRHUB_OK);
    CHECK(ecrhub_poll(terminal, -1, text, sizeof text, NULL) == ECRHUB_INTERRUPTED);
    CHECK(ecrhub_poll(terminal, 0, text, sizeof text, NULL) == ECRHUB_TIMEOUT);
}

int main(int argc, char **argv)
{
    int logged = 0;
    char id[65];
    ecrhub_handle terminal = 0;
    CHECK(argc == 2);
    what_needs_no_terminal();
    CHECK(ecrhub_set_log(on_log, &logged, ECRHUB_LOG_TRACE) == ECRHUB_OK);
    CHECK(ecrhub_connect(argv[1], &terminal) == ECRHUB_OK && terminal != 0);
    a_sale_by_call(terminal);
    a_query_by_send_and_poll(terminal, id, sizeof id);
    what_is_asked_of_a_terminal(terminal);
    CHECK(ecrhub_acknowledge(terminal, id, ECRHUB_OUTCOME_DECLINED) == ECRHUB_OUTDATED);
    CHECK(ecrhub_acknowledge(terminal, id, ECRHUB_OUTCOME_APPROVED) == ECRHUB_OK);
    a_sale_by_start_and_wait(terminal, id, sizeof id);
    CHECK(ecrhub_resolve(terminal, id, ECRHUB_OUTCOME_APPROVED, NULL) == ECRHUB_ERR_ARGUMENT);
    CHECK(ecrhub_disconnect(terminal) == ECRHUB_OK);
    CHECK(ecrhub_shutdown() == ECRHUB_OK);
    CHECK(ecrhub_set_log(NULL, NULL, ECRHUB_LOG_OFF) == ECRHUB_OK);
    CHECK(logged);
    return 0;
}
