/* A till on libwebsockets, as its users write one: an event loop with a callback. With -DWITH_CJSON cJSON builds the
 * requests and parses the answers; without it text is printed and searched. `lws roundtrip|pipelined PORT COUNT` */
#include "measure.h"

#include <libwebsockets.h>
#ifdef WITH_CJSON
#include <cjson/cJSON.h>
#endif

static int64_t *samples, *wanted_at;
static long count, in_flight_at_most, wanted, sent, done, total;
static int64_t began, cpu;
static int is_over;

#ifdef WITH_CJSON
static int write_order(char *json, size_t capacity, long serial)
{
    char number[24], id[40], now[24], *text;
    cJSON *order = cJSON_CreateObject(), *biz_data;
    int length;
    snprintf(number, sizeof number, "B%015ld", serial);
    snprintf(id, sizeof id, "%016lx%012lx", (long)getpid(), serial);
    snprintf(now, sizeof now, "%lld", (long long)(read_clock(CLOCK_REALTIME) / 1000000));
    cJSON_AddStringToObject(order, "topic", "ecrhub.pay.order");
    biz_data = cJSON_AddObjectToObject(order, "biz_data");
    cJSON_AddStringToObject(biz_data, "trans_type", "1");
    cJSON_AddStringToObject(biz_data, "merchant_order_no", number);
    cJSON_AddStringToObject(biz_data, "order_amount", "34.50");
    cJSON_AddStringToObject(biz_data, "price_currency", "USD");
    cJSON_AddStringToObject(order, "request_id", id);
    cJSON_AddStringToObject(order, "timestamp", now);
    cJSON_AddStringToObject(order, "version", "1.0");
    cJSON_AddStringToObject(order, "app_id", "bench-till");
    text = cJSON_PrintUnformatted(order);
    length = snprintf(json, capacity, "%s", text);
    cJSON_free(text);
    cJSON_Delete(order);
    return length;
}

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    MUST(text);
    return text;
}

/* The last twelve digits of the id are the serial number, in hexadecimal. */
static long serial_of(const char *json)
{
    cJSON *answer = cJSON_Parse(json);
    long serial = strtol(text_of(answer, "request_id") + 16, NULL, 16);
    MUST(strcmp(text_of(answer, "response_code"), "000") == 0);
    MUST(strcmp(text_of(cJSON_GetObjectItemCaseSensitive(answer, "biz_data"), "trans_status"), "2") == 0);
    cJSON_Delete(answer);
    return serial;
}
#else
static int write_order(char *json, size_t capacity, long serial)
{
    return whole_order(json, capacity, serial, NULL);
}

static long serial_of(const char *answer)
{
    const char *id = strstr(answer, "\"request_id\":\"");
    MUST(id && strstr(answer, "\"response_code\":\"000\"") && strstr(answer, "\"trans_status\":\"2\""));
    return strtol(id + 14 + 16, NULL, 16);
}
#endif

/* The till wants to sell; from here on it waits, as a till does that calls a function. */
static void want_one(struct lws *wsi)
{
    if (wanted == WARM_UP) {
        began = now_ns();
        cpu = cpu_ns();
    }
    wanted_at[wanted++] = now_ns();
    lws_callback_on_writable(wsi);
}

static void send_one(struct lws *wsi)
{
    static unsigned char buffer[LWS_PRE + 1024];
    int length = write_order((char *)buffer + LWS_PRE, 1024, sent++);
    MUST(lws_write(wsi, buffer + LWS_PRE, (size_t)length, LWS_WRITE_TEXT) >= length);
}

static void take_answer(struct lws *wsi, const char *answer)
{
    long serial = serial_of(answer);
    MUST(serial >= 0 && serial < sent);
    if (serial >= WARM_UP)
        samples[serial - WARM_UP] = now_ns() - wanted_at[serial];
    is_over = ++done == total;
    if (wanted < total)
        want_one(wsi);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    static char message[4096];
    static size_t got;
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        while (wanted < in_flight_at_most && wanted < total)
            want_one(wsi);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        if (sent < wanted)
            send_one(wsi);
        if (sent < wanted)
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
    wanted_at = calloc((size_t)total, sizeof *wanted_at);
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
