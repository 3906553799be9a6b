/*
 * ecrhub: take card payments on a CodePay Register terminal.
 *
 * Made by cbindgen from src/ffi; do not edit.
 *
 *
 * GETTING STARTED
 * ===============
 *
 * A complete sale. ecrhub_call sends the request and waits until it is known what happened, which is always, within
 * a bounded time.
 *
 *     #include <ecrhub.h>
 *     #include <stdio.h>
 *     #include <string.h>
 *     #include <time.h>
 *
 *     int main(void)
 *     {
 *         static char sale[512], event[65536];
 *         ecrhub_handle terminal;
 *         int32_t status = ecrhub_connect("ws://192.168.1.20:35779", &terminal);
 *         sprintf(sale, "{\"topic\":\"ecrhub.pay.order\",\"app_id\":\"your-app-id\",\"biz_data\":{"
 *                 "\"trans_type\":\"1\",\"merchant_order_no\":\"TILL1N%ld\",\"order_amount\":\"34.50\"}}",
 *                 (long)time(NULL));
 *         if (status == ECRHUB_OK)
 *             status = ecrhub_call(terminal, sale, 0, event, sizeof event, NULL);
 *         if (status < 0)
 *             ecrhub_last_error(event, sizeof event, NULL);
 *         printf("%s: %s\n", ecrhub_status_name(status), event);
 *         ecrhub_shutdown();
 *         return status == ECRHUB_OK && strstr(event, "\"outcome\":\"approved\"") ? 0 : 1;
 *     }
 *
 * Link with -lecrhub. No merchant_order_no may be used twice, neither by this till nor by another one of the same
 * terminal; here the second of the day makes it a new one, a real till counts its orders. It takes the event apart
 * with its own JSON reader, or with ecrhub_json_get, and looks at `outcome`. Where its screen must stay alive while a
 * customer looks for a card, it uses ecrhub_start, and ecrhub_wait with 0 from a timer. examples/c has tills.
 *
 *
 * WHICH FUNCTION
 * ==============
 *
 *     ecrhub_call                    one thread, one request, one answer
 *     ecrhub_start and ecrhub_wait   the same in two steps. The answer is kept for this request alone: read it as
 *                                    often as needed, from any thread, with a timer or in slices of time
 *     ecrhub_send and ecrhub_poll    one loop for everything that happens: completions come with all other events
 *
 * Whichever is used, somebody calls ecrhub_poll now and then: corrections of earlier outcomes ("clarified") and
 * completions that an earlier process left come only there.
 *
 *
 * TEXT AND BUFFERS
 * ================
 *
 * All text is UTF-8 and ends with a NUL, in both directions. The library never hands out memory, so there is
 * nothing to free, and it keeps no pointer it was given: arguments may be reused as soon as the call returns. (The
 * one exception is the callback of ecrhub_set_log.)
 *
 * Every function but three returns a status, an int32_t:
 *
 *     0    done: the outputs are written
 *     > 0  nothing is wrong, but there is nothing to give; the outputs are untouched
 *     < 0  refused, and nothing was changed; ecrhub_last_error tells this thread why
 *          (ecrhub_call has an exception: once its request is sent, it stays sent)
 *
 * A text comes back through (char *buffer, size_t capacity, size_t *out_length). If it fits together with its NUL,
 * it is written to `buffer`. If not, the call returns ECRHUB_ERR_BUFFER_TOO_SMALL, `buffer` is untouched, and
 * nothing was consumed or sent. In both cases *out_length is the length of the text without its NUL: a buffer of
 * *out_length + 1 bytes takes it. `out_length` may be NULL. A NULL buffer with capacity 0 asks for the length: it
 * returns ECRHUB_ERR_BUFFER_TOO_SMALL. A NULL buffer with a capacity is ECRHUB_ERR_ARGUMENT.
 *
 * That length is the only output that is ever written by a call that fails.
 *
 * The library looks at every pointer for NULL and at every text for broken UTF-8, and says ECRHUB_ERR_ARGUMENT. It
 * cannot check that a pointer points to what it should: a buffer must have the capacity that is said, and a text
 * its NUL. Handles it does check: an old, a foreign or an invented one is ECRHUB_ERR_HANDLE.
 *
 *
 * THREADS
 * =======
 *
 * Every function may be called from any thread at any time, also on the same handle. Each event goes to exactly one
 * of the threads that poll; the completion of a started request to each that waits for it. ecrhub_last_error is its own
 * in each thread.
 *
 * Only ecrhub_poll, ecrhub_call and ecrhub_wait wait for a terminal. ecrhub_wake and ecrhub_disconnect, from another
 * thread, end that waiting. ecrhub_connect, ecrhub_send and the others take no longer than this machine needs (with a journal,
 * its disk); ecrhub_shutdown waits for the library's own thread.
 *
 * Nothing calls back into the program, but for the log callback when one is set. Functions may not be called from a
 * signal handler, nor on Windows from DllMain.
 *
 *
 * CONFIGURATION
 * =============
 *
 * What ecrhub_connect takes: a URL, or a JSON object. Times are milliseconds.
 *
 *     key                   default     meaning
 *     url                   required    "ws://host:35779"; without a port it is 35779
 *     app_id                none        for requests that carry none
 *     terminal              the url     the terminal's name in the journal, where addresses change
 *     terminal_was          none        an array of its former names: orders open under them are taken over
 *     journal               none        a file that keeps orders over a crash
 *     journal_keep_days     400         how long acknowledged orders stay in it
 *     connect_timeout_ms    5000        name look-up, TCP and handshake together
 *     send_timeout_ms       10000       how long a request may wait to be sent
 *     order_timeout_ms      180000      how long an order's answer may take
 *     request_timeout_ms    30000       the same for all other topics
 *     recovery_timeout_ms   60000       how long an order is recovered, at the least, before it is closed
 *     recovery_interval_ms  2000        between two queries while it is recovered
 *     clarify_interval_ms   30000       between two queries for an "unknown" order; 0 for never
 *     clarify_days          7           how long it is asked about after it became "unknown"; 0 for no limit
 *     second_look_ms        30000       when an order is asked about once more that ended without money moving;
 *                                       0 for never
 *     close_lost_orders     true        whether an order that cannot be recovered is closed at the terminal. Where
 *                                       several tills share a terminal: false, see "Several tills on one terminal"
 *     ping_interval_ms      15000       between two pings; 0 for never
 *     ping_interval_busy_ms 2000        the same while a request is in flight; 0 for as at other times
 *     ping_timeout_ms       10000       without an answer the connection is lost
 *     reconnect_min_ms      500         the shortest pause before connecting again
 *     reconnect_max_ms      15000       the longest
 *     max_message_bytes     4194304     the longest message the terminal may send, in at most 16,384 fragments
 *     max_queue_bytes       16777216    bytes of events that wait before the oldest are dropped that are neither
 *                                       completions nor clarifications. Where these take up more, requests are
 *                                       refused with ECRHUB_ERR_BUSY, and an answer of more than 16 KiB to one in
 *                                       flight completes it with `response` null and an `error` that says so. The same
 *                                       again for completions of started requests; of these, those that were read go
 *     max_in_flight         1024        requests in flight and completions not fetched
 *     validation            "strict"    or "lenient": checks only what an answer could not be matched without
 *
 *
 * EVENTS AND OUTCOMES
 * ===================
 *
 * ecrhub_poll gives one JSON object each, ecrhub_call and ecrhub_wait a "completed" one, with `event` and `at` (epoch milliseconds) and these keys:
 *
 *     event           further keys
 *     connected       url
 *     disconnected    error, retry_in_ms
 *     completed       request_id, topic, merchant_order_no, outcome, sent ("no", "maybe", "yes"), fields, differs,
 *                     code, response (the terminal's message as it came), error, recovered, retold, elapsed_ms
 *     recovering      request_id, merchant_order_no, reason: recovery has started; for the display
 *     clarified       request_id, merchant_order_no, outcome, was, fields, differs, code, response, retold:
 *                     corrects an outcome that was reported earlier
 *     message         message, late_for: a message that no request waited for
 *     protocol_error  detail, raw: the terminal sent something that is no message
 *
 * merchant_order_no, differs, code, response, error and late_for may be null.
 *
 *     fields     the response's fields in one flat object of texts: those of its biz_data over those of its envelope;
 *                {} without a response
 *     differs    where the answer to an approved order is not what was asked: an object from "order_amount",
 *                "price_currency" or "trans_type" to {"asked":"30.00","answered":"20.00"}. A partial approval is such
 *                an answer: look at it before the goods are handed over
 *     code       what the terminal's code means: {"response_code":"106","inner":"K026","text":"...","advice":"..."};
 *                `inner` is the code in brackets in its words, `advice` one sentence on what the cashier should do
 *     error      an object with `status`, `name`, `stage` ("resolve", "connect", "handshake", "send", "receive",
 *                "heartbeat", "terminal", "journal", "recovery") and `message`
 *     recovered  it did not come as the direct answer on the same connection
 *     retold     it was delivered before, perhaps by an earlier process, and not acknowledged
 *
 * There may be more keys and more events one day: leave what you do not know.
 *
 * Every request that was accepted completes exactly once, with one word for what happened:
 *
 *     outcome      of             means                              the till
 *     approved     order, query   done, money moved                  records it
 *     declined     order, query   refused, no money moved            may try again with a new number
 *     cancelled    order, query   cancelled by a person or by        likewise
 *                                 "ecrhub.pay.close"; of a query:
 *                                 it may have been paid and voided
 *     not_found    order, query   the terminal has no record of it   likewise
 *     busy         order          the terminal is serving another    sends it again with the same number,
 *                                 customer; it was not accepted      not with a new one
 *     in_progress  query          payment in progress                asks again
 *     not_sent     all            never left this machine            may send it again, also with the same
 *                                                                    number
 *     unknown      all            cannot be determined, money may    asks a person, and never sells
 *                                 have moved                         again blindly
 *     ok, refused  other topics   success code, or not
 *
 * A void or a refund that succeeded is "approved" too: the outcome is the request's. An order is never sent twice
 * by the library: where its answer is lost, the library queries the terminal until it is known, for at most
 * order_timeout_ms and recovery_timeout_ms and a little more.
 *
 * An outcome can be corrected: a terminal that refused an order may report it as paid later, an "unknown" becomes
 * known, an approved order turns out to be reversed. Then one "clarified" event comes, `outcome` is what it is and
 * `was` what had been reported. Show it to a person: the till may have sold again meanwhile. It is acknowledged like
 * a completion: an acknowledgement names the outcome that the till has stored, and one that has been corrected
 * meanwhile is ECRHUB_OUTDATED. An order that ended without money moving is asked about once more second_look_ms later, one that is
 * "unknown" every clarify_interval_ms, with a journal in later processes too.
 *
 *
 * SEVERAL TILLS ON ONE TERMINAL
 * =============================
 *
 * Some terminals take "ecrhub.pay.close" for whatever is on their screen, whatever its number says. The library
 * closes an order that it cannot recover; another till's customer may be paying at that moment. So a shop in which
 * several tills share a terminal sets close_lost_orders to false in all of them; then "not_found" is never reported
 * for an order, "unknown" is. An order that comes while the terminal serves another till ends as "busy".
 *
 *
 * WHAT THE LIBRARY DOES TO YOUR PROCESS
 * =====================================
 *
 * It runs one thread, from the first ecrhub_connect to ecrhub_shutdown, whatever the number of terminals, and for a
 * moment one more while a terminal's name is looked up. It does nothing when it is loaded. It never touches signal
 * handlers (SIGPIPE is not raised by its sockets), the locale, the environment, the working directory or what the
 * program reads and writes; only if it has a bug and panics, the system's error output gets a line. All its file
 * descriptors are close-on-exec, and on Windows its handles are not inherited. The journal's name is UTF-8 like all
 * text, whatever code page the system has.
 *
 * fork(): in the child, calls on the parent's handles return ECRHUB_ERR_FORKED, new connections work, there is no
 * log callback, and nothing the child does disturbs the parent's connections.
 *
 * Unloading: see ecrhub_shutdown. Exiting without it is allowed; connections are then cut by the system, and what
 * the journal keeps is found out next time.
 */


