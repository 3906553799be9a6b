/* The reason for a refusal: each thread's own, kept until the next refusal, read without being changed. */
#include "check.h"

#include <pthread.h>

static void it_fits_exactly_or_not_at_all(void)
{
    char text[1024], small[1024];
    size_t length = 0, needed = 0;
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_wake(0));
    STATUS(ECRHUB_OK, ecrhub_last_error(text, sizeof text, &length));
    CHECK(length > 0 && strlen(text) == length);

    memset(small, 'x', sizeof small);
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_last_error(small, length, &needed));
    CHECK(needed == length && small[0] == 'x');
    needed = 0;
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_last_error(NULL, 0, &needed));
    CHECK(needed == length);
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_last_error(NULL, 0, NULL));
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_last_error(small, 0, NULL));
    CHECK(small[0] == 'x');

    STATUS(ECRHUB_OK, ecrhub_last_error(small, length + 1, NULL));
    CHECK(strcmp(small, text) == 0 && small[length + 1] == 'x');
}

static void a_success_leaves_it_and_a_refusal_replaces_it(void)
{
    REFUSED(ECRHUB_ERR_HANDLE, "0", ecrhub_wake(0));
    STATUS(ECRHUB_OK, ecrhub_set_log(NULL, NULL, 0));
    REFUSED(ECRHUB_OK, "handle is 0", ECRHUB_OK);
    REFUSED(ECRHUB_ERR_ARGUMENT, "out_fd", ecrhub_wait_fd(0, NULL));
}

static void *in_a_fresh_thread(void *ignored)
{
    char text[8] = "x";
    size_t length = 4711;
    STATUS(ECRHUB_OK, ecrhub_last_error(text, sizeof text, &length));
    CHECK(length == 0 && text[0] == '\0');
    STATUS(ECRHUB_OK, ecrhub_last_error(text, 1, NULL));
    REFUSED(ECRHUB_ERR_ARGUMENT, "request_id", ecrhub_acknowledge(0, NULL, "approved"));
    return ignored;
}

static void each_thread_has_its_own(void)
{
    pthread_t thread;
    REFUSED(ECRHUB_ERR_ARGUMENT, "out_handle", ecrhub_connect("ws://127.0.0.1:1", NULL));
    CHECK(pthread_create(&thread, NULL, in_a_fresh_thread, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    REFUSED(ECRHUB_OK, "out_handle", ECRHUB_OK);
}

static void it_is_never_longer_than_promised(void)
{
    static char config[9000];
    char text[1024];
    ecrhub_handle handle;
    size_t i, used = (size_t)sprintf(config, "{\"url\":\"ws://127.0.0.1:1\"");
    for (i = 0; used < 8000; i++)
        used += (size_t)sprintf(config + used, ",\"no such key number %zu\":1", i);
    strcpy(config + used, "}");
    STATUS(ECRHUB_ERR_CONFIG, ecrhub_connect(config, &handle));
    STATUS(ECRHUB_OK, ecrhub_last_error(text, sizeof text, NULL));
}

int main(void)
{
    it_fits_exactly_or_not_at_all();
    a_success_leaves_it_and_a_refusal_replaces_it();
    each_thread_has_its_own();
    it_is_never_longer_than_promised();
    return 0;
}
