// The C++ wrapper: owners, exceptions, and buffers that grow without losing an event.
#include <ecrhub.hpp>

#include "check.h"

#include <thread>
#include <type_traits>
#include <utility>

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<ecrhub::Terminal> && !std::is_copy_assignable_v<ecrhub::Terminal>);
static_assert(std::is_nothrow_move_constructible_v<ecrhub::Terminal>);
static_assert(std::is_nothrow_move_assignable_v<ecrhub::Terminal>);

template <typename Call> static void throws(std::int32_t status, const char *words, Call call)
{
    try {
        call();
    } catch (const ecrhub::Error &error) {
        STATUS(status, error.status());
        CONTAINS(error.what(), words);
        return;
    }
    CHECK(!"it throws");
}

static std::string poll_for(ecrhub::Terminal &terminal, const char *part)
{
    for (;;) {
        const auto event = terminal.poll(std::chrono::milliseconds(SOON));
        CHECK(event.has_value());
        if (event->find(part) != std::string::npos)
            return *event;
    }
}

static void a_refusal_is_an_exception_with_status_and_text()
{
    throws(ECRHUB_ERR_CONFIG, "http", [] { ecrhub::Terminal terminal("http://somewhere"); });
    throws(ECRHUB_ERR_ARGUMENT, "NUL", [] { ecrhub::Terminal terminal(std::string("ws://a\0b", 8)); });
    ecrhub::Terminal terminal(NOBODY);
    throws(ECRHUB_ERR_ARGUMENT, "timeout_ms is -1", [&] { terminal.send("{}", -5ms); });
    throws(ECRHUB_ERR_ARGUMENT, "approved, declined", [&] { terminal.resolve("id", "perhaps"); });
    terminal.disconnect();
    terminal.disconnect();
    throws(ECRHUB_ERR_HANDLE, "ended", [&] { terminal.wake(); });
}

static void a_terminal_ends_with_its_object_and_may_be_moved()
{
    ecrhub_handle seen;
    {
        ecrhub::Terminal first(NOBODY), second(NOBODY);
        const ecrhub_handle first_handle = first.handle();
        seen = second.handle();
        first = std::move(second);
        CHECK(first.handle() == seen && second.handle() == 0);
        STATUS(ECRHUB_ERR_HANDLE, ecrhub_wake(first_handle));
        STATUS(ECRHUB_OK, ecrhub_wake(seen));
    }
    STATUS(ECRHUB_ERR_HANDLE, ecrhub_wake(seen));
}

static void nothing_to_give_is_an_empty_optional()
{
    ecrhub::Terminal terminal(NOBODY);
    poll_for(terminal, "disconnected");
    CHECK(!terminal.poll(0ms));
    CHECK(!terminal.poll(20ms));
    std::thread waker([&] {
        std::this_thread::sleep_for(100ms);
        terminal.wake();
    });
    CHECK(!terminal.poll(ecrhub::forever));
    waker.join();
}

static void a_sale_is_sent_or_called(const char *url)
{
    ecrhub::Terminal terminal(url);
    const std::string id = terminal.send(sale(new_number(), "10.00"));
    CONTAINS(poll_for(terminal, "completed").c_str(), id.c_str());
    const auto event = terminal.call(sale(new_number(), "10.01"), 30s);
    CHECK(event && event->find("\"outcome\":\"declined\"") != std::string::npos);
    CONTAINS(terminal.state().c_str(), "\"state\":\"connected\"");
    CONTAINS(terminal.pending().c_str(), id.c_str());
    CHECK(!terminal.acknowledge(id, "declined"));
    CHECK(terminal.acknowledge(id, "approved"));
    CHECK(terminal.pending().find(id) == std::string::npos);
#ifdef _WIN32
    CHECK(terminal.wait_handle() != nullptr);
    throws(ECRHUB_ERR_UNSUPPORTED, "ecrhub_wait_handle", [&] { terminal.wait_fd(); });
#else
    CHECK(terminal.wait_fd() >= 0);
    throws(ECRHUB_ERR_UNSUPPORTED, "ecrhub_wait_fd", [&] { terminal.wait_handle(); });
#endif
}

static void a_sale_is_started_and_waited_for(const char *url)
{
    ecrhub::Terminal terminal(url);
    const std::string request = ecrhub::json_set(sale(new_number(), "10.01"), "biz_data.order_amount", "10.00");
    const std::string id = terminal.start(request);
    const auto event = terminal.wait(id, 30s);
    CHECK(event && terminal.wait(id, 0ms) == event);
    CHECK(ecrhub::json_get(*event, "outcome") == "approved");
    CHECK(ecrhub::json_get(*event, "fields.order_amount") == "10.00");
    CHECK(!ecrhub::json_get(*event, "error") && !ecrhub::json_get(*event, "no.such.thing"));
    CHECK(terminal.acknowledge(id, "approved"));
    throws(ECRHUB_ERR_ARGUMENT, "acknowledged", [&] { terminal.wait(id, 0ms); });
    while (const auto other = terminal.poll(0ms))
        CHECK(other->find("completed") == std::string::npos);
    CHECK(ecrhub::json_set("", "a.b", "\"") == "{\"a\":{\"b\":\"\\\"\"}}");
    CHECK(ecrhub::json_set("{\"a\":1}", "a", std::nullopt) == "{}");
    throws(ECRHUB_ERR_JSON, "not JSON", [] { ecrhub::json_get("{", "a"); });
}

// .69: approved with an answer of 1 MiB.
static void what_is_large_comes_whole(const char *url)
{
    ecrhub::Terminal terminal(url);
    terminal.send(sale(new_number(), "10.69"));
    CHECK(poll_for(terminal, "completed").size() > 1000000);
    const auto event = terminal.call(sale(new_number(), "10.69"));
    CHECK(event && event->size() > 1000000);
    const auto waited = terminal.wait(terminal.start(sale(new_number(), "10.69")), 60s);
    CHECK(waited && waited->size() > 1000000);
    throws(ECRHUB_ERR_BUFFER_TOO_SMALL, "bytes", [&] { terminal.call(sale(new_number(), "10.69"), 0ms, 100); });
    CHECK(poll_for(terminal, "completed").size() > 1000000);
}

int main(int argc, char **argv)
{
    const char *url = terminal_url(argc, argv);
    a_refusal_is_an_exception_with_status_and_text();
    a_terminal_ends_with_its_object_and_may_be_moved();
    nothing_to_give_is_an_empty_optional();
    a_sale_is_sent_or_called(url);
    a_sale_is_started_and_waited_for(url);
    what_is_large_comes_whole(url);
    ecrhub::set_log(nullptr);
    ecrhub::shutdown();
    CHECK(ecrhub::version() == ecrhub_version());
}
