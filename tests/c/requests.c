/* What is wrong with a request is refused before anything is sent, each in its own way. */
#include "check.h"

static int32_t send_it(ecrhub_handle handle, const char *request)
{
    char id[128];
    return ecrhub_send(handle, request, 0, id, sizeof id, NULL);
}

static void what_is_no_json_object_is_refused(ecrhub_handle handle)
{
    REFUSED(ECRHUB_ERR_JSON, "", send_it(handle, ""));
    REFUSED(ECRHUB_ERR_JSON, "", send_it(handle, "{\"topic\":"));
    REFUSED(ECRHUB_ERR_JSON, "", send_it(handle, "[1]"));
    REFUSED(ECRHUB_ERR_JSON, "", send_it(handle, "null"));
}

static void what_breaks_the_protocol_is_refused_by_its_field(ecrhub_handle handle)
{
    REFUSED(ECRHUB_ERR_REQUEST, "topic", send_it(handle, "{}"));
    REFUSED(ECRHUB_ERR_REQUEST, "order_amount", send_it(handle, sale(new_number(), "much")));
    REFUSED(ECRHUB_ERR_REQUEST, "merchant_order_no", send_it(handle, sale("not alphanumeric!", "1.00")));
}

static void what_was_used_is_refused(ecrhub_handle handle)
{
    char number[64];
    strcpy(number, new_number());
    STATUS(ECRHUB_OK, send_it(handle, sale(number, "1.00")));
    REFUSED(ECRHUB_ERR_DUPLICATE, number, send_it(handle, sale(number, "1.00")));
}

static void what_is_too_much_is_refused(void)
{
    ecrhub_handle handle = connect_to("{\"url\":\"ws://127.0.0.1:1\",\"max_in_flight\":2}");
    STATUS(ECRHUB_OK, send_it(handle, sale(new_number(), "1.00")));
    STATUS(ECRHUB_OK, send_it(handle, sale(new_number(), "1.00")));
    REFUSED(ECRHUB_ERR_BUSY, "", send_it(handle, sale(new_number(), "1.00")));
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

static void what_cannot_leave_is_not_sent_and_told_once(void)
{
    char id[128], event[4096];
    ecrhub_handle handle = connect_to("{\"url\":\"ws://127.0.0.1:1\",\"send_timeout_ms\":100}");
    STATUS(ECRHUB_OK, ecrhub_send(handle, sale(new_number(), "1.00"), 0, id, sizeof id, NULL));
    strcpy(event, event_with(handle, "\"event\":\"completed\""));
    CONTAINS(event, id);
    CONTAINS(event, "\"outcome\":\"not_sent\"");
    CONTAINS(event, "\"sent\":\"no\"");
    CONTAINS(event, "\"response\":null");

    STATUS(ECRHUB_OK, ecrhub_call(handle, sale(new_number(), "1.00"), 0, event, sizeof event, NULL));
    CONTAINS(event, "\"outcome\":\"not_sent\"");
    while (ecrhub_poll(handle, 300, event, sizeof event, NULL) == ECRHUB_OK)
        CHECK(strstr(event, "completed") == NULL);
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

int main(void)
{
    ecrhub_handle handle = connect_to(NOBODY);
    char state[4096];
    what_is_no_json_object_is_refused(handle);
    what_breaks_the_protocol_is_refused_by_its_field(handle);
    STATUS(ECRHUB_OK, ecrhub_state(handle, state, sizeof state, NULL));
    CONTAINS(state, "\"in_flight\":0");
    what_was_used_is_refused(handle);
    what_is_too_much_is_refused();
    what_cannot_leave_is_not_sent_and_told_once();
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    return 0;
}
