// ecrhub for C++17: the functions of ecrhub.h with an owner, exceptions and strings. Header-only.
//
//     ecrhub::Terminal terminal("ws://192.168.1.20:35779");
//     const std::string id = terminal.start(sale_json);
//     while (!(event = terminal.wait(id, std::chrono::milliseconds(100))))
//         look_after_the_screen();
//     if (ecrhub::json_get(*event, "outcome") == "approved")
//         record(*event);
//
// Requests, events and configurations are JSON texts, as in ecrhub.h, whose chapters hold here too: take them apart
// with the JSON library your program has, or with json_get.
//
// What has nothing to give (a time that is over, a wake-up) is an empty optional; what is refused is an
// ecrhub::Error, and nothing was changed. A Terminal may be used from several threads at once, but for moving and
// destroying it.

#ifndef ECRHUB_HPP
#define ECRHUB_HPP

#include <ecrhub.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace ecrhub {

using milliseconds = std::chrono::milliseconds;

/// A refused call: which rule was broken, and a sentence for a log or a person.
class Error : public std::runtime_error {
public:
    Error(std::int32_t status, const std::string &message) : std::runtime_error(message), status_(status) {}

    /// One of ECRHUB_ERR_...
    std::int32_t status() const noexcept { return status_; }

    /// "ECRHUB_ERR_REQUEST"
    const char *status_name() const noexcept { return ecrhub_status_name(status_); }

private:
    std::int32_t status_;
};

namespace detail {

/// Why this thread's last call was refused.
inline std::string last_error()
{
    char text[1024]; // longer than any message
    return ecrhub_last_error(text, sizeof text, nullptr) == ECRHUB_OK ? text : "";
}

inline std::int32_t check(std::int32_t status)
{
    if (status < 0)
        throw Error(status, last_error());
    return status;
}

/// A text as C takes it. What lies behind a NUL would be lost on the way, so there may be none.
inline const char *c_text(const std::string &text)
{
    if (text.find('\0') != std::string::npos)
        throw Error(ECRHUB_ERR_ARGUMENT, "the text has a NUL in it");
    return text.c_str();
}

/// Calls `fetch(buffer, capacity, &length)` with ever larger buffers until the text fits. Empty when there is nothing.
template <typename Fetch> std::optional<std::string> grow(Fetch fetch)
{
    std::string text(4096, '\0');
    for (;;) {
        std::size_t length = 0;
        // A std::string has room for the NUL behind its size.
        const std::int32_t status = fetch(&text[0], text.size() + 1, &length);
        if (status != ECRHUB_ERR_BUFFER_TOO_SMALL) {
            if (check(status) != ECRHUB_OK)
                return std::nullopt;
            text.resize(length);
            return text;
        }
        text.resize(length);
    }
}

inline std::int32_t to_timeout(milliseconds time)
{
    const milliseconds::rep longest = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(std::clamp(time.count(), milliseconds::rep{-1}, longest));
}

} // namespace detail

/// For Terminal::poll and Terminal::wait: wait until something happens.
constexpr milliseconds forever{-1};

/// Longer than any completion, which has the terminal's message as it came and as `fields`, as long as the
/// configuration's max_message_bytes is not raised.
constexpr std::size_t longest_event = 3 * 4194304 + 65536;

/// A connection to one terminal, which ends with this object. It can be moved, not copied.
class Terminal {
public:
    /// Starts connecting; see ecrhub_connect. `config` is a URL or a JSON object.
    explicit Terminal(const std::string &config)
    {
        detail::check(ecrhub_connect(detail::c_text(config), &handle_));
    }

    Terminal(Terminal &&other) noexcept : handle_(std::exchange(other.handle_, 0)) {}

    Terminal &operator=(Terminal &&other) noexcept
    {
        if (this != &other) {
            end();
            handle_ = std::exchange(other.handle_, 0);
        }
        return *this;
    }

    Terminal(const Terminal &) = delete;
    Terminal &operator=(const Terminal &) = delete;

