using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;

namespace Ecrhub.Tests
{
    /// <summary>A terminal in software: the program ecrhub-simulator on free ports of loopback, and its control API.</summary>
    internal sealed class Simulator : IDisposable
    {
        private readonly Process process;
        private readonly int controlPort;

        public Simulator()
        {
            string program = Environment.GetEnvironmentVariable("ECRHUB_SIMULATOR") ?? "target/release/ecrhub-simulator";
            process = Process.Start(new ProcessStartInfo(program, "--quiet --port 0 --control-port 0 --think-ms 0 --slow-ms 200")
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
            });
            Url = Address("listening on ");
            controlPort = new Uri(Address("control on ")).Port;
        }

        public string Url { get; }

        /// <summary>How often this order was charged.</summary>
        public int Charges(string orderNo)
        {
            return Regex.Matches(Control("GET", "/ledger"), "{\"merchant_order_no\":\"" + orderNo + "\"").Count;
        }

        public void Post(string call, string body = "")
        {
            Control("POST", call, body);
        }

        public void Next(string behaviour)
        {
            Post("/next", behaviour);
        }

        /// <summary>Has the terminal say something to every till.</summary>
        public void Push(string text)
        {
            Post("/push", new JsonWriter().Text("text", text).End());
        }

        public string Control(string method, string call, string body = "")
        {
            byte[] bytes = Encoding.UTF8.GetBytes(body);
            using (var client = new TcpClient())
            {
                client.Connect(IPAddress.Loopback, controlPort);
                NetworkStream stream = client.GetStream();
                byte[] head = Encoding.ASCII.GetBytes(method + " " + call + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + "Content-Length: " + bytes.Length + "\r\n\r\n");
                stream.Write(head, 0, head.Length);
                stream.Write(bytes, 0, bytes.Length);
                string answer = new StreamReader(stream, Encoding.UTF8).ReadToEnd();
                if (!answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
                {
                    throw new InvalidOperationException(method + " " + call + ": " + answer);
                }
                return answer.Substring(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4);
            }
        }

        public void Dispose()
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        private string Address(string before)
        {
            string line = process.StandardOutput.ReadLine();
            if (line == null || !line.StartsWith(before, StringComparison.Ordinal))
            {
                throw new InvalidOperationException("the simulator said: " + line);
            }
            return line.Substring(before.Length);
        }
    }

    /// <summary>Waiting for what must come, with a bound that only a fault reaches.</summary>
    internal static class Eventually
    {
        public static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

        public static void Holds(Func<bool> condition, string what)
        {
            Stopwatch clock = Stopwatch.StartNew();
            while (!condition())
            {
                if (clock.Elapsed > Bound)
                {
                    throw new TimeoutException("never: " + what);
                }
                Thread.Sleep(5);
            }
        }
    }
}
