// What tests/bindings/conformance.json asks of C#: a command a line on the standard input, and its answer on the output,
// through the package's public interface. Built by scripts/build-csharp.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.ExceptionServices;
using System.Text;
using System.Threading;
using Ecrhub;

internal static class Runner
{
    private static readonly Dictionary<string, Terminal> Terminals = new Dictionary<string, Terminal>();

    private static int Main()
    {
        var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false, true));
        var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { NewLine = "\n" };
        for (string line = input.ReadLine(); line != null; line = input.ReadLine())
        {
            output.WriteLine(Answer(JsonReader.Members(line)));
            output.Flush();
        }
        return 0;
    }

    private static string Answer(JsonMembers command)
    {
        try
        {
            return Do(command);
        }
        catch (EcrhubException error)
        {
            return Refused(error.Name, error.Message);
        }
        catch (ObjectDisposedException error)
        {
            return Refused("ECRHUB_ERR_HANDLE", error.Message);
        }
        catch (ArgumentException error)
        {
            return Refused("ECRHUB_ERR_ARGUMENT", error.Message);
        }
    }

    private static string Do(JsonMembers command)
    {
        string requestId = command.Text("request_id");
        switch (command.Text("do"))
        {
            case "hello":
                return One("hello", new JsonWriter().Text("language", "csharp").Text("version", EcrhubLibrary.Version).End());
            case "connect":
                Terminals[command.Text("on")] = Connect(command);
                return Done();
            case "order":
                return One("completed", Show(On(command).Send(RequestOf(command.Text("verb"), command.Object("args"), Timeout(command)))));
            case "send":
                return One("completed", Show(On(command).Send(MessageOf(command), Timeout(command))));
            case "submit":
                string id = On(command).Submit(MessageOf(command), Timeout(command));
                return One("submitted", new JsonWriter().Text("request_id", id).End());
            case "event":
                return NextEvent(command);
            case "acknowledge":
                bool isDone = On(command).Acknowledge(requestId, OutcomeOf(command.Text("outcome")));
                return isDone ? Done() : One("outdated", "true");
            case "start":
                string started = Calls.Start(On(command).Handle, MessageOf(command), (int)(command.Number("timeout_ms") ?? 0));
                return One("started", new JsonWriter().Text("request_id", started).End());
            case "wait":
                string completed = Calls.Wait(On(command).Handle, requestId, (int)(command.Number("timeout_ms") ?? 0));
                return completed == null ? One("timeout", "true") : One("completed", completed);
            case "json_get":
                string value = Calls.JsonGet(command.Text("json"), command.Text("path"));
                return value == null ? One("nothing", "true") : new JsonWriter().Text("value", value).End();
            case "json_set":
                string json = Calls.JsonSet(command.Text("json"), command.Text("path"), command.Text("value"));
                return new JsonWriter().Text("json", json).End();
            case "resolve":
                On(command).Resolve(requestId, OutcomeOf(command.Text("outcome")), command.Text("note"));
                return Done();
            case "pending":
                return One("pending", "[" + string.Join(",", On(command).Pending().Select(Show)) + "]");
            case "state":
                return One("state", Show(On(command).State()));
            case "many":
                return Many(command);
            case "interrupt_order":
                return Interrupt(command);
            case "disconnect":
                On(command).Dispose();
                return Done();
            case "shutdown":
                EcrhubLibrary.Shutdown();
                return Done();
            default:
                return new JsonWriter().Text("error", "no such command: " + command.Text("do")).End();
        }
    }

    private static Terminal On(JsonMembers command) => Terminals[command.Text("on")];

    private static string Done() => One("done", "true");

    private static string One(string name, string json) => new JsonWriter().Raw(name, json).End();

    private static string Refused(string name, string message)
    {
        return One("refused", new JsonWriter().Text("name", name).Text("message", message).End());
    }

    private static TimeSpan? Timeout(JsonMembers command)
    {
        long? milliseconds = command.Number("timeout_ms");
        return milliseconds == null ? (TimeSpan?)null : TimeSpan.FromMilliseconds(milliseconds.Value);
    }

    /// <summary>With the options where they have a property for every key.</summary>
    private static Terminal Connect(JsonMembers command)
    {
        var options = new TerminalOptions();
        bool isKnown = command.Object("config").All.All(pair => SetOption(options, pair.Key, pair.Value));
        return isKnown ? Terminal.Connect(options) : Terminal.Connect(command.ObjectText("config"));
    }

    private static bool SetOption(TerminalOptions options, string key, JsonValue value)
    {
        string name = key == "terminal" ? "TerminalName" : Pascal(key.EndsWith("_ms") ? key.Substring(0, key.Length - 3) : key);
        PropertyInfo option = typeof(TerminalOptions).GetProperty(name);
        object given = option == null ? null : OptionValue(option.PropertyType, value);
        option?.SetValue(options, given, null);
        return given != null;
    }

    private static object OptionValue(Type type, JsonValue value)
    {
        if (type == typeof(bool?) && value.Kind == JsonKind.Boolean)
        {
            return value.Raw == "true";
        }
        if (type == typeof(string) && value.Kind == JsonKind.Text)
        {
            return value.Text;
        }
        if (value.Kind != JsonKind.Number || !int.TryParse(value.Raw, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            return null;
        }
        return type == typeof(TimeSpan?) ? TimeSpan.FromMilliseconds(number) : type == typeof(int?) ? (object)number : null;
    }

    private static Request RequestOf(string verb, JsonMembers arguments, TimeSpan? timeout)
    {
        Request request = Empty(verb);
        request.Timeout = timeout;
        foreach (KeyValuePair<string, JsonValue> argument in arguments.All)
        {
            Set(request, argument.Key, argument.Value);
        }
        return request;
    }

    private static Request Empty(string verb)
    {
        switch (verb)
        {
            case "sale": return new Sale();
            case "void": return new VoidOrder();
            case "refund": return new Refund();
            case "authorize": return new Authorization();
            case "complete": return new Completion();
            case "cashback": return new Cashback();
            case "query": return new Query();
            case "close": return new Close();
            default: throw new ArgumentException("no such verb: " + verb);
        }
    }

    /// <summary>By the property; an amount that is no decimal can be said as another field only.</summary>
    private static void Set(Request request, string name, JsonValue value)
    {
        PropertyInfo property = request.GetType().GetProperty(Pascal(name));
        object given = property == null ? null : FieldValue(property.PropertyType, value);
        if (given != null)
        {
            property.SetValue(request, given, null);
        }
        else
        {
            request.Extra[name == "amount" ? "order_amount" : name] = value.Text;
        }
    }

    private static object FieldValue(Type type, JsonValue value)
    {
        if (value.Kind == JsonKind.Boolean)
        {
            return value.Raw == "true";
        }
        CultureInfo invariant = CultureInfo.InvariantCulture;
        if (type == typeof(decimal?))
        {
            return decimal.TryParse(value.Text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, invariant,
                out decimal amount) && amount.ToString(invariant) == value.Text ? amount : (object)null;
        }
        return type == typeof(int?) ? int.Parse(value.Text, invariant) : (object)value.Text;
    }

    /// <summary>A word that is no outcome does not compile in C#, so it is refused here.</summary>
    private static Outcome OutcomeOf(string word)
    {
        return Enum.TryParse(Pascal(word), out Outcome outcome) ? outcome : throw new ArgumentException("no outcome: " + word);
    }

    private static string MessageOf(JsonMembers command) => command.Text("message") ?? command.ObjectText("message");

    private static string Show(PaymentResult result) => Write(new JsonWriter(), result).End();

    private static JsonWriter Write(JsonWriter json, PaymentResult result)
    {
        return json.Text("outcome", result.OutcomeName).Text("sent", result.Sent.ToString().ToLowerInvariant())
            .Text("request_id", result.RequestId).Raw("topic", TextOrNull(result.Topic))
            .Raw("merchant_order_no", TextOrNull(result.MerchantOrderNo)).Flag("recovered", result.Recovered)
            .Flag("retold", result.Retold).Raw("error", Show(result.Error)).Raw("was", TextOrNull(result.WasName))
            .Raw("fields", Each(result.Fields, JsonWriter.Quote)).Raw("differs", Show(result.Differs))
            .Raw("code", Show(result.Code)).Text("line", result.ToString());
    }

    private static string Each<T>(IReadOnlyDictionary<string, T> members, Func<T, string> write)
    {
        return members.Aggregate(new JsonWriter(), (json, pair) => json.Raw(pair.Key, write(pair.Value))).End();
    }

    private static string Show(IReadOnlyDictionary<string, Difference> differs)
    {
        return differs.Count == 0 ? "null" : Each(differs,
            each => new JsonWriter().Text("asked", each.Asked).Text("answered", each.Answered).End());
    }

    private static string Show(ResultCode code)
    {
        return code == null ? "null" : new JsonWriter().Raw("response_code", TextOrNull(code.ResponseCode))
            .Raw("inner", TextOrNull(code.Inner)).Text("text", code.Text).Text("advice", code.Advice).End();
    }

    private static string Show(TerminalError error)
    {
        return error == null ? "null" : new JsonWriter().Text("name", error.Name).Number("status", error.Status)
            .Text("stage", error.StageName).Text("message", error.Message).End();
    }

    private static string Show(PendingRequest pending)
    {
        return new JsonWriter().Text("request_id", pending.RequestId)
            .Raw("merchant_order_no", TextOrNull(pending.MerchantOrderNo)).Text("topic", pending.Topic)
            .Text("terminal", pending.Terminal).Flag("elsewhere", pending.IsElsewhere).Text("state", pending.State).Raw("outcome", TextOrNull(pending.OutcomeName))
            .Number("since", pending.Since.ToUnixTimeMilliseconds()).Raw("request", pending.Request ?? "null").End();
    }

    private static string Show(TerminalState state)
    {
        return new JsonWriter().Text("state", state.State).Text("url", state.Url).Number("in_flight", state.InFlight)
            .Number("events_waiting", state.EventsWaiting).Number("bytes_waiting", state.BytesWaiting).Number("events_dropped", state.EventsDropped)
            .Number("reconnects", state.Reconnects).Raw("journal", TextOrNull(state.Journal))
            .Number("elsewhere", state.Elsewhere).End();
    }

    private static string TextOrNull(string text) => text == null ? "null" : JsonWriter.Quote(text);

    private static string NextEvent(JsonMembers command)
    {
        List<string> kinds = JsonReader.Array(command.Get("kinds").Raw).Select(kind => kind.Text).ToList();
        TimeSpan wait = Timeout(command) ?? TimeSpan.FromSeconds(10);
        Stopwatch clock = Stopwatch.StartNew();
        for (TimeSpan left = wait; left > TimeSpan.Zero; left = wait - clock.Elapsed)
        {
            TerminalEvent happened = On(command).NextEvent(left);
            if (happened != null && kinds.Contains(happened.KindName))
            {
                return One("event", Show(happened));
            }
        }
        return One("timeout", "true");
    }

    private static string Show(TerminalEvent happened)
    {
        JsonWriter json = new JsonWriter().Text("event", happened.KindName).Number("at", happened.At.ToUnixTimeMilliseconds());
        switch (happened.Kind)
        {
            case EventKind.Completed:
                return Write(json, happened.Result).End();
            case EventKind.Clarified:
                return Write(json, happened.Result).Raw("response", happened.Result.Response ?? "null").End();
            case EventKind.Disconnected:
                return json.Raw("error", Show(happened.Error)).Number("retry_in_ms", (long?)happened.RetryIn?.TotalMilliseconds).End();
            case EventKind.Message:
                return json.Raw("message", happened.Message).Raw("late_for", TextOrNull(happened.LateFor)).End();
            default:
                return json.Text("url", happened.Url).Text("request_id", happened.RequestId)
                    .Text("merchant_order_no", happened.MerchantOrderNo).Text("reason", happened.Reason)
                    .Text("detail", happened.Detail).Text("raw", happened.Bytes).End();
        }
    }

    private static string Many(JsonMembers command)
    {
        var crowd = new Crowd(On(command), command);
        IEnumerable<int> numbers = Enumerable.Range(0, (int)command.Number("threads").Value);
        List<Thread> threads = numbers.Select(_ => new Thread(crowd.Work)).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return crowd.Answer();
    }

    /// <summary>Threads that send requests through one terminal, and count what becomes of them.</summary>
    private sealed class Crowd
    {
        private readonly SortedDictionary<string, long> outcomes = new SortedDictionary<string, long>(StringComparer.Ordinal);
        private readonly Terminal terminal;
        private readonly JsonMembers command;
        private int last = -1;
        private long own;
        private Exception failure;

        public Crowd(Terminal terminal, JsonMembers command)
        {
            this.terminal = terminal;
            this.command = command;
        }

        public void Work()
        {
            try
            {
                long count = command.Number("count").Value;
                for (int i = Interlocked.Increment(ref last); i < count; i = Interlocked.Increment(ref last))
                {
                    SendOne(i);
                }
            }
            catch (Exception error)
            {
                failure = error;
            }
        }

        public string Answer()
        {
            if (failure != null)
            {
                ExceptionDispatchInfo.Capture(failure).Throw();
            }
            var sums = new JsonWriter();
            outcomes.ToList().ForEach(pair => sums.Number(pair.Key, pair.Value));
            return new JsonWriter().Raw("many", sums.End()).Number("own", own).End();
        }

        private void SendOne(int index)
        {
            Request request = Empty(command.Text("verb") ?? "sale");
            request.OrderNo = command.Text("prefix") + index;
            if (request is Order order)
            {
                order.Amount = decimal.Parse(command.Text("amount"), CultureInfo.InvariantCulture);
            }
            PaymentResult result = terminal.Send(request);
            lock (outcomes)
            {
                outcomes.TryGetValue(result.OutcomeName, out long sum);
                outcomes[result.OutcomeName] = sum + 1;
                own += result.MerchantOrderNo == request.OrderNo ? 1 : 0;
            }
        }
    }

    private static string Interrupt(JsonMembers command)
    {
        using (var source = new CancellationTokenSource())
        {
            source.CancelAfter((int)command.Number("after_ms").Value);
            try
            {
                PaymentResult result = On(command).Send(RequestOf("sale", command.Object("args"), null), source.Token);
                return new JsonWriter().Text("error", "nothing was interrupted: " + result).End();
            }
            catch (WaitCanceledException canceled)
            {
                return One("interrupted", new JsonWriter().Text("request_id", canceled.RequestId).End());
            }
        }
    }

    private static string Pascal(string snake)
    {
        return string.Concat(snake.Split('_').Where(word => word != "").Select(word => char.ToUpperInvariant(word[0]) + word.Substring(1)));
    }
}
