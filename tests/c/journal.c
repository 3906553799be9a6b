/* With a journal: an outcome is told again until it is acknowledged, and a person may decide about an "unknown". */
#include "check.h"

static char config[1024];

static ecrhub_handle open_journal(const char *url, const char *file)
{
    snprintf(config, sizeof config,
             "{\"url\":\"%s\",\"journal\":\"%s\",\"order_timeout_ms\":200,\"recovery_timeout_ms\":200,"
             "\"recovery_interval_ms\":50,\"clarify_interval_ms\":0,\"request_timeout_ms\":200}",
             url, file);
    return connect_to(config);
}

/* Sells and forgets: gives the order's request_id, leaves its outcome unacknowledged. */
static const char *sell(ecrhub_handle handle, const char *amount, const char *outcome)
{
    static char id[65];
    const char *event;
    STATUS(ECRHUB_OK, ecrhub_send(handle, sale(new_number(), amount), 0, id, sizeof id, NULL));
    event = event_with(handle, "\"event\":\"completed\"");
    CONTAINS(event, id);
    CONTAINS(event, outcome);
    CONTAINS(event, "\"retold\":false");
    return id;
}

static void an_outcome_is_told_again_until_it_is_acknowledged(const char *url, const char *file)
{
    ecrhub_handle handle = open_journal(url, file);
    char id[65], text[8192];
    const char *event;
    strcpy(id, sell(handle, "10.00", "approved"));
    STATUS(ECRHUB_OK, ecrhub_pending(handle, text, sizeof text, NULL));
    CONTAINS(text, "\"state\":\"unacknowledged\"");
    CONTAINS(text, id);
    STATUS(ECRHUB_OK, ecrhub_shutdown());

    handle = open_journal(url, file);
    event = event_with(handle, "\"event\":\"completed\"");
    CONTAINS(event, id);
    CONTAINS(event, "\"retold\":true");
    STATUS(ECRHUB_OUTDATED, ecrhub_acknowledge(handle, id, "declined"));
    STATUS(ECRHUB_OK, ecrhub_pending(handle, text, sizeof text, NULL));
    CONTAINS(text, id);
    STATUS(ECRHUB_OK, ecrhub_acknowledge(handle, id, "approved"));
    STATUS(ECRHUB_OK, ecrhub_acknowledge(handle, id, "approved"));
    STATUS(ECRHUB_OK, ecrhub_pending(handle, text, sizeof text, NULL));
    CHECK(strcmp(text, "[]") == 0);
    STATUS(ECRHUB_OK, ecrhub_shutdown());

    handle = open_journal(url, file);
    CONTAINS(event_with(handle, "\"event\":"), "\"event\":\"connected\"");
    STATUS(ECRHUB_TIMEOUT, ecrhub_poll(handle, 200, text, sizeof text, NULL));
    STATUS(ECRHUB_OK, ecrhub_shutdown());
}

static void an_unknown_outcome_is_decided_by_a_person(const char *url, const char *file)
{
    ecrhub_handle handle = open_journal(url, file);
    char id[65], text[8192];
    /* .57: the answer is lost and queries are not answered. */
    strcpy(id, sell(handle, "10.57", "unknown"));
    STATUS(ECRHUB_OK, ecrhub_pending(handle, text, sizeof text, NULL));
    CONTAINS(text, "\"state\":\"unknown\"");
    STATUS(ECRHUB_OK, ecrhub_resolve(handle, id, "approved", "the manager, from the terminal's list"));
    STATUS(ECRHUB_OK, ecrhub_pending(handle, text, sizeof text, NULL));
    CHECK(strcmp(text, "[]") == 0);
    STATUS(ECRHUB_ERR_ARGUMENT, ecrhub_resolve(handle, id, "declined", NULL));
    STATUS(ECRHUB_ERR_ARGUMENT, ecrhub_resolve(handle, "no such id", "declined", NULL));
    STATUS(ECRHUB_ERR_ARGUMENT, ecrhub_acknowledge(handle, "no such id", "approved"));
    STATUS(ECRHUB_OK, ecrhub_shutdown());
}

static void a_journal_that_cannot_be_is_refused(const char *url)
{
    ecrhub_handle handle = 4711;
    snprintf(config, sizeof config, "{\"url\":\"%s\",\"journal\":\"/no/such/folder/journal\"}", url);
    REFUSED(ECRHUB_ERR_JOURNAL, "/no/such/folder", ecrhub_connect(config, &handle));
    CHECK(handle == 4711);
}

int main(int argc, char **argv)
{
    const char *url = terminal_url(argc, argv);
    char file[128];
    snprintf(file, sizeof file, "%s/ecrhub-%s.db", argc > 2 ? argv[2] : "/tmp", new_number());
    an_outcome_is_told_again_until_it_is_acknowledged(url, file);
    an_unknown_outcome_is_decided_by_a_person(url, file);
    a_journal_that_cannot_be_is_refused(url);
    return 0;
}