#ifndef ECRHUB_H
#define ECRHUB_H

#include <stddef.h>
#include <stdint.h>

/* The words of an event's `event`. */
#define ECRHUB_EVENT_CONNECTED "connected"
#define ECRHUB_EVENT_DISCONNECTED "disconnected"
#define ECRHUB_EVENT_COMPLETED "completed"
#define ECRHUB_EVENT_RECOVERING "recovering"
#define ECRHUB_EVENT_CLARIFIED "clarified"
#define ECRHUB_EVENT_MESSAGE "message"
#define ECRHUB_EVENT_PROTOCOL_ERROR "protocol_error"

/* The words of an event's `outcome`. */
#define ECRHUB_OUTCOME_APPROVED "approved"
#define ECRHUB_OUTCOME_DECLINED "declined"
#define ECRHUB_OUTCOME_CANCELLED "cancelled"
#define ECRHUB_OUTCOME_NOT_FOUND "not_found"
#define ECRHUB_OUTCOME_BUSY "busy"
#define ECRHUB_OUTCOME_IN_PROGRESS "in_progress"
#define ECRHUB_OUTCOME_NOT_SENT "not_sent"
#define ECRHUB_OUTCOME_UNKNOWN "unknown"
#define ECRHUB_OUTCOME_OK "ok"
#define ECRHUB_OUTCOME_REFUSED "refused"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The version of the C ABI this header describes. A library whose `ecrhub_abi_version()` is another one must not be
 * called further.
 */
