/* No argument crashes the library, and each that is wrong is refused by its name. */
#include "check.h"

/* Each is no UTF-8 in another way: a stray byte, one too few, a surrogate, an overlong NUL, too large. */
static const char *const not_utf8[] = {"\xff", "ab\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80"};
#define BROKEN (sizeof not_utf8 / sizeof not_utf8[0])

static void null_texts_are_refused_by_name(void)
{
    ecrhub_handle handle = 4711;
    char text[64];
    REFUSED(ECRHUB_ERR_ARGUMENT, "config_json is NULL", ecrhub_connect(NULL, &handle));
    CHECK(handle == 4711);
    REFUSED(ECRHUB_ERR_ARGUMENT, "request_json is NULL", ecrhub_send(1, NULL, 0, text, sizeof text, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "request_json is NULL", ecrhub_call(1, NULL, 0, text, sizeof text, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "request_id is NULL", ecrhub_acknowledge(1, NULL, "approved"));
    REFUSED(ECRHUB_ERR_ARGUMENT, "outcome is NULL", ecrhub_acknowledge(1, "id", NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "request_json is NULL", ecrhub_start(1, NULL, 0, text, sizeof text, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "request_id is NULL", ecrhub_wait(1, NULL, 0, text, sizeof text, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "json is NULL", ecrhub_json_get(NULL, "a", text, sizeof text, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "path is NULL", ecrhub_json_get("{}", NULL, text, sizeof text, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "path is NULL", ecrhub_json_set(NULL, NULL, NULL, text, sizeof text, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "request_id is NULL", ecrhub_resolve(1, NULL, "approved", "note"));
    REFUSED(ECRHUB_ERR_ARGUMENT, "outcome is NULL", ecrhub_resolve(1, "id", NULL, "note"));
}

static void null_outputs_are_refused_by_name(void)
{
    REFUSED(ECRHUB_ERR_ARGUMENT, "out_handle is NULL", ecrhub_connect("ws://127.0.0.1:1", NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "out_fd is NULL", ecrhub_wait_fd(1, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "out_handle is NULL", ecrhub_wait_handle(1, NULL));
}

static void null_buffers_with_a_capacity_are_refused(void)
{
    REFUSED(ECRHUB_ERR_ARGUMENT, "buffer is NULL", ecrhub_send(1, "{}", 0, NULL, 1, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "buffer is NULL", ecrhub_poll(1, 0, NULL, 1, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "buffer is NULL", ecrhub_call(1, "{}", 0, NULL, 1, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "buffer is NULL", ecrhub_start(1, "{}", 0, NULL, 1, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "buffer is NULL", ecrhub_wait(1, "id", 0, NULL, 1, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "buffer is NULL", ecrhub_json_get("{}", "a", NULL, 1, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "buffer is NULL", ecrhub_json_set(NULL, "a", "b", NULL, 1, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "buffer is NULL", ecrhub_state(1, NULL, 1, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "buffer is NULL", ecrhub_pending(1, NULL, (size_t)-1, NULL));
    STATUS(ECRHUB_ERR_ARGUMENT, ecrhub_last_error(NULL, 1, NULL));
}

static void texts_that_are_not_utf8_are_refused_by_name(void)
{
    ecrhub_handle handle = 4711;
    size_t i;
    for (i = 0; i < BROKEN; i++) {
        const char *broken = not_utf8[i];
        REFUSED(ECRHUB_ERR_ARGUMENT, "config_json is not UTF-8", ecrhub_connect(broken, &handle));
        REFUSED(ECRHUB_ERR_ARGUMENT, "request_json is not UTF-8", ecrhub_send(1, broken, 0, NULL, 0, NULL));
        REFUSED(ECRHUB_ERR_ARGUMENT, "request_json is not UTF-8", ecrhub_call(1, broken, 0, NULL, 0, NULL));
        REFUSED(ECRHUB_ERR_ARGUMENT, "request_id is not UTF-8", ecrhub_acknowledge(1, broken, "approved"));
        REFUSED(ECRHUB_ERR_ARGUMENT, "outcome is not UTF-8", ecrhub_acknowledge(1, "id", broken));
        REFUSED(ECRHUB_ERR_ARGUMENT, "request_json is not UTF-8", ecrhub_start(1, broken, 0, NULL, 0, NULL));
        REFUSED(ECRHUB_ERR_ARGUMENT, "request_id is not UTF-8", ecrhub_wait(1, broken, 0, NULL, 0, NULL));
        REFUSED(ECRHUB_ERR_ARGUMENT, "json is not UTF-8", ecrhub_json_get(broken, "a", NULL, 0, NULL));
        REFUSED(ECRHUB_ERR_ARGUMENT, "path is not UTF-8", ecrhub_json_get("{}", broken, NULL, 0, NULL));
        REFUSED(ECRHUB_ERR_ARGUMENT, "value is not UTF-8", ecrhub_json_set("{}", "a", broken, NULL, 0, NULL));
        REFUSED(ECRHUB_ERR_ARGUMENT, "request_id is not UTF-8", ecrhub_resolve(1, broken, "approved", NULL));
        REFUSED(ECRHUB_ERR_ARGUMENT, "outcome is not UTF-8", ecrhub_resolve(1, "id", broken, NULL));
        REFUSED(ECRHUB_ERR_ARGUMENT, "note is not UTF-8", ecrhub_resolve(1, "id", "approved", broken));
    }
    CHECK(handle == 4711);
}

static void numbers_out_of_range_are_refused(void)
{
    REFUSED(ECRHUB_ERR_ARGUMENT, "timeout_ms is -1", ecrhub_send(1, "{}", -1, NULL, 0, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "timeout_ms is -2147483648", ecrhub_call(1, "{}", INT32_MIN, NULL, 0, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "timeout_ms is -1", ecrhub_start(1, "{}", -1, NULL, 0, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "max_level is 6", ecrhub_set_log(NULL, NULL, 6));
    REFUSED(ECRHUB_ERR_ARGUMENT, "max_level is -1", ecrhub_set_log(NULL, NULL, -1));
}

static void an_outcome_nobody_can_decide_on_is_refused(void)
{
    ecrhub_handle handle = connect_to(NOBODY);
    const char *const others[] = {"", "unknown", "not_sent", "in_progress", "ok", "refused", "Approved", "approved "};
    size_t i;
    for (i = 0; i < sizeof others / sizeof others[0]; i++)
        REFUSED(ECRHUB_ERR_ARGUMENT, "approved, declined, cancelled, not_found",
                ecrhub_resolve(handle, "id", others[i], NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "in_progress, not_sent, unknown, ok, refused, got \"Approved\"",
            ecrhub_acknowledge(handle, "id", "Approved"));
    STATUS(ECRHUB_OK, ecrhub_shutdown());
}

static void a_handle_that_is_none_is_refused_everywhere(ecrhub_handle none)
{
    char text[64] = "untouched";
    size_t length = 4711;
    int32_t fd = 4711;
    void *event = text;
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_disconnect(none));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_send(none, "{}", 0, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_poll(none, -1, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_call(none, "{}", 0, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_start(none, "{}", 0, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_wait(none, "id", -1, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_wake(none));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_wait_fd(none, &fd));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_wait_handle(none, &event));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_state(none, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_pending(none, text, sizeof text, &length));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_acknowledge(none, "id", "approved"));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_resolve(none, "id", "approved", NULL));
    CHECK(strcmp(text, "untouched") == 0 && length == 4711 && fd == 4711 && event == text);
}

static void a_configuration_that_is_none_is_refused(void)
{
    ecrhub_handle handle = 4711;
    REFUSED(ECRHUB_ERR_CONFIG, "", ecrhub_connect("", &handle));
    REFUSED(ECRHUB_ERR_CONFIG, "http", ecrhub_connect("http://127.0.0.1", &handle));
    REFUSED(ECRHUB_ERR_JSON, "", ecrhub_connect("{", &handle));
    REFUSED(ECRHUB_ERR_CONFIG, "url", ecrhub_connect("{}", &handle));
    REFUSED(ECRHUB_ERR_CONFIG, "colour", ecrhub_connect("{\"url\":\"ws://127.0.0.1:1\",\"colour\":1}", &handle));
    REFUSED(ECRHUB_ERR_CONFIG, "max_in_flight",
            ecrhub_connect("{\"url\":\"ws://127.0.0.1:1\",\"max_in_flight\":\"many\"}", &handle));
    CHECK(handle == 4711);
}

static void the_functions_without_a_status_always_answer(void)
{
    CHECK(ecrhub_abi_version() == ECRHUB_ABI_VERSION);
    CHECK(strspn(ecrhub_version(), "0123456789.") == strlen(ecrhub_version()) && strlen(ecrhub_version()) >= 5);
    CHECK(strcmp(ecrhub_status_name(ECRHUB_OK), "ECRHUB_OK") == 0);
    CHECK(strcmp(ecrhub_status_name(ECRHUB_ERR_TERMINAL), "ECRHUB_ERR_TERMINAL") == 0);
    CHECK(strcmp(ecrhub_status_name(INT32_MAX), "ECRHUB_UNKNOWN_STATUS") == 0);
    CHECK(strcmp(ecrhub_status_name(INT32_MIN), "ECRHUB_UNKNOWN_STATUS") == 0);
}

int main(void)
{
    the_functions_without_a_status_always_answer();
    null_texts_are_refused_by_name();
    null_outputs_are_refused_by_name();
    null_buffers_with_a_capacity_are_refused();
    texts_that_are_not_utf8_are_refused_by_name();
    numbers_out_of_range_are_refused();
    an_outcome_nobody_can_decide_on_is_refused();
    a_handle_that_is_none_is_refused_everywhere(0);
    a_handle_that_is_none_is_refused_everywhere(1);
    a_handle_that_is_none_is_refused_everywhere(0x100000000ULL);
    a_handle_that_is_none_is_refused_everywhere(UINT64_MAX);
    a_configuration_that_is_none_is_refused();
    return 0;
}
