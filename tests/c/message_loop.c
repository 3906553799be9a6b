/* The message loop that docs/windows.md shows, which page.h has. Its buffer is too small for any event here. */
#include <windows.h>

#include "check.h"

static void show(const char *event)
{
    if (strstr(event, "\"event\":\"completed\"")) {
        CONTAINS(event, "\"outcome\":\"approved\"");
        exit(0);
    }
}

static void loop(ecrhub_handle terminal)
{
#include "page.h"
}

int main(int argc, char **argv)
{
    char id[64];
    ecrhub_handle terminal = connect_to(terminal_url(argc, argv));
    STATUS(ECRHUB_OK, ecrhub_send(terminal, sale(new_number(), "1.00"), 0, id, sizeof id, NULL));
    loop(terminal);
    return 1;
}
