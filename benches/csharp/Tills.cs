// A till in C#. `Tills.exe ecrhub|ClientWebSocket URL COUNT`, one request at a time.
using System;
using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Threading;

internal static class Tills
{
    private const int WarmUp = 200;

    private static string Number(int serial) => "B" + serial.ToString("D15", CultureInfo.InvariantCulture);

    private static Action<int> ByEcrhub(string url)
    {
        var terminal = Ecrhub.Terminal.Connect(new Ecrhub.TerminalOptions { Url = url, AppId = "bench-till" });
        return serial =>
        {
            var sale = new Ecrhub.Sale { OrderNo = Number(serial), Amount = 34.50m, Currency = "USD" };
            Must(terminal.Sale(sale).Approved);
        };
    }

    // It pairs the answer by its request_id and does not parse it otherwise: Mono has no JSON reader of its own.
    private static Action<int> ByClientWebSocket(string url)
    {
        var socket = new ClientWebSocket();
        socket.ConnectAsync(new Uri(url), CancellationToken.None).GetAwaiter().GetResult();
        var buffer = new byte[4096];
        return serial =>
        {
            string id = serial.ToString("x28", CultureInfo.InvariantCulture);
            long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
            string order = "{\"topic\":\"ecrhub.pay.order\",\"biz_data\":{\"trans_type\":\"1\",\"merchant_order_no\":\"" + Number(serial)
                + "\",\"order_amount\":\"34.50\",\"price_currency\":\"USD\"},\"request_id\":\"" + id + "\",\"timestamp\":\"" + now
                + "\",\"version\":\"1.0\",\"app_id\":\"bench-till\"}";
            var bytes = new ArraySegment<byte>(Encoding.UTF8.GetBytes(order));
            socket.SendAsync(bytes, WebSocketMessageType.Text, true, CancellationToken.None).GetAwaiter().GetResult();
            var answer = new StringBuilder();
            WebSocketReceiveResult got;
            do
            {
                got = socket.ReceiveAsync(new ArraySegment<byte>(buffer), CancellationToken.None).GetAwaiter().GetResult();
                answer.Append(Encoding.UTF8.GetString(buffer, 0, got.Count));
            }
            while (!got.EndOfMessage);
            string text = answer.ToString();
            Must(text.Contains("\"request_id\":\"" + id + "\"") && text.Contains("\"trans_status\":\"2\""));
        };
    }

    private static void Must(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("the order was not paid");
        }
    }

    private static void Main(string[] arguments)
    {
        int count = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        Action<int> one = arguments[0] == "ecrhub" ? ByEcrhub(arguments[1]) : ByClientWebSocket(arguments[1]);
        for (int serial = 0; serial < WarmUp; serial++)
        {
            one(serial);
        }
        var samples = new double[count];
        Process process = Process.GetCurrentProcess();
        double nanoseconds = 1e9 / Stopwatch.Frequency;
        TimeSpan cpu = process.TotalProcessorTime;
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            long before = Stopwatch.GetTimestamp();
            one(WarmUp + i);
            samples[i] = (Stopwatch.GetTimestamp() - before) * nanoseconds;
        }
        double wall = (Stopwatch.GetTimestamp() - began) * nanoseconds;
        process.Refresh();
        double used = (process.TotalProcessorTime - cpu).TotalMilliseconds * 1e6;
        Array.Sort(samples);
        Console.WriteLine(string.Format(
            CultureInfo.InvariantCulture,
            "{{\"count\":{0},\"p50_ns\":{1:F0},\"p99_ns\":{2:F0},\"wall_ns\":{3:F0},\"cpu_ns\":{4:F0} }}",
            count, samples[count / 2], samples[count * 99 / 100], wall, used));
        Environment.Exit(0);
    }
}
