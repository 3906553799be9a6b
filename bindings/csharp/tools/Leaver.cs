// Sells, and leaves without disposing of anything, in one of the ways in which programs do. For ExitTests.
//
//     Leaver.exe url run return|exit|thread|dispose|log|several|flight|blocked|busy|throw
using System;
using System.Threading;
using System.Threading.Tasks;
using Ecrhub;

internal static class Leaver
{
    private const int Sales = 200;

    private static int Main(string[] arguments)
    {
        string run = arguments[1];
        string way = arguments[2];
        if (way == "log")
        {
            EcrhubLog.Start(LogLevel.Trace, (level, line) => { });
        }
        var terminals = new Terminal[way == "several" ? 4 : 1];
        for (int i = 0; i < terminals.Length; i++)
        {
            terminals[i] = Terminal.Connect(new TerminalOptions { Url = arguments[0], AppId = "till" + i });
        }
        for (int i = 0; i < Sales; i++)
        {
            if (!terminals[i % terminals.Length].Sale(new Sale { OrderNo = run + "X" + i, Amount = 10m }).Approved)
            {
                return 3;
            }
        }
        // Registered after the package's own, so called after it: how the lock-up of Mono, which takes chance, is ruled out in
        // every single run.
        int fetchers = Fetchers.Alive;
        AppDomain.CurrentDomain.ProcessExit += (sender, happened) =>
            Console.WriteLine("{0} threads, {1} left at the end", fetchers, Fetchers.Alive);
        Leave(way, terminals[0], new Sale { OrderNo = run + "SLOW", Amount = 10.10m });
        GC.KeepAlive(terminals);
        return 0;
    }

    private static void Leave(string way, Terminal terminal, Sale slow)
    {
        switch (way)
        {
            case "dispose":
                terminal.Dispose();
                Environment.Exit(0);
                break;
            case "thread":
                new Thread(() => Environment.Exit(0)).Start();
                Thread.Sleep(Timeout.Infinite);
                break;
            case "flight":
                Forget(terminal.SaleAsync(slow));
                break;
            case "blocked":
                InBackground(() => terminal.Sale(slow));
                Thread.Sleep(20);
                break;
            case "busy":
                InBackground(() =>
                {
                    for (;;)
                    {
                        terminal.Query(new Query { OrderNo = slow.OrderNo });
                    }
                });
                Thread.Sleep(20);
                break;
            case "throw":
                throw new InvalidOperationException("a bug of the till");
            case "return":
                break;
            default:
                Environment.Exit(0);
                break;
        }
    }

    private static async void Forget(Task<PaymentResult> sale)
    {
        await sale;
    }

    private static void InBackground(ThreadStart work)
    {
        new Thread(work) { IsBackground = true }.Start();
    }
}
