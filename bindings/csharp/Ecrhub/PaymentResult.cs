using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Ecrhub
{
    /// <summary>Why something went wrong, in an event or a result.</summary>
    public sealed class TerminalError
    {
        private TerminalError(JsonMembers error)
        {
            Status = (int)(error.Number("status") ?? 0);
            Name = error.Text("name");
            StageName = error.Text("stage");
            Stage = Contract.Read(Contract.Stages, StageName, Stage.Other);
            Message = error.Text("message");
        }

        /// <summary>The library's number for it.</summary>
        public int Status { get; }

        /// <summary>The library's name for it: <c>ECRHUB_ERR_TERMINAL</c>, <c>ECRHUB_TIMEOUT</c>.</summary>
        public string Name { get; }

        /// <summary>Where it went wrong.</summary>
        public Stage Stage { get; }

        /// <summary>The library's word for the stage.</summary>
        public string StageName { get; }

        /// <summary>A sentence for a log or a person.</summary>
        public string Message { get; }

        internal static TerminalError Of(JsonMembers owner)
        {
            string error = owner.ObjectText("error");
            return error == null ? null : new TerminalError(JsonReader.MembersOrNone(error));
        }

        /// <summary>The stage and the sentence.</summary>
        public override string ToString() => StageName + ": " + Message;
    }

    /// <summary>A field in which the answer to an approved order departs from what was asked.</summary>
    public sealed class Difference
    {
        internal Difference(JsonMembers values)
        {
            Asked = values.Text("asked");
            Answered = values.Text("answered");
        }

        /// <summary>What the order said.</summary>
        public string Asked { get; }

        /// <summary>What the terminal answered.</summary>
        public string Answered { get; }

        /// <summary>One line: <c>20.00 instead of 30.00</c>.</summary>
        public override string ToString() => Answered + " instead of " + Asked;
    }

    /// <summary>What the terminal's code means, and what the cashier should do.</summary>
    public sealed class ResultCode
    {
        private ResultCode(JsonMembers code)
        {
            ResponseCode = code.Text("response_code");
            Inner = code.Text("inner");
            Text = code.Text("text");
            Advice = code.Text("advice");
        }

        /// <summary><c>response_code</c>; null without one.</summary>
        public string ResponseCode { get; }

        /// <summary>The code in brackets in <c>response_msg</c>: "K026"; null without one.</summary>
        public string Inner { get; }

        /// <summary>What it means.</summary>
        public string Text { get; }

        /// <summary>One sentence on what the cashier should do.</summary>
        public string Advice { get; }

        /// <summary>What it means.</summary>
        public override string ToString() => Text;

        internal static ResultCode Of(JsonMembers owner)
        {
            string code = owner.ObjectText("code");
            return code == null ? null : new ResultCode(JsonReader.MembersOrNone(code));
        }
    }

    /// <summary>What became of a request: the outcome, and what the terminal said about it.</summary>
    /// <remarks>The response's fields are texts as the terminal wrote them, amounts too: "34.50". They are null where the
    /// terminal did not send them or left them empty. <see cref="Field"/> gives those that have no property.</remarks>
    public sealed class PaymentResult
    {
        private readonly Lazy<IReadOnlyDictionary<string, string>> fields;

        internal PaymentResult(JsonMembers members, string raw, bool isClarification)
        {
            Raw = raw;
            IsClarification = isClarification;
            At = Clock.FromEpoch(members.Number("at") ?? 0);
            RequestId = members.Text("request_id");
            Topic = members.Text("topic");
            MerchantOrderNo = members.Text("merchant_order_no");
            OutcomeName = members.Text("outcome");
            Outcome = Contract.Read(Contract.Outcomes, OutcomeName, Outcome.Unknown);
            WasName = members.Text("was");
            Was = WasName == null ? (Outcome?)null : Contract.Read(Contract.Outcomes, WasName, Ecrhub.Outcome.Unknown);
            // Only what reached the terminal can be clarified, and only by asking.
            Sent = isClarification ? Sent.Yes : Contract.Read(Contract.Sents, members.Text("sent"), Sent.Maybe);
            Recovered = isClarification || members.Flag("recovered");
            Retold = members.Flag("retold");
            Elapsed = Clock.FromMilliseconds(members.Number("elapsed_ms"));
            Error = TerminalError.Of(members);
            Response = members.ObjectText("response");
            Differs = ReadDiffers(members.Object("differs"));
            Code = ResultCode.Of(members);
            string texts = members.ObjectText("fields");
            fields = new Lazy<IReadOnlyDictionary<string, string>>(() => ReadFields(JsonReader.MembersOrNone(texts)));
        }

        /// <summary>What happened to the money.</summary>
        public Outcome Outcome { get; }

        /// <summary>The library's word for the outcome: "approved".</summary>
        public string OutcomeName { get; }

        /// <summary>Whether money moved as asked. A void or a refund that succeeded is approved, too.</summary>
        public bool Approved => Outcome == Outcome.Approved;

        /// <summary>Whether the request reached the terminal.</summary>
        public Sent Sent { get; }

        /// <summary>The request's id, for <see cref="Terminal.Acknowledge(PaymentResult)"/>.</summary>
        public string RequestId { get; }

        /// <summary>What was asked: "ecrhub.pay.order". null in a clarification.</summary>
        public string Topic { get; }

        /// <summary>The order's number; null where the request had none.</summary>
        public string MerchantOrderNo { get; }

        /// <summary>In a clarification the outcome that was reported before; null in a completion.</summary>
        public Outcome? Was { get; }

        /// <summary>The library's word for <see cref="Was"/>.</summary>
        public string WasName { get; }

        /// <summary>Every field of the response by the protocol's name, documented or not: those of its <c>biz_data</c> over
        /// those of its envelope. What is no text is as it was written. Empty without a response.</summary>
        public IReadOnlyDictionary<string, string> Fields => fields.Value;

        /// <summary>Where an approved order is not the one that was asked for, by the field's name: <c>order_amount</c> after a
        /// partial approval, <c>price_currency</c>, <c>trans_type</c>. Empty where nothing differs. Look at it before the goods
        /// are handed over.</summary>
        public IReadOnlyDictionary<string, Difference> Differs { get; }

        /// <summary>The terminal's code in words, with advice for the cashier; null without a code.</summary>
        public ResultCode Code { get; }

        /// <summary>The terminal's message as it came, JSON; null when there was none.</summary>
        public string Response { get; }

        /// <summary>Why the outcome is not plain; null when it is.</summary>
        public TerminalError Error { get; }

        /// <summary>It did not come as the direct answer on the same connection.</summary>
        public bool Recovered { get; }

        /// <summary>It was told before, perhaps to an earlier process, and not acknowledged.</summary>
        public bool Retold { get; }

        /// <summary>It corrects an outcome that was reported earlier: <see cref="Was"/>.</summary>
        public bool IsClarification { get; }

        /// <summary>From sending to completion; null in a clarification.</summary>
        public TimeSpan? Elapsed { get; }

        /// <summary>When it completed.</summary>
        public DateTimeOffset At { get; }

        /// <summary>The whole event as the library told it, JSON.</summary>
        public string Raw { get; }

        /// <summary><c>response_code</c>: "000" is success. The outcome is what it means for the money.</summary>
        public string ResponseCode => Field("response_code");

        /// <summary><c>response_msg</c>: the terminal's words on why it failed.</summary>
        public string ResponseMsg => Field("response_msg");

        /// <summary><c>trans_no</c>: CodePay's transaction number.</summary>
        public string TransNo => Field("trans_no");

        /// <summary><c>trans_status</c>: the terminal's number for the transaction's state. The outcome is what it means.</summary>
        public string TransStatus => Field("trans_status");

        /// <summary><c>pay_channel_trans_no</c>: the payment channel's number.</summary>
        public string PayChannelTransNo => Field("pay_channel_trans_no");

        /// <summary><c>discount_bmopc</c>: the channel's discount that is not settled to the merchant, in major units.</summary>
        public string DiscountBmopc => Field("discount_bmopc");

        /// <summary><c>discount_bpc</c>: the channel's discount that is settled to the merchant, in major units.</summary>
        public string DiscountBpc => Field("discount_bpc");

        /// <summary><c>trans_end_time</c>: <c>YYYY-MM-DD HH:mm:ss</c>, the terminal's local time.</summary>
        public string TransEndTime => Field("trans_end_time");

        /// <summary><c>trans_type</c>: "1" sale, "2" void, "3" refund, "4" authorization, "6" completion, "11" cashback.</summary>
        public string TransType => Field("trans_type");

        /// <summary><c>orig_merchant_order_no</c>: the original order's number.</summary>
        public string OrigMerchantOrderNo => Field("orig_merchant_order_no");

        /// <summary><c>price_currency</c>: "USD".</summary>
        public string PriceCurrency => Field("price_currency");

        /// <summary><c>order_amount</c>: as the terminal says it, in major units.</summary>
        public string OrderAmount => Field("order_amount");

        /// <summary><c>tip_amount</c>: in major units.</summary>
        public string TipAmount => Field("tip_amount");

        /// <summary><c>cashback_amount</c>: in major units.</summary>
        public string CashbackAmount => Field("cashback_amount");

        /// <summary><c>pay_method_id</c>: "Visa".</summary>
        public string PayMethodId => Field("pay_method_id");

        /// <summary><c>pay_scenario</c>: "SWIPE_CARD".</summary>
        public string PayScenario => Field("pay_scenario");

        /// <summary><c>attach</c>: as it was sent.</summary>
        public string Attach => Field("attach");

        /// <summary><c>total_amount</c>: in major units.</summary>
        public string TotalAmount => Field("total_amount");

        /// <summary><c>card_no</c>: masked.</summary>
        public string CardNo => Field("card_no");

        /// <summary><c>card_brand</c>.</summary>
        public string CardBrand => Field("card_brand");

        /// <summary><c>auth_code</c>: the issuer's authorization code.</summary>
        public string AuthCode => Field("auth_code");

        /// <summary><c>ref_no</c>: the reference number.</summary>
        public string RefNo => Field("ref_no");

        /// <summary><c>entry_mode</c>: how the card was read.</summary>
        public string EntryMode => Field("entry_mode");

        /// <summary><c>signature_url</c>: where the signature is to be had.</summary>
        public string SignatureUrl => Field("signature_url");

        /// <summary><c>merchant_no</c>.</summary>
        public string MerchantNo => Field("merchant_no");

        /// <summary>One of <see cref="Fields"/>.</summary>
        /// <returns>null where the field is missing or empty, and without a response.</returns>
        /// <example><code>string batch = result.Field("batch_no");</code></example>
        public string Field(string name)
        {
            if (name == null)
            {
                throw new ArgumentNullException(nameof(name));
            }
            return fields.Value.TryGetValue(name, out string text) && text.Length > 0 ? text : null;
        }

        /// <summary>A field of the response as an amount, in major units; null where it is none.</summary>
        /// <example><code>decimal? charged = result.Amount("total_amount");</code></example>
        public decimal? Amount(string name)
        {
            return decimal.TryParse(Field(name), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture, out decimal amount) ? amount : (decimal?)null;
        }

        /// <summary>One line: <c>approved A1001: 34.50 USD, transaction 5021000010210602000003, card 456331******3919</c>.
        /// </summary>
        public override string ToString()
        {
            var line = new StringBuilder(OutcomeName);
            if (MerchantOrderNo != null)
            {
                line.Append(' ').Append(MerchantOrderNo);
            }
            if (IsClarification)
            {
                line.Append(", reported before as ").Append(WasName);
            }
            string separator = ": ";
            foreach (string part in Parts())
            {
                if (part != null)
                {
                    line.Append(separator).Append(part);
                    separator = ", ";
                }
            }
            return line.ToString();
        }

        private string[] Parts()
        {
            return new[]
            {
                OrderAmount == null ? null : (OrderAmount + " " + PriceCurrency).TrimEnd(),
                TransNo == null ? null : "transaction " + TransNo,
                CardNo == null ? null : "card " + CardNo,
                Approved ? null : ResponseMsg,
                Error?.Message,
                Differs.Count == 0 ? null : string.Join(", ", Differs.Select(pair => pair.Key + " is " + pair.Value)),
            };
        }

        private static IReadOnlyDictionary<string, string> ReadFields(JsonMembers members)
        {
            var fields = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (KeyValuePair<string, JsonValue> member in members.All)
            {
                fields[member.Key] = members.Text(member.Key);
            }
            return new ReadOnlyDictionary<string, string>(fields);
        }

        private static IReadOnlyDictionary<string, Difference> ReadDiffers(JsonMembers members)
        {
            var differs = new Dictionary<string, Difference>(StringComparer.Ordinal);
            foreach (KeyValuePair<string, JsonValue> member in members.All)
            {
                differs[member.Key] = new Difference(JsonReader.MembersOrNone(member.Value.Raw));
            }
            return new ReadOnlyDictionary<string, Difference>(differs);
        }
    }
}
