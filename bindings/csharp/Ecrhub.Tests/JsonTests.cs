using System;
using System.Linq;
using System.Text;
using NUnit.Framework;

namespace Ecrhub.Tests
{
    [TestFixture]
    public sealed class JsonTests
    {
        [Test]
        public void ValuesStayWhatWasWritten()
        {
            JsonMembers members = JsonReader.Members(
                " { \"a\" : 10.10 , \"b\":-0.5e+7,\"c\":true,\"d\":null,\"e\":\"x\",\"f\":{ \"g\" : [1, 2] },\"h\":[],\"i\":{}, \"\":\"\" } ");
            Assert.AreEqual("10.10", members.Get("a").Raw);
            Assert.AreEqual("-0.5e+7", members.Get("b").Raw);
            Assert.AreEqual("true", members.Get("c").Raw);
            Assert.IsTrue(members.Flag("c"));
            Assert.AreEqual(JsonKind.Null, members.Get("d").Kind);
            Assert.IsTrue(members.Has("d"));
            Assert.IsFalse(members.Has("z"));
            Assert.AreEqual("null", members.Get("z").Raw);
            Assert.AreEqual("x", members.Text("e"));
            Assert.AreEqual("{ \"g\" : [1, 2] }", members.ObjectText("f"));
            Assert.AreEqual("[]", members.Get("h").Raw);
            Assert.AreEqual("", members.Text(""));
            Assert.IsNull(members.Number("a"), "10.10 is no whole number");
            Assert.IsNull(members.Text("a"), "a number is no text");
        }

        [Test]
        public void OfANameThatComesTwiceTheLastCounts()
        {
            Assert.AreEqual("2", JsonReader.Members("{\"a\":1,\"\\u0061\":2}").Get("a").Raw);
        }

        [Test]
        public void EveryEscapeIsRead()
        {
            Assert.AreEqual("\"\\/\b\f\n\r\t\u00e9\ud83c\udf63", JsonReader.Unescape("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00E9\\ud83c\\uDF63\""));
            Assert.AreEqual("half \ud83c pair", JsonReader.Members("{\"a\":\"half \\ud83c pair\"}").Text("a"));
            Assert.AreEqual("nul \0", JsonReader.Members("{\"a\":\"nul \\u0000\"}").Text("a"));
        }

        [Test]
        public void WhatIsWrittenIsReadBack()
        {
            var every = new StringBuilder();
            for (int c = 0; c <= 0xffff; c++)
            {
                every.Append((char)c);
            }
            Assert.AreEqual(every.ToString(), JsonReader.Members("{\"a\":" + JsonWriter.Quote(every.ToString()) + "}").Text("a"));
        }

        [TestCase("")]
        [TestCase(" ")]
        [TestCase("null")]
        [TestCase("[]")]
        [TestCase("{")]
        [TestCase("{\"a\"}")]
        [TestCase("{\"a\":}")]
        [TestCase("{\"a\":1,}")]
        [TestCase("{,}")]
        [TestCase("{a:1}")]
        [TestCase("{\"a\":1}}")]
        [TestCase("{\"a\":1 \"b\":2}")]
        [TestCase("{\"a\":tru}")]
        [TestCase("{\"a\":nulll}")]
        [TestCase("{\"a\":01}")]
        [TestCase("{\"a\":1.}")]
        [TestCase("{\"a\":.5}")]
        [TestCase("{\"a\":+1}")]
        [TestCase("{\"a\":1e}")]
        [TestCase("{\"a\":-}")]
        [TestCase("{\"a\":NaN}")]
        [TestCase("{\"a\":\"x}")]
        [TestCase("{\"a\":\"x\\")]
        [TestCase("{\"a\":\"\\x\"}")]
        [TestCase("{\"a\":\"\\u12g4\"}")]
        [TestCase("{\"a\":\"\\u12\"}")]
        [TestCase("{\"a\":\"line\nfeed\"}")]
        [TestCase("{\"a\":[1}")]
        [TestCase("{\"a\":{\"b\":[}]}")]
        [TestCase("{\"a\":{\"b\":\"x}}")]
        public void WhatIsNoObjectIsRefused(string text)
        {
            Assert.Throws<FormatException>(() => JsonReader.Members(text));
            Assert.AreEqual(0, JsonReader.MembersOrNone(text).All.Count());
        }

        [Test]
        public void NoDepthEndsTheProcess()
        {
            string deep = new string('[', 1000000) + new string(']', 1000000);
            Assert.AreEqual(deep, JsonReader.Members("{\"a\":" + deep + "}").Get("a").Raw);
            Assert.AreEqual(1, JsonReader.Array(deep).Count);
        }