#define ECRHUB_ABI_VERSION 1

/**
 * Done.
 */
#define ECRHUB_OK 0

/**
 * Nothing came within the given time.
 */
#define ECRHUB_TIMEOUT 1

/**
 * The wait was ended by `ecrhub_wake`, or because the handle was disconnected.
 */
#define ECRHUB_INTERRUPTED 2

/**
 * The outcome that was acknowledged is not the order's outcome any more: the new one is delivered.
 */
#define ECRHUB_OUTDATED 3

/**
 * The JSON has no value at this path, or it is null.
 */
#define ECRHUB_NOTHING 4

/**
 * An argument is NULL, not UTF-8 or out of range.
 */
#define ECRHUB_ERR_ARGUMENT -1

/**
 * The handle was never given out, or has been disconnected.
 */
#define ECRHUB_ERR_HANDLE -2

/**
 * The configuration is refused; the text names the key and what it may be.
 */
#define ECRHUB_ERR_CONFIG -3

/**
 * The text is not JSON, or not a JSON object.
 */
#define ECRHUB_ERR_JSON -4

/**
 * The request breaks the protocol; the text names the field, the rule and the value.
 */
#define ECRHUB_ERR_REQUEST -5

/**
 * The `merchant_order_no` or `request_id` has been used already.
 */
