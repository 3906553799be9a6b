/* Plays the conformance list in C: one command a line, one answer a line. */
#include <ecrhub.h>

#include <pthread.h>
#include <time.h>

#include "runner.h"

static ecrhub_handle handles[10];
static char command[LONG], text[LONG], event[2 * LONG];

static ecrhub_handle *handle_of(void)
{
    char on[8];
    json_text(command, "on", on, sizeof on);
    return &handles[on[0] && on[1] >= '0' && on[1] <= '9' ? on[1] - '0' : 0];
}

/* Whether the call succeeded; otherwise the refusal is the answer. */
static int succeeded(int32_t status)
{
    char why[1024] = "";
    if (status >= 0)
        return 1;
    ecrhub_last_error(why, sizeof why, NULL);
    print_refused(ecrhub_status_name(status), why);
    return 0;
}

static void done(int32_t status)
{
    if (succeeded(status))
        print_json("done", "true");
}

static void connect_terminal(void)
{
    json_whole(command, "config", text, sizeof text);
    done(ecrhub_connect(text, handle_of()));
}

static void call(void)
{
    json_whole(command, "message", text, sizeof text);
    if (succeeded(ecrhub_call(*handle_of(), text, json_number(command, "timeout_ms", 0), event, sizeof event, NULL)))
        print_json("completed", event);
}

static void submit(void)
{
    char id[65];
    json_whole(command, "message", text, sizeof text);
    if (succeeded(ecrhub_send(*handle_of(), text, json_number(command, "timeout_ms", 0), id, sizeof id, NULL)))
        print_request_id("submitted", id);
}

static void start(void)
{
    char id[65];
    json_whole(command, "message", text, sizeof text);
    if (succeeded(ecrhub_start(*handle_of(), text, json_number(command, "timeout_ms", 0), id, sizeof id, NULL)))
        print_request_id("started", id);
}

static void wait_for(void)
{
    char id[128];
    int32_t status = ecrhub_wait(*handle_of(), json_text(command, "request_id", id, sizeof id),
                                 json_number(command, "timeout_ms", 0), event, sizeof event, NULL);
    if (status == ECRHUB_TIMEOUT)
        print_json("timeout", "true");
    else if (succeeded(status))
        print_json("completed", event);
}

/* The value, or the JSON text, is told as a text. */
static void tell_text(int32_t status, const char *key)
{
    if (status == ECRHUB_NOTHING)
        print_json("nothing", "true");
    else if (succeeded(status)) {
        printf("{\"%s\":", key);
        print_quoted(text);
        printf("}\n");
    }
}

static void get_json(void)
{
    static char json[SHORT], path[SHORT];
    json_text(command, "json", json, sizeof json);
    json_text(command, "path", path, sizeof path);
    tell_text(ecrhub_json_get(json, path, text, sizeof text, NULL), "value");
}

static void set_json(void)
{
    static char json[SHORT], path[SHORT], value[SHORT];
    const int is_new = !json_value(command, "json"), is_gone = !json_value(command, "value");
    json_text(command, "json", json, sizeof json);
    json_text(command, "path", path, sizeof path);
    json_text(command, "value", value, sizeof value);
    tell_text(ecrhub_json_set(is_new ? NULL : json, path, is_gone ? NULL : value, text, sizeof text, NULL), "json");
}

static void next_event(void)
{
    char kind[32];
    int32_t status;
    do
        status = ecrhub_poll(*handle_of(), json_number(command, "timeout_ms", 0), event, sizeof event, NULL);
    while (status == ECRHUB_OK && !json_lists(command, "kinds", json_text(event, "event", kind, sizeof kind)));
    if (status == ECRHUB_TIMEOUT)
        print_json("timeout", "true");
    else if (succeeded(status))
        print_json("event", event);
}

static void acknowledge(void)
{
    char id[128], outcome[32];
    int32_t status = ecrhub_acknowledge(*handle_of(), json_text(command, "request_id", id, sizeof id),
                                        json_text(command, "outcome", outcome, sizeof outcome));
    if (status == ECRHUB_OUTDATED)
        print_json("outdated", "true");
    else
        done(status);
}

static void resolve(void)
{
    char id[128], outcome[32], note[256];
    json_text(command, "request_id", id, sizeof id);
    json_text(command, "outcome", outcome, sizeof outcome);
    json_text(command, "note", note, sizeof note);
    done(ecrhub_resolve(*handle_of(), id, outcome, note[0] ? note : NULL));
}

static void disconnect(void)
{
    int32_t status = ecrhub_disconnect(*handle_of());
    done(status == ECRHUB_ERR_HANDLE ? ECRHUB_OK : status);
}