        [Test]
        public void AnArrayGivesItsValues()
        {
            CollectionAssert.AreEqual(new[] { "1", "{\"a\":[]}", "\"x\"" },
                JsonReader.Array(" [1 , {\"a\":[]},\"x\"]").Select(value => value.Raw).ToArray());
            Assert.AreEqual(0, JsonReader.Array("[]").Count);
            Assert.Throws<FormatException>(() => JsonReader.Array("[1,]"));
        }

        [Test]
        public void AnUnknownWordIsNoCrash()
        {
            var happened = new TerminalEvent("{\"event\":\"completed\",\"at\":99999999999999999,\"request_id\":\"1\",\"outcome\":\"half_paid\","
                + "\"sent\":\"perhaps\",\"error\":{\"status\":-1,\"name\":\"N\",\"stage\":\"moon\",\"message\":\"m\"},\"response\":null}");
            Assert.AreEqual(Outcome.Unknown, happened.Result.Outcome);
            Assert.AreEqual("half_paid", happened.Result.OutcomeName);
            Assert.AreEqual(Sent.Maybe, happened.Result.Sent);
            Assert.AreEqual(Stage.Other, happened.Result.Error.Stage);
            Assert.AreEqual("moon: m", happened.Result.Error.ToString());
            Assert.AreEqual(EventKind.Other, new TerminalEvent("{\"event\":\"eclipse\",\"at\":1}").Kind);
            Assert.AreEqual(Outcome.Unknown, default(Outcome), "what nobody set must not read as paid");
        }

        [Test]
        public void AnOutcomeHasItsFieldsItsDifferencesAndItsCode()
        {
            PaymentResult result = new TerminalEvent("{\"event\":\"clarified\",\"request_id\":\"1\",\"merchant_order_no\":\"A1\",\"outcome\":\"approved\","
                + "\"was\":\"busy\",\"fields\":{\"order_amount\":\"20.00\",\"deep\":\"{\\\"x\\\":1}\",\"empty\":\"\"},"
                + "\"differs\":{\"order_amount\":{\"asked\":\"30.00\",\"answered\":\"20.00\"}},"
                + "\"code\":{\"response_code\":\"106\",\"inner\":\"K026\",\"text\":\"cancelled\",\"advice\":\"Ask.\"}}").Result;
            Assert.AreEqual(Outcome.Busy, result.Was);
            Assert.AreEqual("{\"x\":1}", result.Fields["deep"]);
            Assert.IsNull(result.Field("empty"));
            Assert.IsNull(result.Field("missing"));
            Assert.AreEqual("30.00", result.Differs["order_amount"].Asked);
            Assert.AreEqual("20.00", result.Differs["order_amount"].Answered);
            Assert.AreEqual("106 K026 cancelled Ask.",
                string.Join(" ", result.Code.ResponseCode, result.Code.Inner, result.Code.Text, result.Code.Advice));
            Assert.AreEqual("approved A1, reported before as busy: 20.00, order_amount is 20.00 instead of 30.00", result.ToString());
        }

        [Test]
        public void WhatAnOutcomeLacksIsEmptyOrNull()
        {
            PaymentResult result = new TerminalEvent("{\"event\":\"completed\",\"outcome\":\"busy\",\"fields\":{},\"differs\":null,\"code\":null}").Result;
            Assert.AreEqual(Outcome.Busy, result.Outcome);
            Assert.IsFalse(result.Approved);
            Assert.IsNull(result.Was);
            Assert.AreEqual(0, result.Fields.Count);
            Assert.AreEqual(0, result.Differs.Count);
            Assert.IsNull(result.Code);
        }

        [Test]
        public void EveryOptionReachesTheLibrary()
        {
            string json = new TerminalOptions
            {
                Url = "ws://h", TerminalWas = new[] { "a", "b\"" }, ClarifyDays = 7, SecondLook = TimeSpan.FromSeconds(30),
                CloseLostOrders = false, PingIntervalBusy = TimeSpan.FromSeconds(2), MaxQueueBytes = 5000,
            }.ToJson();
            Assert.AreEqual("{\"url\":\"ws://h\",\"terminal_was\":[\"a\",\"b\\\"\"],\"clarify_days\":7,\"second_look_ms\":30000,"
                + "\"close_lost_orders\":false,\"ping_interval_busy_ms\":2000,\"max_queue_bytes\":5000}", json);
        }

        [Test]
        public void EveryResponseFieldHasItsProperty()
        {
            foreach (string field in Contract.ResponseFields)
            {
                string json = "{\"event\":\"completed\",\"merchant_order_no\":\"value\",\"fields\":{\"" + field + "\":\"value\"}}";
                string name = string.Concat(field.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word.Substring(1)));
                object value = typeof(PaymentResult).GetProperty(name).GetValue(new TerminalEvent(json).Result, null);
                Assert.AreEqual("value", value, field);
            }
        }
    }
}