    ~Terminal() { end(); }

    /// Sends a request and gives its request_id; see ecrhub_send. A timeout of 0 takes the configuration's.
    std::string send(const std::string &request, milliseconds timeout = milliseconds(0))
    {
        return send_by(ecrhub_send, request, timeout);
    }

    /// The same, for one that is waited for: its completion is read with wait(), and never comes by poll(). See
    /// ecrhub_start.
    std::string start(const std::string &request, milliseconds timeout = milliseconds(0))
    {
        return send_by(ecrhub_start, request, timeout);
    }

    /// The completion of a request that was started, or nothing while it is in flight, or when wake() was called. It can
    /// be read again until it is acknowledged; see ecrhub_wait.
    std::optional<std::string> wait(const std::string &request_id, milliseconds time = forever) const
    {
        const char *id = detail::c_text(request_id);
        const auto begin = std::chrono::steady_clock::now();
        return detail::grow([&](char *buffer, std::size_t capacity, std::size_t *length) {
            return ecrhub_wait(handle_, id, detail::to_timeout(left(time, begin)), buffer, capacity, length);
        });
    }

    /// The next event, or nothing when none came in time, or wake() was called; see ecrhub_poll.
    std::optional<std::string> poll(milliseconds wait = forever)
    {
        const auto start = std::chrono::steady_clock::now();
        return detail::grow([&](char *buffer, std::size_t capacity, std::size_t *length) {
            return ecrhub_poll(handle_, detail::to_timeout(left(wait, start)), buffer, capacity, length);
        });
    }

    /// Sends a request and waits for its completion, or nothing when wake() was called: the request lives on then, and
    /// its completion comes by poll(). See ecrhub_call.
    ///
    /// A completion of `capacity` bytes or more is an Error with ECRHUB_ERR_BUFFER_TOO_SMALL; it too comes by poll().
    std::optional<std::string> call(const std::string &request, milliseconds timeout = milliseconds(0),
                                    std::size_t capacity = longest_event)
    {
        // The request must not be sent again for a larger buffer, so it is large from the start. It is not
        // initialised: what nobody writes to costs no memory.
        const std::unique_ptr<char[]> buffer(new char[capacity]);
        std::size_t length = 0;
        const std::int32_t status = detail::check(ecrhub_call(handle_, detail::c_text(request),
                                                              detail::to_timeout(timeout), buffer.get(), capacity,
                                                              &length));
        if (status != ECRHUB_OK)
            return std::nullopt;
        return std::string(buffer.get(), length);
    }

    /// Ends the waiting of poll(), call() and wait() in other threads, or of the next poll(); see ecrhub_wake.
    void wake() { detail::check(ecrhub_wake(handle_)); }

    /// A file descriptor that is readable while there is something to fetch; see ecrhub_wait_fd.
    std::int32_t wait_fd() const
    {
        std::int32_t fd = -1;
        detail::check(ecrhub_wait_fd(handle_, &fd));
        return fd;
    }

    /// A Windows event object (a HANDLE) that is signalled while there is something to fetch; see ecrhub_wait_handle.
    void *wait_handle() const
    {
        void *event = nullptr;
        detail::check(ecrhub_wait_handle(handle_, &event));
        return event;
    }

    /// A snapshot, a JSON object; see ecrhub_state.
    std::string state() const { return text(ecrhub_state); }

    /// The open requests, a JSON array; see ecrhub_pending.
    std::string pending() const { return text(ecrhub_pending); }

    /// The till has stored this outcome; see ecrhub_acknowledge. False: it has been corrected meanwhile, nothing was
    /// changed, and the correction comes by poll().
    bool acknowledge(const std::string &request_id, const std::string &outcome)
    {
        return detail::check(ecrhub_acknowledge(handle_, detail::c_text(request_id), detail::c_text(outcome))) ==
               ECRHUB_OK;
    }

