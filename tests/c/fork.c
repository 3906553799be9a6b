/* A forked child may not use its parent's handles, may have its own, and disturbs nobody. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

static void the_parents_handle_is_refused_everywhere(ecrhub_handle parents)
{
    char text[64] = "untouched";
    int32_t fd = 4711;
    STATUS(ECRHUB_ERR_FORKED, ecrhub_disconnect(parents));
    STATUS(ECRHUB_ERR_FORKED, ecrhub_send(parents, "{}", 0, text, sizeof text, NULL));
    STATUS(ECRHUB_ERR_FORKED, ecrhub_poll(parents, -1, text, sizeof text, NULL));
    STATUS(ECRHUB_ERR_FORKED, ecrhub_call(parents, "{}", 0, text, sizeof text, NULL));
    STATUS(ECRHUB_ERR_FORKED, ecrhub_start(parents, "{}", 0, text, sizeof text, NULL));
    STATUS(ECRHUB_ERR_FORKED, ecrhub_wait(parents, "id", -1, text, sizeof text, NULL));
    STATUS(ECRHUB_ERR_FORKED, ecrhub_wake(parents));
    STATUS(ECRHUB_ERR_FORKED, ecrhub_wait_fd(parents, &fd));
    STATUS(ECRHUB_ERR_FORKED, ecrhub_state(parents, text, sizeof text, NULL));
    STATUS(ECRHUB_ERR_FORKED, ecrhub_pending(parents, text, sizeof text, NULL));
    STATUS(ECRHUB_ERR_FORKED, ecrhub_acknowledge(parents, "id", "approved"));
    STATUS(ECRHUB_ERR_FORKED, ecrhub_resolve(parents, "id", "approved", NULL));
    REFUSED(ECRHUB_ERR_FORKED, "forked", ecrhub_wake(parents));
    CHECK(strcmp(text, "untouched") == 0 && fd == 4711);
}

static void in_the_child(ecrhub_handle parents)
{
    ecrhub_handle own;
    int i;
    alarm(60); /* a lock that is held for ever would show as this signal */
    the_parents_handle_is_refused_everywhere(parents);
    STATUS(ECRHUB_OK, ecrhub_set_log(NULL, NULL, 0));
    for (i = 0; i < 2; i++) {
        own = connect_to(NOBODY);
        CHECK(own != parents);
        event_with(own, "\"event\":\"disconnected\"");
        STATUS(ECRHUB_OK, ecrhub_disconnect(own));
        STATUS(ECRHUB_ERR_HANDLE, ecrhub_wake(own));
        STATUS(ECRHUB_ERR_FORKED, ecrhub_wake(parents));
        STATUS(ECRHUB_OK, ecrhub_shutdown());
    }
    _exit(0);
}

static int ended_well(pid_t child)
{
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void a_child_of_a_child_is_a_child_too(ecrhub_handle parents)
{
    pid_t child = fork(), grandchild;
    if (child == 0) {
        ecrhub_handle own = connect_to(NOBODY);
        grandchild = fork();
        if (grandchild == 0) {
            STATUS(ECRHUB_ERR_FORKED, ecrhub_wake(parents));
            in_the_child(own);
        }
        CHECK(ended_well(grandchild));
        STATUS(ECRHUB_OK, ecrhub_wake(own));
        STATUS(ECRHUB_OK, ecrhub_shutdown());
        _exit(0);
    }
    CHECK(ended_well(child));
}

static atomic_int finished;

/* Holds each of the library's locks again and again. */
static void *keep_it_busy(void *handle)
{
    char text[4096];
    while (!atomic_load(&finished)) {
        ecrhub_handle other = connect_to(NOBODY);
        ecrhub_state(*(ecrhub_handle *)handle, text, sizeof text, NULL);
        ecrhub_pending(*(ecrhub_handle *)handle, text, sizeof text, NULL);
        ecrhub_wake(0);
        ecrhub_disconnect(other);
    }
    return NULL;
}

static void discard(int32_t level, const char *message, void *user_data)
{
    (void)level, (void)message, (void)user_data;
}

static void a_fork_amid_the_calls_of_other_threads_hangs_nobody(ecrhub_handle handle)
{
    pthread_t threads[2];
    int i;
    STATUS(ECRHUB_OK, ecrhub_set_log(discard, NULL, ECRHUB_LOG_TRACE));
    for (i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, keep_it_busy, &handle) == 0);
    for (i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0)
            in_the_child(handle);
        CHECK(ended_well(child));
    }
    atomic_store(&finished, 1);
    for (i = 0; i < 2; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    STATUS(ECRHUB_OK, ecrhub_set_log(NULL, NULL, 0));
}

int main(void)
{
    ecrhub_handle handle = connect_to(NOBODY);
    event_with(handle, "\"event\":\"disconnected\"");
    a_child_of_a_child_is_a_child_too(handle);
    a_fork_amid_the_calls_of_other_threads_hangs_nobody(handle);
    STATUS(ECRHUB_OK, ecrhub_wake(handle));
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    return 0;
}
