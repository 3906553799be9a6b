// Plays the conformance list in C++: one command a line, one answer a line.
#include <ecrhub.hpp>

#include <iostream>
#include <map>
#include <numeric>
#include <thread>
#include <vector>

#include "runner.h"

namespace {

using ecrhub::milliseconds;
using ecrhub::Terminal;

std::map<std::string, Terminal> terminals;
std::string command;

std::string text_of(const std::string &object, const char *name)
{
    std::vector<char> text(object.size() + 1);
    return json_text(object.c_str(), name, text.data(), text.size());
}

std::string whole(const char *name)
{
    std::vector<char> text(command.size() + 1);
    return json_whole(command.c_str(), name, text.data(), text.size());
}

milliseconds time_of(const char *name)
{
    return milliseconds(json_number(command.c_str(), name, 0));
}

Terminal &terminal()
{
    const auto found = terminals.find(text_of(command, "on"));
    if (found == terminals.end())
        throw ecrhub::Error(ECRHUB_ERR_HANDLE, "no such terminal");
    return found->second;
}

void done()
{
    print_json("done", "true");
}

void connect()
{
    const std::string on = text_of(command, "on");
    terminals.erase(on);
    terminals.emplace(on, Terminal(whole("config")));
    done();
}

void call()
{
    print_json("completed", terminal().call(whole("message"), time_of("timeout_ms")).value_or("null").c_str());
}

void wait_for()
{
    const auto event = terminal().wait(text_of(command, "request_id"), time_of("timeout_ms"));
    print_json(event ? "completed" : "timeout", event ? event->c_str() : "true");
}

// The value, or the JSON text, is told as a text.
void tell_text(const char *key, const std::string &text)
{
    printf("{\"%s\":", key);
    print_quoted(text.c_str());
    printf("}\n");
}

void get_json()
{
    const auto value = ecrhub::json_get(text_of(command, "json"), text_of(command, "path"));
    if (value)
        tell_text("value", *value);
    else
        print_json("nothing", "true");
}

void set_json()
{
    std::optional<std::string> value;
    if (json_value(command.c_str(), "value"))
        value = text_of(command, "value");
    tell_text("json", ecrhub::json_set(text_of(command, "json"), text_of(command, "path"), value));
}

void next_event()
{
    while (const auto event = terminal().poll(time_of("timeout_ms")))
        if (json_lists(command.c_str(), "kinds", text_of(*event, "event").c_str()))
            return print_json("event", event->c_str());
    print_json("timeout", "true");
}

void resolve()
{
    const std::string id = text_of(command, "request_id"), note = text_of(command, "note");
    if (note.empty())
        terminal().resolve(id, text_of(command, "outcome"));
    else
        terminal().resolve(id, text_of(command, "outcome"), note);
    done();
}

// How often each outcome came, and how many answers were for what had been asked.
struct Tally {
    std::map<std::string, int> outcomes;
    int own = 0;
};

void sell(Terminal &terminal, const many &many, int first, Tally &tally)
{
    char number[64], request[SHORT];
    for (int index = first; index < many.count; index += many.threads) {
        write_one(&many, index, number, request, sizeof request);
        const std::string event = terminal.call(request).value_or("{}");
        ++tally.outcomes[text_of(event, "outcome")];
        tally.own += text_of(event, "merchant_order_no") == number;
    }
}

void sell_many()
{
    const many many = read_many(command.c_str());
    std::vector<Tally> tallies(static_cast<std::size_t>(many.threads));
    std::vector<std::thread> threads;
    for (int first = 0; first < many.threads; ++first)
        threads.emplace_back(sell, std::ref(terminal()), std::cref(many), first,
                             std::ref(tallies[static_cast<std::size_t>(first)]));
    for (std::thread &thread : threads)
        thread.join();
    Tally all;
    for (const Tally &tally : tallies) {
        for (const auto &[outcome, count] : tally.outcomes)
            all.outcomes[outcome] += count;
        all.own += tally.own;
    }
    std::string counts;
    for (const auto &[outcome, count] : all.outcomes)
        counts += (counts.empty() ? "\"" : ",\"") + outcome + "\":" + std::to_string(count);
    printf("{\"many\":{%s},\"own\":%d}\n", counts.c_str(), all.own);
}

void interrupt_order()
{
    Terminal &till = terminal();
    std::thread waker([&till, pause = time_of("after_ms")] {
        std::this_thread::sleep_for(pause);
        till.wake();
    });
    const std::string message = whole("message");
    const auto event = till.call(message);
    waker.join();
    if (event)
        print_json("completed", event->c_str());
    else
        print_request_id("interrupted", text_of(message, "request_id").c_str());
}

const std::map<std::string, void (*)()> verbs = {
    {"hello", [] { printf("{\"hello\":{\"language\":\"cpp\",\"version\":\"%s\"}}\n", ecrhub::version().c_str()); }},
    {"connect", connect},
    {"order", call},
    {"send", call},
    {"submit",
     [] { print_request_id("submitted", terminal().send(whole("message"), time_of("timeout_ms")).c_str()); }},
    {"start",
     [] { print_request_id("started", terminal().start(whole("message"), time_of("timeout_ms")).c_str()); }},
    {"wait", wait_for},
    {"json_get", get_json},
    {"json_set", set_json},
    {"event", next_event},
    {"acknowledge",
     [] {
         if (terminal().acknowledge(text_of(command, "request_id"), text_of(command, "outcome")))
             done();
         else
             print_json("outdated", "true");
     }},
    {"resolve", resolve},
    {"pending", [] { print_json("pending", terminal().pending().c_str()); }},
    {"state", [] { print_json("state", terminal().state().c_str()); }},
    {"many", sell_many},
    {"interrupt_order", interrupt_order},
    {"disconnect",
     [] {
         terminal().disconnect();
         done();
     }},
    {"shutdown",
     [] {
         ecrhub::shutdown();
         done();
     }},
};

} // namespace

int main()
{
    while (std::getline(std::cin, command)) {
        try {
            const auto verb = verbs.find(text_of(command, "do"));
            if (verb == verbs.end())
                print_json("error", "\"no such command\"");
            else
                verb->second();
        } catch (const ecrhub::Error &error) {
            print_refused(error.status_name(), error.what());
        }
        fflush(stdout);
    }
    terminals.clear();
    ecrhub::shutdown();
    return 0;
}
