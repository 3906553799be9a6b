/* The descriptor is readable while an event waits, or the completion of a started request that nobody has read; and is the
 * library's own. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>

static int readable(int32_t fd, int timeout)
{
    struct pollfd watched = {fd, POLLIN, 0};
    return poll(&watched, 1, timeout) == 1 && (watched.revents & POLLIN);
}

static void drain(ecrhub_handle handle)
{
    char event[8192];
    while (ecrhub_poll(handle, 0, event, sizeof event, NULL) == ECRHUB_OK)
        ;
}

int main(int argc, char **argv)
{
    ecrhub_handle handle = connect_to(terminal_url(argc, argv));
    int32_t fd = -1, again = -1;
    char id[65], small[4], event[8192];
    STATUS(ECRHUB_OK, ecrhub_wait_fd(handle, &fd));
    STATUS(ECRHUB_OK, ecrhub_wait_fd(handle, &again));
    CHECK(fd >= 0 && again == fd);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);

    /* "connected" comes, and the descriptor with it. */
    CHECK(readable(fd, SOON));
    CHECK(readable(fd, 0));
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_poll(handle, 0, small, sizeof small, NULL));
    CHECK(readable(fd, 0));
    drain(handle);
    CHECK(!readable(fd, 100));

    /* And again for the next event. */
    STATUS(ECRHUB_OK, ecrhub_send(handle, sale(new_number(), "10.00"), 0, id, sizeof id, NULL));
    CHECK(readable(fd, SOON));
    drain(handle);
    CHECK(!readable(fd, 100));

    /* And for a completion that is waited for, until it is read or acknowledged. */
    STATUS(ECRHUB_OK, ecrhub_start(handle, sale(new_number(), "10.00"), 0, id, sizeof id, NULL));
    CHECK(readable(fd, SOON));
    STATUS(ECRHUB_TIMEOUT, ecrhub_poll(handle, 0, small, sizeof small, NULL));
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_wait(handle, id, 0, small, sizeof small, NULL));
    CHECK(readable(fd, 0));
    STATUS(ECRHUB_OK, ecrhub_wait(handle, id, 0, event, sizeof event, NULL));
    CHECK(!readable(fd, 100));
    STATUS(ECRHUB_OK, ecrhub_wait(handle, id, 0, event, sizeof event, NULL));
    STATUS(ECRHUB_OK, ecrhub_start(handle, sale(new_number(), "10.00"), 0, id, sizeof id, NULL));
    CHECK(readable(fd, SOON));
    STATUS(ECRHUB_OK, ecrhub_acknowledge(handle, id, "approved"));
    CHECK(!readable(fd, 100));

    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
    CHECK(fcntl(fd, F_GETFD) == -1);
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    return 0;
}