#define ECRHUB_ERR_DUPLICATE -6

/**
 * The text does not fit into the buffer; `*out_length` tells how long it is.
 */
#define ECRHUB_ERR_BUFFER_TOO_SMALL -7

/**
 * Too many requests in flight, or too many completions that nobody has fetched.
 */
#define ECRHUB_ERR_BUSY -8

/**
 * The journal cannot be opened, read or written; the text names the file and the remedy.
 */
#define ECRHUB_ERR_JOURNAL -9

/**
 * The handle belongs to the process this one was forked from.
 */
#define ECRHUB_ERR_FORKED -10

/**
 * Not available on this system, or not from inside the log callback.
 */
#define ECRHUB_ERR_UNSUPPORTED -11

/**
 * A bug in the library, caught. The handle may still be used.
 */
#define ECRHUB_ERR_INTERNAL -12

/**
 * The terminal could not be reached, went away, or said something unusable. Only in events, never returned.
 */
#define ECRHUB_ERR_TERMINAL -13

/**
 * Log nothing.
 */
#define ECRHUB_LOG_OFF 0

/**
 * Log what went wrong.
 */
#define ECRHUB_LOG_ERROR 1

/**
 * And what looks wrong.
 */
#define ECRHUB_LOG_WARN 2

/**
 * And what happens to connections and orders.
 */
#define ECRHUB_LOG_INFO 3

/**
 * And refused calls, retries and the like.
 */
#define ECRHUB_LOG_DEBUG 4

/**
 * And everything else.
 */
#define ECRHUB_LOG_TRACE 5

/**
 * A connection to one terminal: a number, never an address. 0 is never valid, and no number is given out twice. It
 * needs all of its 64 bits.
 */
typedef uint64_t ecrhub_handle;

/**
 * What `ecrhub_set_log` calls: `level` is one of `ECRHUB_LOG_...`, `message` is UTF-8 and lives until the callback
 * returns, `user_data` is what was given to `ecrhub_set_log`.
 */
typedef void (*ecrhub_log_fn)(int32_t level, const char *message, void *user_data);

/**
 * The version of the library's C ABI. A till that loads the library at run time compares it with
 * ECRHUB_ABI_VERSION before it calls anything else, and leaves the library alone when they differ.
 */
uint32_t ecrhub_abi_version(void);

/**
 * The library's version, "major.minor.patch", for a log or a support call. Static text, never NULL.
 */
const char *ecrhub_version(void);

/**
 * The name of a status, "ECRHUB_ERR_REQUEST", and "ECRHUB_UNKNOWN_STATUS" for a number that is none. Static text,
 * never NULL.
 */
const char *ecrhub_status_name(int32_t status);

/**
 * Tells why the last refused call of this thread was refused: a sentence for a log or a person, at most 1,023
 * bytes without its NUL.
 *
 * `buffer`, `capacity`, `out_length`: see "Text and buffers" above.
 *
 * Every call that returns a negative status replaces the sentence of its own thread; a call that succeeds leaves
 * it as it is, so look at the status first. It is empty in a thread that was never refused anything. This function
 * itself never changes it, not even by being refused, and may be called from inside the log callback.
 *
 * Returns ECRHUB_OK, ECRHUB_ERR_ARGUMENT (`buffer` is NULL with a capacity) or ECRHUB_ERR_BUFFER_TOO_SMALL.
 */
int32_t ecrhub_last_error(char *buffer,
                          size_t capacity,
                          size_t *out_length);

/**
 * Starts connecting to a terminal and returns at once, with a handle.
 *
 * `config_json`: the terminal's URL, "ws://192.168.1.20:35779", or a JSON object with `url` and any of the keys in
 * the chapter "Configuration". It is taken whole or refused whole.
 *
 * `out_handle`: where the handle is written. It stays valid until `ecrhub_disconnect` or `ecrhub_shutdown`.
 *
 * How connecting went arrives as events, "connected" or "disconnected". A connection that fails or is lost comes
 * back by itself for as long as the handle lives. Requests may be sent at once; they wait for the connection for
 * `send_timeout_ms`. With a journal, the orders of this terminal that were left without an outcome are found out
 * and told, and those that were not acknowledged are told again.
 *
 * Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (NULL, or not UTF-8); ECRHUB_ERR_JSON (it begins with "{" and is no JSON object);
 * ECRHUB_ERR_CONFIG (an unknown key, a value of the wrong type or out of range: the text names it);
 * ECRHUB_ERR_JOURNAL (the journal cannot be opened, is damaged, or belongs to another process);
 * ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL. After a refusal no handle
 * exists and `*out_handle` is as it was.
 */
