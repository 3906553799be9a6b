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
    private const int MostGrowthKiB = 8 * 1024;

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
            Sell(terminal, 0, sales / 5);
            long before = ResidentKiB();
            Sell(terminal, sales / 5, sales);
            long after = ResidentKiB();
            Console.WriteLine("{0} sales, all approved, collected after each; {1} log lines; resident after warm-up {2} KiB, "
                + "at the end {3} KiB, growth {4} KiB (at most {5})", sales, lines, before, after, after - before, MostGrowthKiB);
            return after - before <= MostGrowthKiB && lines > sales ? 0 : 1;
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
        }
    }

    private static long ResidentKiB()
    {
        string line = File.ReadLines("/proc/self/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(new[] { ' ', '\t' }, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
