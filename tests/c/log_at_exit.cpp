// A program that ends while its log is on: what it has made before it set the log is not used after it is destroyed.
#include <ecrhub.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {

enum { MANY = 8 };

volatile bool is_destroyed = false;
volatile unsigned calls = 0;

struct Log {
    // Long enough for the library's thread to have something to say.
    ~Log()
    {
        is_destroyed = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
} the_log;

extern "C" void say(int32_t, const char *, void *)
{
    calls = calls + 1;
    if (is_destroyed) {
        std::fputs("the log is used after its end\n", stderr);
        std::_Exit(3);
    }
}

} // namespace

int main(int, char **arguments)
{
    if (ecrhub_set_log(say, &the_log, ECRHUB_LOG_TRACE) != ECRHUB_OK)
        return 1;
    for (int i = 0; i < MANY; i++) {
        ecrhub_handle terminal;
        if (ecrhub_connect(arguments[1], &terminal) != ECRHUB_OK)
            return 1;
    }
    while (calls < 100)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return 0;
}
