// Sells ten thousand times, one after another, with the collector forced in between, and fails when the process's resident
// memory grows after it has warmed up.
//
//     mono Soak.exe ws://127.0.0.1:35779 [sales]
using System;
using System.Globalization;
using System.IO;
using System.Linq;
using Ecrhub;

internal static class Soak
{
    /// <summary>The library remembers the last 4,096 orders; until then it may grow.</summary>
    private const int WarmUp = 5000;

    private const int MostGrowthKiB = 2 * 1024;

    private static long lines;

    private static int Main(string[] arguments)
    {
        if (arguments.Length < 1)
        {
            Console.Error.WriteLine("usage: Soak.exe url [sales]");
            return 2;
        }
        int sales = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 10000;
        EcrhubLog.Start(LogLevel.Trace, (level, line) => lines++);
        using (Terminal terminal = Terminal.Connect(new TerminalOptions { Url = arguments[0], AppId = "soak" }))
        {
            Sell(terminal, 0, WarmUp);
            long before = ResidentKiB();
            Sell(terminal, WarmUp, WarmUp + sales);
            long after = ResidentKiB();
            Console.WriteLine("{0} sales, all approved, collected after each; {1} log lines; resident {2} KiB after {3} sales "
                + "to warm up, {4} KiB at the end, growth {5} KiB (at most {6})", sales, lines, before, WarmUp, after, after - before, MostGrowthKiB);
            return after - before <= MostGrowthKiB && lines >= sales ? 0 : 1;
        }
    }

    private static void Sell(Terminal terminal, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            PaymentResult result = terminal.Sale(new Sale { OrderNo = "SOAK" + i, Amount = 10.00m, Currency = "USD" });
            if (!result.Approved || result.MerchantOrderNo != "SOAK" + i)
            {
                throw new InvalidOperationException("sale " + i + ": " + result.Raw);
            }
            terminal.Acknowledge(result);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            LogOneLine(terminal);
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    /// <summary>The library logs what it refuses.</summary>
    private static void LogOneLine(Terminal terminal)
    {
        try
        {
            terminal.Acknowledge("nobody", Outcome.Approved);
        }
        catch (EcrhubException)
        {
        }
    }

    private static long ResidentKiB()
    {
        string line = File.ReadLines("/proc/self/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(new[] { ' ', '\t' }, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