static void show(const char *key, int32_t (*get)(ecrhub_handle, char *, size_t, size_t *))
{
    if (succeeded(get(*handle_of(), text, sizeof text, NULL)))
        print_json(key, text);
}

/* One of the threads that share a terminal. */
struct seller {
    pthread_t thread;
    ecrhub_handle handle;
    struct many many;
    int first, approved, not_found, others, own;
};

static void *sell(void *argument)
{
    struct seller *seller = argument;
    char number[64], request[SHORT], own[SHORT], outcome[32], told[64];
    int index;
    for (index = seller->first; index < seller->many.count; index += seller->many.threads) {
        write_one(&seller->many, index, number, request, sizeof request);
        if (ecrhub_call(seller->handle, request, 0, own, sizeof own, NULL) != ECRHUB_OK) {
            seller->others++;
            continue;
        }
        json_text(own, "outcome", outcome, sizeof outcome);
        seller->approved += strcmp(outcome, ECRHUB_OUTCOME_APPROVED) == 0;
        seller->not_found += strcmp(outcome, ECRHUB_OUTCOME_NOT_FOUND) == 0;
        seller->own += strcmp(json_text(own, "merchant_order_no", told, sizeof told), number) == 0;
    }
    return NULL;
}

static void many(void)
{
    static struct seller sellers[16];
    const struct many many = read_many(command);
    int index, approved = 0, not_found = 0, others = 0, own = 0;
    for (index = 0; index < many.threads && index < 16; index++) {
        memset(&sellers[index], 0, sizeof sellers[index]);
        sellers[index].handle = *handle_of();
        sellers[index].many = many;
        sellers[index].first = index;
        if (pthread_create(&sellers[index].thread, NULL, sell, &sellers[index]) != 0)
            exit(3);
    }
    for (index = 0; index < many.threads && index < 16; index++) {
        pthread_join(sellers[index].thread, NULL);
        approved += sellers[index].approved;
        not_found += sellers[index].not_found;
        others += sellers[index].others;
        own += sellers[index].own;
    }
    printf("{\"many\":{\"approved\":%d,\"not_found\":%d,\"others\":%d},\"own\":%d}\n", approved, not_found, others, own);
}

static void *wake_later(void *argument)
{
    const long ms = json_number(command, "after_ms", 0);
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
    ecrhub_wake(*(ecrhub_handle *)argument);
    return NULL;
}

static void interrupt_order(void)
{
    pthread_t thread;
    char id[65];
    int32_t status;
    json_whole(command, "message", text, sizeof text);
    if (pthread_create(&thread, NULL, wake_later, handle_of()) != 0)
        exit(3);
    status = ecrhub_call(*handle_of(), text, 0, event, sizeof event, NULL);
    pthread_join(thread, NULL);
    if (status == ECRHUB_INTERRUPTED)
        print_request_id("interrupted", json_text(text, "request_id", id, sizeof id));
    else if (succeeded(status))
        print_json("completed", event);
}

static void obey(void)
{
    char verb[32];
    json_text(command, "do", verb, sizeof verb);
    if (strcmp(verb, "hello") == 0)
        printf("{\"hello\":{\"language\":\"c\",\"version\":\"%s\"}}\n", ecrhub_version());
    else if (strcmp(verb, "connect") == 0)
        connect_terminal();
    else if (strcmp(verb, "order") == 0 || strcmp(verb, "send") == 0)
        call();
    else if (strcmp(verb, "submit") == 0)
        submit();
    else if (strcmp(verb, "start") == 0)
        start();
    else if (strcmp(verb, "wait") == 0)
        wait_for();
    else if (strcmp(verb, "json_get") == 0)
        get_json();
    else if (strcmp(verb, "json_set") == 0)
        set_json();
    else if (strcmp(verb, "event") == 0)
        next_event();
    else if (strcmp(verb, "acknowledge") == 0)
        acknowledge();
    else if (strcmp(verb, "resolve") == 0)
        resolve();
    else if (strcmp(verb, "pending") == 0)
        show("pending", ecrhub_pending);
    else if (strcmp(verb, "state") == 0)
        show("state", ecrhub_state);
    else if (strcmp(verb, "many") == 0)
        many();
    else if (strcmp(verb, "interrupt_order") == 0)
        interrupt_order();
    else if (strcmp(verb, "disconnect") == 0)
        disconnect();
    else if (strcmp(verb, "shutdown") == 0)
        done(ecrhub_shutdown());
    else
        printf("{\"error\":\"no such command: %s\"}\n", verb);
}

int main(void)
{
    if (ecrhub_abi_version() != ECRHUB_ABI_VERSION)
        return 2;
    while (fgets(command, sizeof command, stdin)) {
        obey();
        fflush(stdout);
    }
    return ecrhub_shutdown() == ECRHUB_OK ? 0 : 1;
}
