// A till in trouble, for the tests: how it ends is what they look at.
//
//     Troubled.exe exit url where     ends the process from inside a receiver of the log, on the caller's thread, on the one
//                                     that fetches, or on the library's own: caller, fetcher, library
//     Troubled.exe refused url        sells while ecrhub_poll refuses to hand out events, see Refusing.c
using System;
using System.Threading;
using Ecrhub;

internal static class Troubled
{
    private const int Ended = 3;

    private static int Main(string[] arguments)
    {
        if (arguments.Length == 3 && arguments[0] == "exit")
        {
            return Exit(arguments[1], arguments[2]);
        }
        if (arguments.Length == 2 && arguments[0] == "refused")
        {
            return SellRefused(arguments[1]);
        }
        Console.Error.WriteLine("usage: Troubled.exe exit url caller|fetcher|library, Troubled.exe refused url");
        return 2;
    }

    private static int Exit(string url, string where)
    {
        int main = Thread.CurrentThread.ManagedThreadId;
        int isOver = 0;
        EcrhubLog.Start(LogLevel.Debug, (level, line) =>
        {
            string here = Thread.CurrentThread.ManagedThreadId == main ? "caller"
                : Thread.CurrentThread.Name == "ecrhub events" ? "fetcher" : "library";
            if (here == where && Interlocked.Exchange(ref isOver, 1) == 0)
            {
                Console.WriteLine("ended on " + here);
                Environment.Exit(Ended);
            }
        });
        using (Terminal terminal = Terminal.Connect(new TerminalOptions { Url = url, AppId = "troubled" }))
        {
            // Enough for each of them to say something; the library's thread connects.
            for (int i = 0; i < 10000; i++)
            {
                try
                {
                    if (where != "library")
                    {
                        terminal.Query(new Query { OrderNo = "A" + i });
                        terminal.Acknowledge("nobody", Outcome.Approved);
                    }
                }
                catch (EcrhubException)
                {
                }
                catch (TerminalDisposedException)
                {
                }
                Thread.Sleep(1);
            }
        }
        return 1;
    }

    private static int SellRefused(string url)
    {
        using (Terminal terminal = Terminal.Connect(new TerminalOptions { Url = url, AppId = "troubled" }))
        {
            try
            {
                Console.WriteLine(terminal.Sale(new Sale { OrderNo = "A1", Amount = 10m }).OutcomeName);
            }
            catch (WaitFailedException failed)
            {
                Console.WriteLine("failed: " + failed.Message);
                Console.WriteLine("event: " + Completion(terminal, failed.RequestId).Result.OutcomeName);
            }
            Console.WriteLine(terminal.Sale(new Sale { OrderNo = "A2", Amount = 10m }).OutcomeName);
        }
        return 0;
    }

    private static TerminalEvent Completion(Terminal terminal, string requestId)
    {
        for (;;)
        {
            try
            {
                TerminalEvent happened = terminal.NextEvent(TimeSpan.FromSeconds(20));
                if (happened == null || (happened.Kind == EventKind.Completed && happened.RequestId == requestId))
                {
                    return happened;
                }
            }
            catch (WaitFailedException)
            {
                // Not yet.
            }
        }
    }
}
