/* A till's main loop: requests are sent, and everything that happens comes out of ecrhub_poll.
 *
 *     till ws://192.168.1.20:35779 your-app-id
 *
 * It sells twice (the second amount is one that the simulator declines), voids the first sale, asks what became of it,
 * and closes an order that is not open. URL and app id may also come as ECRHUB_URL and ECRHUB_APP_ID.
 */
#include <ecrhub.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "json.h"

/* One thing to do. The requests differ in their topic and biz_data only; the library fills in the rest. */
struct step {
    const char *title;
    const char *topic;
    char biz_data[256];
};

static ecrhub_handle terminal;
static const char *app_id;

/* Says why, and ends: for what cannot be refused in a program that is right. */
static void expect_ok(const char *what, int32_t status)
{
    char why[1024] = "";
    if (status == ECRHUB_OK)
        return;
    if (status < 0)
        ecrhub_last_error(why, sizeof why, NULL);
    fprintf(stderr, "%s: %s: %s\n", what, ecrhub_status_name(status), why);
    exit(1);
}

static void start(const struct step *step)
{
    char request[1024], id[65];
    snprintf(request, sizeof request, "{\"topic\":\"%s\",\"app_id\":\"%s\",\"biz_data\":{%s}}", step->topic, app_id,
             step->biz_data);
    expect_ok("ecrhub_send", ecrhub_send(terminal, request, 0, id, sizeof id, NULL));
    printf("\n%s\n  sent as %s\n", step->title, id);
}

/* What a till does with each outcome; the table is in ecrhub.h. */
static const char *what_to_do(const char *outcome)
{
    if (strcmp(outcome, ECRHUB_OUTCOME_APPROVED) == 0)
        return "record it, print the receipt";
    if (strcmp(outcome, ECRHUB_OUTCOME_DECLINED) == 0 || strcmp(outcome, ECRHUB_OUTCOME_CANCELLED) == 0 ||
        strcmp(outcome, ECRHUB_OUTCOME_NOT_FOUND) == 0)
        return "no money has moved; one may try again, with a new number";
    if (strcmp(outcome, ECRHUB_OUTCOME_BUSY) == 0)
        return "the terminal is serving another customer; send it again, with the same number";
    if (strcmp(outcome, ECRHUB_OUTCOME_IN_PROGRESS) == 0)
        return "the customer is still paying; ask again";
    if (strcmp(outcome, ECRHUB_OUTCOME_NOT_SENT) == 0)
        return "it never left this machine; look at the network, then send it again";
    if (strcmp(outcome, ECRHUB_OUTCOME_OK) == 0 || strcmp(outcome, ECRHUB_OUTCOME_REFUSED) == 0)
        return "not an order; nothing to record";
    /* "unknown", and whatever a later library may say: */
    return "MONEY MAY HAVE MOVED: fetch a person, do not sell it again";
}

/* Where the outcome has been corrected meanwhile, the correction comes as the next event, to be acknowledged itself. */
static void acknowledge(const char *id, const char *outcome)
{
    int32_t status = ecrhub_acknowledge(terminal, id, outcome);
    if (status != ECRHUB_OUTDATED)
        expect_ok("ecrhub_acknowledge", status);
}

static void completed(const char *event)
{
    const char *fields = json_value(event, "fields");
    char id[65], outcome[32], text[256];
    json_text(event, "outcome", outcome, sizeof outcome);
    printf("  %s: %s\n", outcome, what_to_do(outcome));
    if (*json_text(fields, "trans_no", text, sizeof text))
        printf("  transaction %s\n", text);
    if (*json_text(fields, "response_msg", text, sizeof text))
        printf("  the terminal says: %s\n", text);
    if (*json_text(json_value(event, "code"), "advice", text, sizeof text))
        printf("  advice: %s\n", text);
    if (*json_text(json_value(json_value(event, "differs"), "order_amount"), "answered", text, sizeof text))
        printf("  NOT WHAT WAS ASKED: order_amount is %s\n", text);
    if (*json_text(json_value(event, "error"), "message", text, sizeof text))
        printf("  because: %s\n", text);
    /* Here a real till stores the outcome. Then, and only then: */
    json_text(event, "request_id", id, sizeof id);
    acknowledge(id, outcome);
}

