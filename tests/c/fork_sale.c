/* A forked child asks on a connection of its own while its parent's sale goes on. */
#include "check.h"

#include <sys/wait.h>

int main(int argc, char **argv)
{
    const char *url = terminal_url(argc, argv);
    ecrhub_handle handle = connect_to(url);
    char id[65], event[8192];
    int status;
    pid_t child;
    event_with(handle, "\"event\":\"connected\"");
    STATUS(ECRHUB_OK, ecrhub_send(handle, sale(new_number(), "10.10"), 0, id, sizeof id, NULL));
    child = fork();
    if (child == 0) {
        ecrhub_handle own = connect_to(url);
        alarm(60);
        STATUS(ECRHUB_ERR_FORKED, ecrhub_disconnect(handle));
        STATUS(ECRHUB_OK, ecrhub_call(own, query("NEVERSOLD"), 0, event, sizeof event, NULL));
        CONTAINS(event, "\"outcome\":\"not_found\"");
        STATUS(ECRHUB_OK, ecrhub_shutdown());
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    strcpy(event, event_with(handle, "\"event\":\""));
    CONTAINS(event, "\"event\":\"completed\"");
    CONTAINS(event, id);
    CONTAINS(event, "\"recovered\":false");
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    return 0;
}
