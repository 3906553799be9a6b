/* On Windows: the event object is signalled while an event waits, and is the library's own. Everywhere else it is
 * refused, with everything as it was. */
#include "check.h"

#ifdef _WIN32
#include <windows.h>

static int signalled(void *event, DWORD timeout)
{
    DWORD waited = WaitForSingleObject(event, timeout);
    CHECK(waited == WAIT_OBJECT_0 || waited == WAIT_TIMEOUT);
    return waited == WAIT_OBJECT_0;
}

static void drain(ecrhub_handle handle)
{
    char event[8192];
    while (ecrhub_poll(handle, 0, event, sizeof event, NULL) == ECRHUB_OK)
        ;
}

/* With another object, as a till has it. */
static void it_wakes_a_wait_for_several(ecrhub_handle handle, void *event)
{
    HANDLE objects[2];
    char id[65];
    objects[0] = CreateEventW(NULL, TRUE, FALSE, NULL);
    objects[1] = event;
    CHECK(WaitForMultipleObjects(2, objects, FALSE, 100) == WAIT_TIMEOUT);
    STATUS(ECRHUB_OK, ecrhub_send(handle, sale(new_number(), "10.00"), 0, id, sizeof id, NULL));
    CHECK(WaitForMultipleObjects(2, objects, FALSE, SOON) == WAIT_OBJECT_0 + 1);
    CHECK(signalled(event, 0)); /* no wait resets it */
    drain(handle);
    CHECK(!signalled(event, 100));
    CloseHandle(objects[0]);
}

static void it_wakes_a_message_loop(ecrhub_handle handle, void *event)
{
    MSG message;
    char id[65];
    STATUS(ECRHUB_OK, ecrhub_send(handle, sale(new_number(), "10.10"), 0, id, sizeof id, NULL));
    CHECK(PostThreadMessageW(GetCurrentThreadId(), WM_APP, 0, 0));
    CHECK(MsgWaitForMultipleObjects(1, &event, FALSE, SOON, QS_ALLINPUT) == WAIT_OBJECT_0 + 1);
    CHECK(PeekMessageW(&message, NULL, WM_APP, WM_APP, PM_REMOVE));
    CHECK(MsgWaitForMultipleObjects(1, &event, FALSE, SOON, QS_ALLINPUT) == WAIT_OBJECT_0);
    CONTAINS(event_with(handle, "\"event\":\"completed\""), id);
    CHECK(!signalled(event, 100));
}

static void it_tells_of_a_started_request_until_it_is_read(ecrhub_handle handle, void *event)
{
    char id[65], text[8192];
    STATUS(ECRHUB_OK, ecrhub_start(handle, sale(new_number(), "10.00"), 0, id, sizeof id, NULL));
    CHECK(signalled(event, SOON));
    STATUS(ECRHUB_TIMEOUT, ecrhub_poll(handle, 0, text, sizeof text, NULL));
    CHECK(signalled(event, 0));
    STATUS(ECRHUB_OK, ecrhub_wait(handle, id, 0, text, sizeof text, NULL));
    CHECK(!signalled(event, 100));
}

static void it_behaves(ecrhub_handle handle)
{
    void *event = NULL, *again = NULL;
    DWORD flags;
    int32_t fd = 4711;
    char small[4];
    MSG message;
    PeekMessageW(&message, NULL, WM_USER, WM_USER, PM_NOREMOVE); /* makes this thread's message queue */
    STATUS(ECRHUB_OK, ecrhub_wait_handle(handle, &event));
    STATUS(ECRHUB_OK, ecrhub_wait_handle(handle, &again));
    CHECK(event && again == event);
    CHECK(GetHandleInformation(event, &flags) && !(flags & HANDLE_FLAG_INHERIT));
    REFUSED(ECRHUB_ERR_UNSUPPORTED, "ecrhub_wait_handle", ecrhub_wait_fd(handle, &fd));
    CHECK(fd == 4711);

    /* "connected" comes, and the signal with it. */
    CHECK(signalled(event, SOON));
    STATUS(ECRHUB_ERR_BUFFER_TOO_SMALL, ecrhub_poll(handle, 0, small, sizeof small, NULL));
    CHECK(signalled(event, 0));
    drain(handle);
    CHECK(!signalled(event, 100));
    it_wakes_a_wait_for_several(handle, event);
    it_wakes_a_message_loop(handle, event);
    it_tells_of_a_started_request_until_it_is_read(handle, event);

    /* That it is closed, unload_windows.c shows: whether a number is a handle's tells little, they are used again. */
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_wait_handle(handle, &again));
    CHECK(again == event);
}
#else
static void it_behaves(ecrhub_handle handle)
{
    char here;
    void *event = &here;
    int32_t fd = -1;
    REFUSED(ECRHUB_ERR_UNSUPPORTED, "ecrhub_wait_fd", ecrhub_wait_handle(handle, &event));
    CHECK(event == &here);
    STATUS(ECRHUB_OK, ecrhub_wait_fd(handle, &fd));
    CHECK(fd >= 0);
    CONTAINS(event_with(handle, "\"event\":"), "\"event\":\"connected\"");
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_wait_handle(handle, &event));
    CHECK(event == &here);
}
#endif

int main(int argc, char **argv)
{
    it_behaves(connect_to(terminal_url(argc, argv)));
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    return 0;
}
