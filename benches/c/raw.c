/* The floor: as many bytes to and fro on a plain TCP socket, and nothing else. `raw roundtrip|pipelined PORT COUNT` */
#include "measure.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* What an order and its answer measure as WebSocket frames. */
#define REQUEST 261
#define ANSWER 483

static char request[REQUEST], answers[IN_FLIGHT * ANSWER];

static int connect_to(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    uint32_t sizes[2] = {htonl(REQUEST), htonl(ANSWER)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MUST(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    MUST(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0);
    MUST(write(fd, sizes, sizeof sizes) == sizeof sizes);
    return fd;
}

static void send_one(int fd)
{
    MUST(write(fd, request, sizeof request) == sizeof request);
}

static void one(int fd)
{
    size_t got = 0;
    send_one(fd);
    while (got < ANSWER) {
        ssize_t count = read(fd, answers + got, ANSWER - got);
        MUST(count > 0);
        got += (size_t)count;
    }
}

static void roundtrip(int fd, long count)
{
    int64_t *samples = calloc((size_t)count, sizeof *samples), began, cpu;
    for (long i = 0; i < WARM_UP; i++)
        one(fd);
    cpu = cpu_ns();
    began = now_ns();
    for (long i = 0; i < count; i++) {
        int64_t before = now_ns();
        one(fd);
        samples[i] = now_ns() - before;
    }
    report(samples, count, now_ns() - began, cpu_ns() - cpu);
}

static void keep_in_flight(int fd, int64_t *samples, long count)
{
    long sent = 0, done = 0;
    size_t got = 0;
    for (; sent < IN_FLIGHT && sent < count; sent++) {
        samples[sent] = now_ns();
        send_one(fd);
    }
    while (done < count) {
        ssize_t more = read(fd, answers, sizeof answers);
        MUST(more > 0);
        for (got += (size_t)more; got >= ANSWER; got -= ANSWER) {
            samples[done] = now_ns() - samples[done];
            done++;
            if (sent < count) {
                samples[sent++] = now_ns();
                send_one(fd);
            }
        }
    }
}

static void pipelined(int fd, long count)
{
    int64_t *samples = calloc((size_t)(count > WARM_UP ? count : WARM_UP), sizeof *samples), began, cpu;
    keep_in_flight(fd, samples, WARM_UP);
    cpu = cpu_ns();
    began = now_ns();
    keep_in_flight(fd, samples, count);
    report(samples, count, now_ns() - began, cpu_ns() - cpu);
}

int main(int argc, char **argv)
{
    MUST(argc == 4);
    if (strcmp(argv[1], "roundtrip") == 0)
        roundtrip(connect_to(atoi(argv[2])), atol(argv[3]));
    else
        pipelined(connect_to(atoi(argv[2])), atol(argv[3]));
    return 0;
}