int32_t ecrhub_connect(const char *config_json,
                       ecrhub_handle *out_handle);

/**
 * Ends a connection and its handle.
 *
 * The connection is closed properly, with WebSocket's closing handshake. Every `ecrhub_poll`, `ecrhub_call` and
 * `ecrhub_wait` that waits on the handle returns ECRHUB_INTERRUPTED; every later call on it returns ECRHUB_ERR_HANDLE. Events
 * that nobody fetched are gone, but for what the journal keeps: an order without an outcome stays open there, and
 * the next `ecrhub_connect` for this terminal finds it out.
 *
 * Returns ECRHUB_OK; ECRHUB_ERR_HANDLE (never given out, or ended already); ECRHUB_ERR_FORKED;
 * ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL.
 */
int32_t ecrhub_disconnect(ecrhub_handle handle);

/**
 * Ends every handle of this process, as `ecrhub_disconnect` does, and the library's thread, and waits until it has
 * ended.
 *
 * Afterwards nothing of the library runs any more. It may be unloaded (`dlclose`, `FreeLibrary`), provided that no
 * other thread is inside one of its functions and that `ecrhub_set_log(NULL, NULL, 0)` has been called if a log
 * callback was set. Or it may be used again: `ecrhub_connect` starts everything anew. Calling it twice, or without
 * any handle, is allowed.
 *
 * A name server is not waited for. While a look-up is under way that nothing can interrupt, the library stays in memory
 * until the process ends, also when it is unloaded: the look-up's thread still returns through it.
 *
 * Returns ECRHUB_OK; ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL.
 */
int32_t ecrhub_shutdown(void);

/**
 * Sends a request and returns once it is accepted; what became of it arrives as an event, "completed", exactly
 * once.
 *
 * `request_json`: the message for the terminal, a JSON object with at least `topic` and `biz_data`. It is checked
 * against the protocol first. Where it lacks `request_id`, `timestamp`, `version` or `app_id`, they are filled in;
 * `app_id` from the configuration.
 *
 * `timeout_ms`: how long to wait for the answer, at least 1; 0 takes the configuration's `order_timeout_ms` or
 * `request_timeout_ms`. When it is over, an order is found out, which takes at most `recovery_timeout_ms` and a
 * little more.
 *
 * `request_id`, `capacity`, `out_length`: where the request's id is written, see "Text and buffers" above. If it
 * does not fit, nothing is sent. No id is longer than 64 characters, so 65 bytes are always enough.
 *
 * With a journal, an order is on the disk when this returns ECRHUB_OK. A request that cannot leave within
 * `send_timeout_ms` completes as "not_sent"; it is never sent later, and no order is ever sent twice.
 *
 * Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (NULL, not UTF-8, a negative `timeout_ms`); ECRHUB_ERR_HANDLE;
 * ECRHUB_ERR_FORKED; ECRHUB_ERR_JSON (not a JSON object); ECRHUB_ERR_REQUEST (breaks the protocol: the text names
 * the field, the rule and the value); ECRHUB_ERR_DUPLICATE (`merchant_order_no` or `request_id` used before);
 * ECRHUB_ERR_BUFFER_TOO_SMALL; ECRHUB_ERR_BUSY (more than `max_in_flight` requests in flight and completions not
 * fetched); ECRHUB_ERR_JOURNAL (the order cannot be written down); ECRHUB_ERR_UNSUPPORTED (called from inside the
 * log callback); ECRHUB_ERR_INTERNAL. After a negative status nothing was sent and no event will come.
 */
int32_t ecrhub_send(ecrhub_handle handle,
                    const char *request_json,
                    int32_t timeout_ms,
                    char *request_id,
                    size_t capacity,
                    size_t *out_length);

/**
 * Gives the next event of a handle, and waits for one if need be.
 *
 * `timeout_ms`: 0 never waits, a negative one waits for ever.
 *
 * `event_json`, `capacity`, `out_length`: where the event is written, see "Text and buffers" above. An event that
 * does not fit stays where it is, the first in the queue: call again with a larger buffer. 4,096 bytes are enough
 * for nearly all; an event with a terminal's message in it has that message twice, as it came and as `fields`, and may
 * be three times as long as `max_message_bytes` and some 2,000 bytes more.
 *
 * Each event is given once, to one caller. Several threads may poll one handle.
 *
 * Returns ECRHUB_OK (the event is written); ECRHUB_TIMEOUT (none came in time); ECRHUB_INTERRUPTED (`ecrhub_wake`
 * was called, or the handle was disconnected while this waited); ECRHUB_ERR_ARGUMENT; ECRHUB_ERR_HANDLE;
 * ECRHUB_ERR_FORKED; ECRHUB_ERR_BUFFER_TOO_SMALL; ECRHUB_ERR_UNSUPPORTED (called from inside the log callback);
 * ECRHUB_ERR_INTERNAL.
 */
