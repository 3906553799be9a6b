// A till's main loop: requests are sent, and everything that happens comes out of NextEvent.
//
//     mono Till.exe ws://192.168.1.20:35779 your-app-id
//
// It sells twice (the second amount is one that the simulator declines), voids the first sale, asks what became of it,
// and closes an order that is not open. URL and app id may also come as ECRHUB_URL and ECRHUB_APP_ID.
//
// A till with a window awaits terminal.SaleAsync(...) instead; see bindings/csharp/README.md.
using System;
using Ecrhub;

internal static class Till
{
    private static Terminal terminal;

    private static int Main(string[] arguments)
    {
        string url = Argument(arguments, 0, "ECRHUB_URL");
        string appId = Argument(arguments, 1, "ECRHUB_APP_ID");
        if (url == null || appId == null)
        {
            Console.Error.WriteLine("usage: Till.exe ws://host:port app_id");
            return 2;
        }
        try
        {
            Console.WriteLine("ecrhub " + EcrhubLibrary.Version);
            using (terminal = Terminal.Connect(new TerminalOptions { Url = url, AppId = appId }))
            {
                Play();
            }
            return 0;
        }
        catch (EcrhubException error)
        {
            Console.Error.WriteLine(error.Name + ": " + error.Message);
            return 1;
        }
    }

    private static void Play()
    {
        // No number may be used twice, in this run or any other.
        string now = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString();
        string first = "NA" + now, second = "NB" + now;
        Run("Sale of 25.00", new Sale { OrderNo = first, Amount = 25.00m });
        Run("Sale of 10.01", new Sale { OrderNo = second, Amount = 10.01m });
        Run("Void of the first", new VoidOrder { OrderNo = "NC" + now, OriginalOrderNo = first, Amount = 25.00m });
        Run("What became of the first", new Query { OrderNo = first });
        Run("Close the second", new Close { OrderNo = second });
    }

    /// <summary>The main loop: the screen stays alive, because NextEvent returns after 100 ms at the latest.</summary>
    private static void Run(string title, Request request)
    {
        string id = terminal.Submit(request);
        Console.WriteLine("\n" + title + "\n  sent as " + id);
        bool isOver = false;
        while (!isOver)
        {
            TerminalEvent happened = terminal.NextEvent(TimeSpan.FromMilliseconds(100));
            isOver = happened != null && Show(happened);
            // Here a real till looks after its screen, keyboard and scanner.
        }
    }

    /// <summary>Shows one event; whether it was a completion.</summary>
    private static bool Show(TerminalEvent happened)
    {
        switch (happened.Kind)
        {
            case EventKind.Completed:
                Completed(happened.Result);
                return true;
            case EventKind.Recovering:
                Console.WriteLine("  finding out what happened: " + happened.Reason);
                return false;
            case EventKind.Clarified:
                Corrected(happened.Result);
                return false;
            default:
                Console.WriteLine("  " + happened);
                return false;
        }
    }

    private static void Completed(PaymentResult result)
    {
        Console.WriteLine("  " + result.OutcomeName + ": " + WhatToDo(result.Outcome));
        if (result.TransNo != null)
        {
            Console.WriteLine("  transaction " + result.TransNo);
        }
        if (result.ResponseMsg != null)
        {
            Console.WriteLine("  the terminal says: " + result.ResponseMsg);
        }
        if (result.Code != null)
        {
            Console.WriteLine("  advice: " + result.Code.Advice);
        }
        foreach (var differs in result.Differs)
        {
            Console.WriteLine("  NOT WHAT WAS ASKED: " + differs.Key + " is " + differs.Value);
        }
        if (result.Error != null)
        {
            Console.WriteLine("  because: " + result.Error.Message);
        }
        // Here a real till stores the outcome. Then, and only then:
        terminal.Acknowledge(result);
    }

    /// <summary>An outcome that was reported earlier was wrong, or an unknown is known now: a person has to see it.</summary>
    private static void Corrected(PaymentResult result)
    {
        Console.WriteLine("  *** " + result.MerchantOrderNo + " was reported as " + result.WasName + " and is " + result.OutcomeName + " ***");
        terminal.Acknowledge(result);
    }

    /// <summary>What a till does with each outcome.</summary>
    private static string WhatToDo(Outcome outcome)
    {
        switch (outcome)
        {
            case Outcome.Approved:
                return "record it, print the receipt";
            case Outcome.Declined:
            case Outcome.Cancelled:
            case Outcome.NotFound:
                return "no money has moved; one may try again, with a new number";
            case Outcome.Busy:
                return "the terminal is serving another customer; send it again, with the same number";
            case Outcome.InProgress:
                return "the customer is still paying; ask again";
            case Outcome.NotSent:
                return "it never left this machine; look at the network, then send it again";
            case Outcome.Ok:
            case Outcome.Refused:
                return "not an order; nothing to record";
            default:
                return "MONEY MAY HAVE MOVED: fetch a person, do not sell it again";
        }
    }

    private static string Argument(string[] arguments, int index, string variable)
    {
        return index < arguments.Length ? arguments[index] : Environment.GetEnvironmentVariable(variable);
    }
}