/* An outcome that was reported earlier was wrong, or an unknown is known now: a person has to see it. */
static void corrected(const char *event)
{
    char number[33], was[32], outcome[32], id[65];
    printf("  *** %s was reported as %s and is %s ***\n", json_text(event, "merchant_order_no", number, sizeof number),
           json_text(event, "was", was, sizeof was), json_text(event, "outcome", outcome, sizeof outcome));
    acknowledge(json_text(event, "request_id", id, sizeof id), outcome);
}

/* Shows one event; whether it was a completion. */
static int show(const char *event)
{
    char kind[32], text[256];
    json_text(event, "event", kind, sizeof kind);
    if (strcmp(kind, ECRHUB_EVENT_COMPLETED) == 0) {
        completed(event);
        return 1;
    }
    if (strcmp(kind, ECRHUB_EVENT_CONNECTED) == 0)
        printf("  connected to %s\n", json_text(event, "url", text, sizeof text));
    else if (strcmp(kind, ECRHUB_EVENT_DISCONNECTED) == 0)
        printf("  disconnected: %s\n", json_text(json_value(event, "error"), "message", text, sizeof text));
    else if (strcmp(kind, ECRHUB_EVENT_RECOVERING) == 0)
        printf("  finding out what happened: %s\n", json_text(event, "reason", text, sizeof text));
    else if (strcmp(kind, ECRHUB_EVENT_CLARIFIED) == 0)
        corrected(event);
    else
        printf("  %s: %s\n", kind, event);
    return 0;
}

/* The main loop: the screen stays alive, because ecrhub_poll returns after 100 ms at the latest. */
static void run(void)
{
    static char event[65536];
    int over = 0;
    while (!over) {
        int32_t status = ecrhub_poll(terminal, 100, event, sizeof event, NULL);
        if (status == ECRHUB_OK)
            over = show(event);
        else if (status != ECRHUB_TIMEOUT)
            expect_ok("ecrhub_poll", status);
        fflush(stdout);
        /* Here a real till looks after its screen, keyboard and scanner. */
    }
}

static const char *argument(int argc, char **argv, int index, const char *variable)
{
    const char *value = index < argc ? argv[index] : getenv(variable);
    if (!value) {
        fprintf(stderr, "usage: %s ws://host:port app_id\n", argv[0]);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    const char *url = argument(argc, argv, 1, "ECRHUB_URL");
    const char *order = "\"trans_type\":\"%s\",\"merchant_order_no\":\"%s%lld\",\"order_amount\":\"%s\"";
    /* No number may be used twice, in this run or any other. */
    const long long now = (long long)time(NULL);
    struct step steps[] = {
        {"Sale of 25.00", "ecrhub.pay.order", ""},      {"Sale of 10.01", "ecrhub.pay.order", ""},
        {"Void of the first", "ecrhub.pay.order", ""},  {"What became of the first", "ecrhub.pay.query", ""},
        {"Close the second", "ecrhub.pay.close", ""},
    };
    size_t i, used;

    app_id = argument(argc, argv, 2, "ECRHUB_APP_ID");
    snprintf(steps[0].biz_data, sizeof steps[0].biz_data, order, "1", "A", now, "25.00");
    snprintf(steps[1].biz_data, sizeof steps[1].biz_data, order, "1", "B", now, "10.01");
    used = (size_t)snprintf(steps[2].biz_data, sizeof steps[2].biz_data, order, "2", "C", now, "25.00");
    snprintf(steps[2].biz_data + used, sizeof steps[2].biz_data - used, ",\"orig_merchant_order_no\":\"A%lld\"", now);
    snprintf(steps[3].biz_data, sizeof steps[3].biz_data, "\"merchant_order_no\":\"A%lld\"", now);
    snprintf(steps[4].biz_data, sizeof steps[4].biz_data, "\"merchant_order_no\":\"B%lld\"", now);

    printf("ecrhub %s\n", ecrhub_version());
    expect_ok("ecrhub_connect", ecrhub_connect(url, &terminal));
    for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        start(&steps[i]);
        run();
    }
    expect_ok("ecrhub_shutdown", ecrhub_shutdown());
    return 0;
}