int32_t ecrhub_poll(ecrhub_handle handle,
                    int32_t timeout_ms,
                    char *event_json,
                    size_t capacity,
                    size_t *out_length);

/**
 * Sends a request and waits for its own "completed" event: `ecrhub_start` and `ecrhub_wait` in one. All other events
 * stay for `ecrhub_poll`.
 *
 * `request_json`, `timeout_ms`: as for `ecrhub_send`. This returns at the latest when the request completes: after
 * `timeout_ms`, and for an order that must be recovered `recovery_timeout_ms` and a little more.
 *
 * `event_json`, `capacity`, `out_length`: where the event is written, see "Text and buffers" above.
 *
 * Returns ECRHUB_OK (the event is written; its `outcome` says what happened); ECRHUB_INTERRUPTED (`ecrhub_wake`
 * was called during this call, or the handle was disconnected); ECRHUB_ERR_BUFFER_TOO_SMALL (the answer is there, but
 * does not fit). After these two the request has been sent and lives on, and its completion comes by `ecrhub_poll`. All
 * other statuses are those of `ecrhub_send` and mean that nothing was sent.
 */
int32_t ecrhub_call(ecrhub_handle handle,
                    const char *request_json,
                    int32_t timeout_ms,
                    char *event_json,
                    size_t capacity,
                    size_t *out_length);

/**
 * Sends a request as `ecrhub_send` does, for a till that waits for this one request: its "completed" event is read with
 * `ecrhub_wait`, as often as one likes, and never comes by `ecrhub_poll`. Whatever becomes of the calling thread, the
 * completion is there for whoever knows the `request_id`.
 *
 * Parameters and statuses are those of `ecrhub_send`. A till that names the `request_id` in the request itself knows it
 * even if this call never returns to it.
 *
 * Everything else comes by `ecrhub_poll` as ever: "recovering", and a "clarified" event that corrects the outcome.
 *
 * A started request is bound to its handle. When the handle ends, or the process does, nothing waits for it any more:
 * with a journal, the next `ecrhub_connect` for this terminal delivers an order's completion by `ecrhub_poll`, unless it
 * was acknowledged; `retold` is true if it had been known before.
 */
int32_t ecrhub_start(ecrhub_handle handle,
                     const char *request_json,
                     int32_t timeout_ms,
                     char *request_id,
                     size_t capacity,
                     size_t *out_length);

/**
 * Gives the "completed" event of a request that was sent with `ecrhub_start`, and waits for it if need be.
 *
 * `request_id`: what `ecrhub_start` has given.
 *
 * `timeout_ms`: how long to wait, 0 for not at all, a negative one for ever; it changes nothing about the request.
 *
 * `event_json`, `capacity`, `out_length`: where the event is written, see "Text and buffers" above.
 *
 * Reading does not consume it: any number of threads may wait for one request, and each gets the same event, again and
 * again, until it is acknowledged or a thousand requests that were started have completed after it. Where such
 * completions take up more than `max_queue_bytes`, the oldest of those that were read go before that. So nothing is lost
 * between this call and the caller's next line: what was not stored is read again.
 *
 * Returns ECRHUB_OK (the event is written); ECRHUB_TIMEOUT (the request is in flight, or is being recovered);
 * ECRHUB_INTERRUPTED (`ecrhub_wake` was called, or the handle was disconnected, while this waited; the request lives
 * on); ECRHUB_ERR_ARGUMENT (NULL, not UTF-8, no request of this id was started on this handle, or its completion is
 * kept no longer); ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED; ECRHUB_ERR_BUFFER_TOO_SMALL (call again with a larger
 * buffer); ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL.
 */
int32_t ecrhub_wait(ecrhub_handle handle,
                    const char *request_id,
                    int32_t timeout_ms,
                    char *event_json,
                    size_t capacity,
                    size_t *out_length);

/**
 * Ends the waiting of a handle: every `ecrhub_poll`, `ecrhub_call` and `ecrhub_wait` blocked on it returns
 * ECRHUB_INTERRUPTED. When none is blocked, the next `ecrhub_poll` does, so that the wake-up of a thread that polls is
 * never lost in between; several of them count as one.
 *
 * Returns ECRHUB_OK; ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED; ECRHUB_ERR_UNSUPPORTED (called from inside the log
 * callback); ECRHUB_ERR_INTERNAL.
 */
int32_t ecrhub_wake(ecrhub_handle handle);

/**
 * Gives a file descriptor that is readable while an event waits, or the completion of a started request that nobody
 * has read; for a till that has an event loop of its own (`poll`, `epoll`, glib, Qt). When it becomes readable, call
 * `ecrhub_poll` with timeout 0 until it returns ECRHUB_TIMEOUT, and `ecrhub_wait` with timeout 0 for each request that
 * was started and is waited for: it stays readable until that is done. Windows has no such descriptors; there `ecrhub_wait_handle` takes its place.
 *
 * `out_fd`: where the descriptor is written. It is the library's own: never read it, write it or close it. It ends
 * with the handle, so take it out of the loop before `ecrhub_disconnect`. Each call gives the same one.
 *
 * Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (`out_fd` is NULL); ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED;
 * ECRHUB_ERR_UNSUPPORTED (on Windows, or called from inside the log callback); ECRHUB_ERR_INTERNAL.
 */
