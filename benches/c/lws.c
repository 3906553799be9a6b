/* A till on libwebsockets, as its users write one: an event loop with a callback. It pairs answers by their request_id,
 * and does not parse them otherwise. `lws roundtrip|pipelined PORT COUNT` */
#include "measure.h"

#include <libwebsockets.h>

static int64_t *samples, *sent_at;
static long count, in_flight_at_most, sent, done, total;
static int64_t began, cpu;
static int is_over;

static void send_one(struct lws *wsi)
{
    static unsigned char buffer[LWS_PRE + 1024];
    int length = whole_order((char *)buffer + LWS_PRE, 1024, sent, NULL);
    if (sent == WARM_UP) {
        began = now_ns();
        cpu = cpu_ns();
    }
    sent_at[sent++] = now_ns();
    MUST(lws_write(wsi, buffer + LWS_PRE, (size_t)length, LWS_WRITE_TEXT) >= length);
}

/* The last twelve digits of the id are the serial number, in hexadecimal. */
static long serial_of(const char *answer)
{
    const char *id = strstr(answer, "\"request_id\":\"");
    MUST(id && strstr(answer, "\"response_code\":\"000\""));
    return strtol(id + 14 + 16, NULL, 16);
}

static void take_answer(struct lws *wsi, const char *answer)
{
    long serial = serial_of(answer);
    MUST(serial >= 0 && serial < sent);
    if (serial >= WARM_UP)
        samples[serial - WARM_UP] = now_ns() - sent_at[serial];
    is_over = ++done == total;
    if (sent < total)
        lws_callback_on_writable(wsi);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    static char message[4096];
    static size_t got;
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        lws_callback_on_writable(wsi);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        if (sent < total && sent - done < in_flight_at_most)
            send_one(wsi);
        if (sent < total && sent - done < in_flight_at_most)
            lws_callback_on_writable(wsi);
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        MUST(got + length < sizeof message);
        memcpy(message + got, in, length);
        got += length;
        if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi))
            break;
        message[got] = 0;
        got = 0;
        take_answer(wsi, message);
        break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_CLOSED:
        MUST(is_over);
        break;
    default:
        break;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct lws_protocols protocols[] = {{.name = "", .callback = on_event}, {0}};
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN, .protocols = protocols};
    struct lws_client_connect_info connection = {.address = "127.0.0.1", .path = "/", .host = "127.0.0.1"};
    MUST(argc == 4);
    in_flight_at_most = strcmp(argv[1], "roundtrip") == 0 ? 1 : IN_FLIGHT;
    count = atol(argv[3]);
    total = WARM_UP + count;
    samples = calloc((size_t)count, sizeof *samples);
    sent_at = calloc((size_t)total, sizeof *sent_at);
    lws_set_log_level(LLL_ERR, NULL);
    connection.context = lws_create_context(&info);
    MUST(connection.context);
    connection.port = atoi(argv[2]);
    connection.origin = connection.host;
    MUST(lws_client_connect_via_info(&connection));
    while (!is_over)
        MUST(lws_service(connection.context, 0) >= 0);
    report(samples, count, now_ns() - began, cpu_ns() - cpu);
    return 0;
}
