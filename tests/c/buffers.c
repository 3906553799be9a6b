/* Every text that comes out fits exactly or not at all, and what does not fit is neither lost nor sent. */
#include "check.h"

typedef int32_t (*text_function)(ecrhub_handle, char *, size_t, size_t *);

static void fits_exactly_or_not_at_all(text_function function, ecrhub_handle handle)
{
    char text[4096], small[4096];
    size_t length = 0, needed = 0;
    STATUS(ECRHUB_OK, function(handle, text, sizeof text, &length));
    CHECK(length > 0 && strlen(text) == length);

    memset(small, 'x', sizeof small);
    REFUSED(ECRHUB_ERR_BUFFER_TOO_SMALL, "bytes", function(handle, small, length, &needed));
    CHECK(needed == length && small[0] == 'x');
    needed = 0;
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, function(handle, NULL, 0, &needed));
    CHECK(needed == length);
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, function(handle, NULL, 0, NULL));

    STATUS(ECRHUB_OK, function(handle, small, length + 1, NULL));
    CHECK(strlen(small) == length && small[length + 1] == 'x');
}

static int32_t poll_at_once(ecrhub_handle handle, char *text, size_t capacity, size_t *length)
{
    return ecrhub_poll(handle, 0, text, capacity, length);
}

static void an_event_that_does_not_fit_stays_the_next(ecrhub_handle handle)
{
    char text[4096] = "untouched", event[4096];
    size_t needed = 0, again = 0, length = 0;
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_poll(handle, SOON, text, 10, &needed));
    CHECK(strcmp(text, "untouched") == 0 && needed >= 10);
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, poll_at_once(handle, NULL, 0, &again));
    CHECK(again == needed);
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, poll_at_once(handle, text, needed, NULL));
    STATUS(ECRHUB_OK, poll_at_once(handle, event, needed + 1, &length));
    CHECK(length == needed && strlen(event) == needed);
    CONTAINS(event, "\"event\":\"disconnected\"");
    STATUS(ECRHUB_TIMEOUT, poll_at_once(handle, text, sizeof text, &length));
}

static void a_request_whose_id_does_not_fit_is_not_sent(ecrhub_handle handle)
{
    char id[128] = "untouched", state[4096], number[64];
    size_t needed = 0, length = 0;
    strcpy(number, new_number());
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_send(handle, sale(number, "1.00"), 0, id, 4, &needed));
    CHECK(strcmp(id, "untouched") == 0 && needed > 4 && needed <= 64);
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_send(handle, sale(number, "1.00"), 0, NULL, 0, &length));
    CHECK(length == needed);
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_send(handle, sale(number, "1.00"), 0, id, needed, NULL));
    STATUS(ECRHUB_OK, ecrhub_state(handle, state, sizeof state, NULL));
    CONTAINS(state, "\"in_flight\":0");

    /* And so the same number is still free. */
    STATUS(ECRHUB_OK, ecrhub_send(handle, sale(number, "1.00"), 0, id, needed + 1, &length));
    CHECK(length == needed && strlen(id) == length);
    STATUS(ECRHUB_OK, ecrhub_state(handle, state, sizeof state, NULL));
    CONTAINS(state, "\"in_flight\":1");
}

static void an_id_of_the_callers_own_comes_back(ecrhub_handle handle)
{
    const char *request = "{\"topic\":\"ecrhub.pay.query\",\"app_id\":\"test\",\"request_id\":\"my own-id\","
                          "\"biz_data\":{\"merchant_order_no\":\"X1\"}}";
    char id[64];
    size_t length;
    STATUS(ECRHUB_OK, ecrhub_send(handle, request, 0, id, sizeof id, &length));
    CHECK(strcmp(id, "my own-id") == 0 && length == strlen(id));
}

int main(void)
{
    ecrhub_handle handle = connect_to(NOBODY);
    an_event_that_does_not_fit_stays_the_next(handle);
    fits_exactly_or_not_at_all(ecrhub_state, handle);
    a_request_whose_id_does_not_fit_is_not_sent(handle);
    fits_exactly_or_not_at_all(ecrhub_pending, handle);
    an_id_of_the_callers_own_comes_back(handle);
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    return 0;
}
