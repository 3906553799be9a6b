/* One blocking sale.
 *
 *     sale ws://192.168.1.20:35779 your-app-id 34.50
 */
#include <ecrhub.h>

#include <stdio.h>
#include <time.h>

#include "json.h"

int main(int argc, char **argv)
{
    static char event[65536];
    char request[512], outcome[32];
    ecrhub_handle terminal;
    int32_t status;

    if (argc != 4) {
        fprintf(stderr, "usage: %s ws://host:port app_id amount\n", argv[0]);
        return 2;
    }
    snprintf(request, sizeof request,
             "{\"topic\":\"ecrhub.pay.order\",\"app_id\":\"%s\",\"biz_data\":{\"trans_type\":\"1\","
             "\"merchant_order_no\":\"SALE%lld\",\"order_amount\":\"%s\"}}",
             argv[2], (long long)time(NULL), argv[3]);

    status = ecrhub_connect(argv[1], &terminal);
    if (status == ECRHUB_OK)
        status = ecrhub_call(terminal, request, 0, event, sizeof event, NULL);
    if (status != ECRHUB_OK) {
        ecrhub_last_error(event, sizeof event, NULL);
        fprintf(stderr, "%s: %s\n", ecrhub_status_name(status), event);
        return 1;
    }
    json_text(event, "outcome", outcome, sizeof outcome);
    printf("%s\n%s\n", outcome, event);
    ecrhub_shutdown();
    return strcmp(outcome, ECRHUB_OUTCOME_APPROVED) == 0 ? 0 : 1;
}