int32_t ecrhub_wait_fd(ecrhub_handle handle,
                       int32_t *out_fd);

/**
 * Gives a Windows event object that is signalled while an event waits, or the completion of a started request that
 * nobody has read; for a till that has a message loop or a wait of its own (`MsgWaitForMultipleObjects`,
 * `WaitForMultipleObjects`). When it is signalled, call `ecrhub_poll` with timeout 0 until it returns ECRHUB_TIMEOUT,
 * and `ecrhub_wait` with timeout 0 for each request that was started and is waited for. Everywhere else `ecrhub_wait_fd` takes its place.
 *
 * `out_handle`: where the event object is written, a HANDLE. It is the library's own: only wait for it, never set,
 * reset or close it. It ends with the handle, so stop waiting for it before `ecrhub_disconnect`. It is not
 * inherited by other processes. Each call gives the same one.
 *
 * Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (`out_handle` is NULL); ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED;
 * ECRHUB_ERR_UNSUPPORTED (not on Windows, or called from inside the log callback); ECRHUB_ERR_INTERNAL.
 */
int32_t ecrhub_wait_handle(ecrhub_handle handle,
                           void **out_handle);

/**
 * Gives a snapshot of a connection, for a status line or a support call: a JSON object with `state` ("connecting",
 * "connected", "waiting" for the next attempt), `url`, `in_flight`, `events_waiting`, `events_dropped`,
 * `bytes_waiting`, `reconnects`, `last_ping_ms`, `journal` and `elsewhere`: how many orders are open in the journal
 * under terminals that nobody is connected to, or null when it cannot be read.
 *
 * `state_json`, `capacity`, `out_length`: see "Text and buffers" above.
 *
 * Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT; ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED; ECRHUB_ERR_BUFFER_TOO_SMALL;
 * ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL. Nothing changes.
 */
int32_t ecrhub_state(ecrhub_handle handle,
                     char *state_json,
                     size_t capacity,
                     size_t *out_length);

/**
 * Lists the requests that are open, oldest first: a JSON array of objects with `request_id`, `merchant_order_no`,
 * `topic`, `terminal` (its name in the journal), `state`, `outcome`, `since` and `request`. Orders that are open in the
 * journal under a terminal that nobody is connected to are among them, with `elsewhere` true.
 *
 * `requests_json`, `capacity`, `out_length`: see "Text and buffers" above.
 *
 * `state` is "in_flight" (its answer is awaited), "recovering" (its outcome is being found out), "unacknowledged" (an
 * order that has completed, but `ecrhub_acknowledge` was not called) or "unknown" (until it is clarified or
 * `ecrhub_resolve` is called). The list may grow between two calls: ask again when it does not fit.
 *
 * Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT; ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED; ECRHUB_ERR_BUFFER_TOO_SMALL;
 * ECRHUB_ERR_JOURNAL; ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL. Nothing
 * changes.
 */
int32_t ecrhub_pending(ecrhub_handle handle,
                       char *requests_json,
                       size_t capacity,
                       size_t *out_length);

/**
 * Says that the till has stored this outcome: it is not delivered again, and no longer listed by `ecrhub_pending`.
 *
 * `request_id`, `outcome`: of the "completed" or "clarified" event that the till has stored.
 *
 * It takes effect only if `outcome` is the request's present one. If that has changed meanwhile, this returns
 * ECRHUB_OUTDATED and changes nothing; the "clarified" event with the new outcome comes by `ecrhub_poll`, to be
 * acknowledged in its turn.
 *
 * Call it after the till has stored the outcome, not before. Doing it again changes nothing. Without a journal it is the
 * same, but for what ends with the handle; a till that never acknowledges loses nothing there, only the oldest of
 * more than 4,096 orders from that list. The completion of a started request is not kept for `ecrhub_wait` any longer.
 *
 * Returns ECRHUB_OK; ECRHUB_OUTDATED; ECRHUB_ERR_ARGUMENT (NULL, not UTF-8, no word for an outcome, or there is no such
 * request that has completed); ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED; ECRHUB_ERR_JOURNAL (it could not be written: the
 * outcome will be delivered again); ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL.
 */
int32_t ecrhub_acknowledge(ecrhub_handle handle,
                           const char *request_id,
                           const char *outcome);