    /// What a person decided about an "unknown" order; see ecrhub_resolve.
    void resolve(const std::string &request_id, const std::string &outcome)
    {
        detail::check(ecrhub_resolve(handle_, detail::c_text(request_id), detail::c_text(outcome), nullptr));
    }

    /// The same with a note: who decided it, and why.
    void resolve(const std::string &request_id, const std::string &outcome, const std::string &note)
    {
        detail::check(ecrhub_resolve(handle_, detail::c_text(request_id), detail::c_text(outcome),
                                     detail::c_text(note)));
    }

    /// Ends the connection before the object's own end. Later calls are refused with ECRHUB_ERR_HANDLE; doing it
    /// again changes nothing.
    ///
    /// The handle is kept, so that threads inside poll(), call() or wait() at the moment are not disturbed by more than
    /// that.
    void disconnect() noexcept { ecrhub_disconnect(handle_); }

    /// For the functions of ecrhub.h. It stays this object's; 0 after a move.
    ecrhub_handle handle() const noexcept { return handle_; }

private:
    void end() noexcept
    {
        if (handle_ != 0)
            ecrhub_disconnect(handle_);
    }

    using Send = std::int32_t (*)(ecrhub_handle, const char *, std::int32_t, char *, std::size_t, std::size_t *);

    std::string send_by(Send function, const std::string &request, milliseconds timeout)
    {
        const char *json = detail::c_text(request);
        // One that does not fit was not sent, so it is safe to try again.
        return detail::grow([&](char *buffer, std::size_t capacity, std::size_t *length) {
                   return function(handle_, json, detail::to_timeout(timeout), buffer, capacity, length);
               })
            .value_or(std::string());
    }

    /// What is left of a time to wait, should an event need a second attempt with a larger buffer.
    static milliseconds left(milliseconds wait, std::chrono::steady_clock::time_point start)
    {
        if (wait.count() < 0)
            return forever;
        const auto past = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
        return std::max(wait - past, milliseconds(0));
    }

    using Text = std::int32_t (*)(ecrhub_handle, char *, std::size_t, std::size_t *);

    std::string text(Text function) const
    {
        return detail::grow([&](char *buffer, std::size_t capacity, std::size_t *length) {
                   return function(handle_, buffer, capacity, length);
               })
            .value_or(std::string());
    }

    ecrhub_handle handle_ = 0;
};

/// Ends every terminal of the process and the library's thread; see ecrhub_shutdown.
inline void shutdown()
{
    detail::check(ecrhub_shutdown());
}

/// The library's version, "major.minor.patch".
inline std::string version()
{
    return ecrhub_version();
}

/// One value of a JSON text, or nothing if there is none or it is null; see ecrhub_json_get.
inline std::optional<std::string> json_get(const std::string &json, const std::string &path)
{
    const char *text = detail::c_text(json), *where = detail::c_text(path);
    return detail::grow([&](char *buffer, std::size_t capacity, std::size_t *length) {
        return ecrhub_json_get(text, where, buffer, capacity, length);
    });
}

/// The JSON text with one text in it set, or removed with nullopt; an empty one is an empty object. See ecrhub_json_set.
inline std::string json_set(const std::string &json, const std::string &path,
                            const std::optional<std::string> &value)
{
    const char *text = json.empty() ? nullptr : detail::c_text(json), *where = detail::c_text(path);
    const char *said = value ? detail::c_text(*value) : nullptr;
    return detail::grow([&](char *buffer, std::size_t capacity, std::size_t *length) {
               return ecrhub_json_set(text, where, said, buffer, capacity, length);
           })
        .value_or(std::string());
}

/// Has the log given to a callback, or to none any more with nullptr; see ecrhub_set_log. It must not throw.
inline void set_log(ecrhub_log_fn callback, void *user_data = nullptr, std::int32_t max_level = ECRHUB_LOG_INFO)
{
    detail::check(ecrhub_set_log(callback, user_data, max_level));
}

} // namespace ecrhub

#endif // ECRHUB_HPP
