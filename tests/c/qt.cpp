// A window as Qt has them, with stand-ins for Qt, around the lines that docs/projects.md shows.
#include <ecrhub.hpp>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <poll.h>

struct QString {
    std::string text;
    static QString fromStdString(const std::string &text) { return {text}; }
};

struct QSocketNotifier {
    enum Type { Read };
    int fd;
    std::function<void()> slot;
    QSocketNotifier(int fd, Type, void *) : fd(fd) {}
    void activated() {}
};

struct Window {
    ecrhub::Terminal terminal;
    QSocketNotifier *watched = nullptr;
    std::size_t longest = 0;

    void connect(QSocketNotifier *notifier, void (QSocketNotifier::*)(), Window *, std::function<void()> slot)
    {
        notifier->slot = slot;
        watched = notifier;
    }

    void show(const QString &event)
    {
        longest = std::max(longest, event.text.size());
        if (event.text.find("\"event\":\"completed\"") == std::string::npos)
            return;
        // Longer than the buffer that ecrhub.hpp begins with.
        std::exit(event.text.find("\"outcome\":\"approved\"") != std::string::npos && longest > 4096 ? 0 : 1);
    }

    void begin()
    {
// The page's lines.
    }
};

int main(int, char **arguments)
{
    Window window{ecrhub::Terminal(arguments[1])};
    window.begin();
    window.terminal.send(R"({"topic":"ecrhub.pay.order","app_id":"test","biz_data":{"trans_type":"1",)"
                         R"("merchant_order_no":"QT1","order_amount":"1.00","attach":")" +
                         std::string(5000, 'x') + "\"}}");
    for (;;) {
        pollfd ready{window.watched->fd, POLLIN, 0};
        ::poll(&ready, 1, -1);
        window.watched->slot();
    }
}
