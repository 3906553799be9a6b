/* A terminal in an event loop of one's own: ecrhub_wait_fd beside other descriptors in poll(2). Not on Windows.
 *
 *     loop ws://192.168.1.20:35779 your-app-id
 *
 * An amount typed in and ended with the return key is sold; the end of the input ends the program.
 */
#include <ecrhub.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "json.h"

static int32_t check(int32_t status)
{
    char why[1024] = "";
    if (status >= 0)
        return status;
    ecrhub_last_error(why, sizeof why, NULL);
    fprintf(stderr, "%s: %s\n", ecrhub_status_name(status), why);
    exit(1);
}

/* Readable: there is at least one event. All are taken, for the descriptor stays readable until then. */
static int take_events(ecrhub_handle terminal)
{
    static char event[65536];
    char kind[32], number[33], outcome[32];
    int over = 0;
    while (check(ecrhub_poll(terminal, 0, event, sizeof event, NULL)) == ECRHUB_OK) {
        json_text(event, "event", kind, sizeof kind);
        json_text(event, "merchant_order_no", number, sizeof number);
        printf("%s %s %s\n", kind, number, json_text(event, "outcome", outcome, sizeof outcome));
        over += strcmp(kind, ECRHUB_EVENT_COMPLETED) == 0;
    }
    fflush(stdout);
    return over;
}

/* A line was typed: what is refused (an amount that is none) is shown, and the loop goes on. */
static int sell(ecrhub_handle terminal, const char *app_id, const char *amount)
{
    static int count;
    char request[512], text[1024];
    snprintf(request, sizeof request,
             "{\"topic\":\"ecrhub.pay.order\",\"app_id\":\"%s\",\"biz_data\":{\"trans_type\":\"1\","
             "\"merchant_order_no\":\"L%lldN%d\",\"order_amount\":\"%s\"}}",
             app_id, (long long)time(NULL), ++count, amount);
    if (ecrhub_send(terminal, request, 0, text, sizeof text, NULL) == ECRHUB_OK)
        return 1;
    ecrhub_last_error(text, sizeof text, NULL);
    printf("%s\n", text);
    return 0;
}

int main(int argc, char **argv)
{
    ecrhub_handle terminal;
    struct pollfd watched[2] = {{STDIN_FILENO, POLLIN, 0}, {-1, POLLIN, 0}};
    int in_flight = 0, reading = 1;
    char line[64];

    if (argc != 3) {
        fprintf(stderr, "usage: %s ws://host:port app_id\n", argv[0]);
        return 2;
    }
    check(ecrhub_connect(argv[1], &terminal));
    check(ecrhub_wait_fd(terminal, &watched[1].fd));
    setvbuf(stdin, NULL, _IONBF, 0); /* or poll(2) would not see what stdio has read already */
    while (reading || in_flight > 0) {
        /* A terminal takes one order at a time, so nothing is read while one is in flight. */
        watched[0].fd = reading && in_flight == 0 ? STDIN_FILENO : -1;
        watched[0].revents = 0;
        if (poll(watched, 2, -1) < 0)
            return 1;
        if (watched[1].revents)
            in_flight -= take_events(terminal);
        if (!watched[0].revents)
            continue;
        reading = fgets(line, sizeof line, stdin) != NULL;
        if (reading)
            line[strcspn(line, "\r\n")] = '\0';
        if (reading && line[0])
            in_flight += sell(terminal, argv[2], line);
    }
    check(ecrhub_shutdown());
    return 0;
}
