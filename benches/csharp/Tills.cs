// A till in C#. `Tills.exe roundtrip|pipelined ecrhub|ClientWebSocket URL COUNT`: one request at a time, or 64 in flight.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Net.WebSockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

internal static class Tills
{
    private const int InFlight = 64;
    private const int WarmUp = 200;

    // Sells the orders from the first one on, as many as there is room for in the samples, in ticks each.
    private delegate void Sell(int first, long[] samples);

    private static string Number(int serial) => "B" + serial.ToString("D15", CultureInfo.InvariantCulture);

    private static void Must(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("the order was not paid");
        }
    }

    private static Ecrhub.Sale Sale(int serial) => new Ecrhub.Sale { OrderNo = Number(serial), Amount = 34.50m, Currency = "USD" };

    private static Sell ByEcrhub(string url, bool isPipelined)
    {
        var terminal = Ecrhub.Terminal.Connect(new Ecrhub.TerminalOptions { Url = url, AppId = "bench-till" });
        if (isPipelined)
        {
            return (first, samples) => KeepInFlight(terminal, first, samples);
        }
        return (first, samples) =>
        {
            for (int i = 0; i < samples.Length; i++)
            {
                long wanted = Stopwatch.GetTimestamp();
                Must(terminal.Sale(Sale(first + i)).Approved);
                samples[i] = Stopwatch.GetTimestamp() - wanted;
            }
        };
    }

    // As many tasks as orders in flight: each awaits its order, and sells the next.
    private static void KeepInFlight(Ecrhub.Terminal terminal, int first, long[] samples)
    {
        int next = -1;
        Func<Task> sellOn = async () =>
        {
            for (int i = Interlocked.Increment(ref next); i < samples.Length; i = Interlocked.Increment(ref next))
            {
                long wanted = Stopwatch.GetTimestamp();
                Ecrhub.PaymentResult result = await terminal.SaleAsync(Sale(first + i));
                samples[i] = Stopwatch.GetTimestamp() - wanted;
                Must(result.Approved && result.MerchantOrderNo == Number(first + i));
            }
        };
        Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => sellOn())).GetAwaiter().GetResult();
    }

    // It pairs the answer by its request_id and does not parse it otherwise: Mono has no JSON reader of its own.
    private sealed class Socket
    {
        private const string IdKey = "\"request_id\":\"";
        private readonly ClientWebSocket socket = new ClientWebSocket();
        private readonly byte[] buffer = new byte[4096];

        public Socket(string url)
        {
            socket.ConnectAsync(new Uri(url), CancellationToken.None).GetAwaiter().GetResult();
        }

        public async Task<string> Send(int serial)
        {
            string id = serial.ToString("x28", CultureInfo.InvariantCulture);
            long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
            string order = "{\"topic\":\"ecrhub.pay.order\",\"biz_data\":{\"trans_type\":\"1\",\"merchant_order_no\":\"" + Number(serial)
                + "\",\"order_amount\":\"34.50\",\"price_currency\":\"USD\"},\"request_id\":\"" + id + "\",\"timestamp\":\"" + now
                + "\",\"version\":\"1.0\",\"app_id\":\"bench-till\"}";
            var bytes = new ArraySegment<byte>(Encoding.UTF8.GetBytes(order));
            await socket.SendAsync(bytes, WebSocketMessageType.Text, true, CancellationToken.None);
            return id;
        }

        // The request_id of an order that was paid.
        public async Task<string> Take()
        {
            var answer = new StringBuilder();
            WebSocketReceiveResult got;
            do
            {
                got = await socket.ReceiveAsync(new ArraySegment<byte>(buffer), CancellationToken.None);
                answer.Append(Encoding.UTF8.GetString(buffer, 0, got.Count));
            }
            while (!got.EndOfMessage);
            string text = answer.ToString();
            Must(text.Contains("\"trans_status\":\"2\""));
            int start = text.IndexOf(IdKey, StringComparison.Ordinal);
            Must(start >= 0);
            start += IdKey.Length;
            return text.Substring(start, text.IndexOf('"', start) - start);
        }
    }

    private static Sell ByClientWebSocket(string url, bool isPipelined)
    {
        var socket = new Socket(url);
        if (isPipelined)
        {
            return (first, samples) => KeepInFlight(socket, first, samples).GetAwaiter().GetResult();
        }
        return (first, samples) => OneAfterTheOther(socket, first, samples).GetAwaiter().GetResult();
    }

    private static async Task OneAfterTheOther(Socket socket, int first, long[] samples)
    {
        for (int i = 0; i < samples.Length; i++)
        {
            long wanted = Stopwatch.GetTimestamp();
            string id = await socket.Send(first + i);
            Must(await socket.Take() == id);
            samples[i] = Stopwatch.GetTimestamp() - wanted;
        }
    }

    private static async Task KeepInFlight(Socket socket, int first, long[] samples)
    {
        var open = new Dictionary<string, int>();
        int sent = 0;
        do
        {
            // All of them to begin with, and then one for each that was answered.
            while (sent < samples.Length && open.Count < InFlight)
            {
                samples[sent] = Stopwatch.GetTimestamp();
                open.Add(await socket.Send(first + sent), sent);
                sent++;
            }
            string id = await socket.Take();
            int which = open[id];
            open.Remove(id);
            samples[which] = Stopwatch.GetTimestamp() - samples[which];
        }
        while (open.Count > 0);
    }

    private static void Main(string[] arguments)
    {
        bool isPipelined = arguments[0] == "pipelined";
        int count = int.Parse(arguments[3], CultureInfo.InvariantCulture);
        Sell sell = arguments[1] == "ecrhub" ? ByEcrhub(arguments[2], isPipelined) : ByClientWebSocket(arguments[2], isPipelined);
        sell(0, new long[WarmUp]);
        var samples = new long[count];
        Process process = Process.GetCurrentProcess();
        double nanoseconds = 1e9 / Stopwatch.Frequency;
        TimeSpan cpu = process.TotalProcessorTime;
        long began = Stopwatch.GetTimestamp();
        sell(WarmUp, samples);
        double wall = (Stopwatch.GetTimestamp() - began) * nanoseconds;
        process.Refresh();
        double used = (process.TotalProcessorTime - cpu).TotalMilliseconds * 1e6;
        Array.Sort(samples);
        Console.WriteLine(string.Format(
            CultureInfo.InvariantCulture,
            "{{\"count\":{0},\"p50_ns\":{1:F0},\"p99_ns\":{2:F0},\"wall_ns\":{3:F0},\"cpu_ns\":{4:F0} }}",
            count, samples[count / 2] * nanoseconds, samples[count * 99 / 100] * nanoseconds, wall, used));
        Environment.Exit(0);
    }
}
