/* Handles are 64-bit numbers that are never used again, and a wrong one is found out. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

static void a_handle_needs_all_of_its_bits(void)
{
    ecrhub_handle handle = connect_to(NOBODY);
    CHECK(handle > UINT32_MAX);
    REFUSED(ECRHUB_ERR_HANDLE, "64 bits", ecrhub_wake(handle & UINT32_MAX));
    STATUS(ECRHUB_OK, ecrhub_wake(handle));
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

static void a_forged_handle_is_refused(void)
{
    ecrhub_handle handle = connect_to(NOBODY);
    int bit;
    for (bit = 0; bit < 64; bit++)
        STATUS(ECRHUB_ERR_HANDLE, ecrhub_disconnect(handle ^ 1ULL << bit));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_disconnect(handle + 1));
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_disconnect(handle + 0x10000));
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
}

static void a_handle_is_never_given_out_again(void)
{
    ecrhub_handle first = connect_to(NOBODY), next;
    int i;
    STATUS(ECRHUB_OK, ecrhub_disconnect(first));
    for (i = 0; i < 50; i++) {
        next = connect_to(NOBODY);
        CHECK(next != first);
        STATUS(ECRHUB_OK, ecrhub_disconnect(next));
    }
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_wake(first));
}

static atomic_int finished;

static void *use_it(void *handle)
{
    char text[4096];
    while (!atomic_load(&finished)) {
        int32_t status[5], i;
        ecrhub_handle it = *(ecrhub_handle *)handle;
        status[0] = ecrhub_poll(it, 1, text, sizeof text, NULL);
        status[1] = ecrhub_state(it, text, sizeof text, NULL);
        status[2] = ecrhub_send(it, sale(new_number(), "1.00"), 0, text, sizeof text, NULL);
        status[3] = ecrhub_pending(it, text, sizeof text, NULL);
        status[4] = ecrhub_wake(it);
        for (i = 0; i < 5; i++)
            CHECK(status[i] >= 0 || status[i] == ECRHUB_ERR_HANDLE || status[i] == ECRHUB_ERR_BUSY ||
                  status[i] == ECRHUB_ERR_BUFFER_TOO_SMALL);
    }
    return NULL;
}

static void two_threads_may_use_one_handle_until_a_third_ends_it(void)
{
    ecrhub_handle handle = connect_to(NOBODY);
    pthread_t threads[2];
    int i;
    for (i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, use_it, &handle) == 0);
    sleep_ms(300);
    STATUS(ECRHUB_OK, ecrhub_disconnect(handle));
    sleep_ms(100);
    atomic_store(&finished, 1);
    for (i = 0; i < 2; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(void)
{
    a_handle_needs_all_of_its_bits();
    a_forged_handle_is_refused();
    a_handle_is_never_given_out_again();
    two_threads_may_use_one_handle_until_a_third_ends_it();
    STATUS(ECRHUB_OK, ecrhub_shutdown());
    return 0;
}