/**
 * Writes down what a person decided about an order whose outcome is "unknown", for instance after looking at the
 * terminal's own list. The library stops asking the terminal about it, and the order counts as acknowledged.
 *
 * `request_id`: of the "completed" event whose outcome was "unknown".
 *
 * `outcome`: "approved", "declined", "cancelled" or "not_found".
 *
 * `note`: who decided it and why, kept in the journal; may be NULL.
 *
 * Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (NULL, not UTF-8, another outcome, no such order, or one that is not
 * "unknown"); ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED; ECRHUB_ERR_JOURNAL; ECRHUB_ERR_UNSUPPORTED (called from inside
 * the log callback); ECRHUB_ERR_INTERNAL. After a refusal nothing is written down.
 */
int32_t ecrhub_resolve(ecrhub_handle handle,
                       const char *request_id,
                       const char *outcome,
                       const char *note);

/**
 * Has the library's log given to a callback; NULL ends it. One callback serves all handles of the process.
 *
 * `callback`: called from any thread, the library's own and those that are inside one of its functions, several at
 * the same time. It must return soon, must not throw or `longjmp`, and may call no function of this library but
 * `ecrhub_last_error` and the three without a status: all others return ECRHUB_ERR_UNSUPPORTED there. A line may come
 * a moment after the call it tells of has returned; what is not said yet when the log is ended is not said any more.
 *
 * `user_data`: handed to the callback as it is; the library never looks at it.
 *
 * `max_level`: ECRHUB_LOG_ERROR to ECRHUB_LOG_TRACE, or ECRHUB_LOG_OFF for nothing.
 *
 * It may be called as often as one likes. When it returns ECRHUB_OK, the callback before is not running any more
 * and will not be called again, so what its `user_data` points to may be freed. It waits for that, so do not hold
 * a lock here that the callback takes. Card numbers and signatures are masked in all messages. A forked child
 * starts without a callback.
 *
 * End it, by this function with NULL or by `ecrhub_shutdown` and then this, before what the callback needs is gone.
 * A callback of a managed runtime (Python, .NET, Java) must end before that runtime does, for instance in Python's
 * `atexit` or .NET's `ProcessExit`; the Python and .NET packages do so. Where the library notices the end it does not
 * call: on Linux from `exit` on, before what was set up earlier than the log is taken down; and a thread that a
 * runtime ends inside the callback stands still for ever, its terminals with it, instead of ending the process.
 *
 * Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (`max_level` is not within 0 to 5); ECRHUB_ERR_UNSUPPORTED (called from
 * inside the callback, or the library is part of a Rust program that has a logger of its own);
 * ECRHUB_ERR_INTERNAL. After a refusal everything is as it was.
 */
int32_t ecrhub_set_log(ecrhub_log_fn callback,
                       void *user_data,
                       int32_t max_level);

/**
 * Reads one value from a JSON text, for languages without a JSON library. It needs no handle, and changes nothing.
 *
 * `json`: any JSON, such as an event.
 *
 * `path`: member names and array indexes joined by points, at most 64: "outcome", "fields.trans_no", "0.state" of a
 * list. A member whose own name has a point in it cannot be reached. Of a name that comes twice the last counts.
 *
 * `buffer`, `capacity`, `out_length`: where the value is written, see "Text and buffers" above; not into `json` itself. A text comes without its
 * quotes and with its escapes undone; numbers, `true`, `false`, objects and arrays as they are written.
 *
 * Returns ECRHUB_OK; ECRHUB_NOTHING (there is no such value, or it is null); ECRHUB_ERR_ARGUMENT (NULL, not UTF-8, an
 * empty name in the path); ECRHUB_ERR_JSON (`json` is not JSON, or the text has a NUL or half a character in it);
 * ECRHUB_ERR_BUFFER_TOO_SMALL; ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL.
 */
int32_t ecrhub_json_get(const char *json,
                        const char *path,
                        char *buffer,
                        size_t capacity,
                        size_t *out_length);

/**
 * Gives a JSON text with one text in it set or removed, for languages without a JSON library. It needs no handle, and
 * keeps nothing. `buffer` may be the memory that `json` is in: a request is built step by step in one buffer.
 *
 * `json`: any JSON, such as a request that is being built; NULL for an empty object.
 *
 * `path`: as for `ecrhub_json_get`. Objects that it goes through are created where they are missing or null; an array
 * takes one index more than it has.
 *
 * `value`: the text to be there, escaped as JSON asks for; NULL to remove whatever is there. Amounts and all other fields
 * of a request are texts.
 *
 * `buffer`, `capacity`, `out_length`: where the result is written, see "Text and buffers" above. What is not changed
 * stays as it was written.
 *
 * Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (NULL, not UTF-8, an empty name in the path, or the path goes through a value
 * that has no members, or past the end of an array); ECRHUB_ERR_JSON (`json` is not JSON);
 * ECRHUB_ERR_BUFFER_TOO_SMALL; ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL.
 */
int32_t ecrhub_json_set(const char *json,
                        const char *path,
                        const char *value,
                        char *buffer,
                        size_t capacity,
                        size_t *out_length);

#ifdef __cplusplus
}
#endif

#endif /* ECRHUB_H */
