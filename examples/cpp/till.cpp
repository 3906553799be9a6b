// A till in C++17: a sale, and what to do with its outcome.
//
//     till ws://192.168.1.20:35779 your-app-id 34.50
#include <ecrhub.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>

// The text of a name, as far as this example needs it; a real till has a JSON library.
static std::string text_of(const std::string &json, const std::string &name)
{
    const std::string key = "\"" + name + "\":\"";
    const auto start = json.find(key);
    if (start == std::string::npos)
        return "";
    return json.substr(start + key.size(), json.find('"', start + key.size()) - start - key.size());
}

static std::string sale(const std::string &app_id, const std::string &amount)
{
    // No number may be used twice, in this run or any other.
    const auto now = std::chrono::system_clock::now().time_since_epoch() / std::chrono::milliseconds(1);
    return R"({"topic":"ecrhub.pay.order","app_id":")" + app_id + R"(","biz_data":{"trans_type":"1",)" +
           R"("merchant_order_no":"CPP)" + std::to_string(now) + R"(","order_amount":")" + amount + R"("}})";
}

// Sends, and shows everything that happens until the request is over.
static std::string run(ecrhub::Terminal &terminal, const std::string &request)
{
    const std::string id = terminal.send(request);
    std::cout << "sent as " << id << std::endl;
    for (;;) {
        // Ten times a second a real till looks after its screen here.
        const auto event = terminal.poll(std::chrono::milliseconds(100));
        if (!event)
            continue;
        const std::string kind = text_of(*event, "event");
        std::cout << kind << std::endl;
        if (kind == ECRHUB_EVENT_COMPLETED && text_of(*event, "request_id") == id)
            return text_of(*event, "outcome");
    }
}

static int act_on(const std::string &outcome)
{
    std::cout << outcome << ": ";
    if (outcome == ECRHUB_OUTCOME_APPROVED)
        std::cout << "record it, print the receipt" << std::endl;
    else if (outcome == ECRHUB_OUTCOME_DECLINED || outcome == ECRHUB_OUTCOME_CANCELLED ||
             outcome == ECRHUB_OUTCOME_NOT_FOUND)
        std::cout << "no money has moved; one may try again, with a new number" << std::endl;
    else if (outcome == ECRHUB_OUTCOME_BUSY)
        std::cout << "the terminal is serving another customer; send it again, with the same number" << std::endl;
    else if (outcome == ECRHUB_OUTCOME_NOT_SENT)
        std::cout << "it never left this machine; look at the network, then send it again" << std::endl;
    else
        std::cout << "MONEY MAY HAVE MOVED: fetch a person, do not sell it again" << std::endl;
    return outcome == ECRHUB_OUTCOME_APPROVED ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        std::cerr << "usage: " << argv[0] << " ws://host:port app_id amount" << std::endl;
        return 2;
    }
    try {
        ecrhub::Terminal terminal(argv[1]);
        return act_on(run(terminal, sale(argv[2], argv[3])));
    } catch (const ecrhub::Error &error) {
        std::cerr << error.status_name() << ": " << error.what() << std::endl;
        return 1;
    }
}
