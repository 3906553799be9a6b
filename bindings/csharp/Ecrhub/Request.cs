using System;
using System.Collections.Generic;
using System.Globalization;

namespace Ecrhub
{
    /// <summary>What can be sent to a terminal.</summary>
    /// <remarks>Nothing is checked here: what breaks the protocol is refused when it is sent, with a
    /// <see cref="RequestException"/> that names the field and the rule. What is null is left out.</remarks>
    public abstract class Request
    {
        internal Request() { }

        /// <summary>The order's number: of this very request, or of the order it asks about or closes.</summary>
        public string OrderNo { get; set; }

        /// <summary>The request's own id, 1 to 64 printable ASCII characters, never used before. One is made when it is null.
        /// </summary>
        public string RequestId { get; set; }

        /// <summary>The payment application's id, instead of <see cref="TerminalOptions.AppId"/>.</summary>
        public string AppId { get; set; }

        /// <summary>How long to wait for the answer, instead of <see cref="TerminalOptions.OrderTimeout"/> or
        /// <see cref="TerminalOptions.RequestTimeout"/>. What follows, finding out what became of an order, is bounded by
        /// <see cref="TerminalOptions.RecoveryTimeout"/>.</summary>
        public TimeSpan? Timeout { get; set; }

        /// <summary>Fields of <c>biz_data</c> that this class has no property for, by the protocol's names; their values are
        /// texts.</summary>
        public IDictionary<string, string> Extra { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

        internal abstract string Topic { get; }

        /// <summary>The request as the JSON text that is sent.</summary>
        /// <exception cref="ArgumentException">A field is in <see cref="Extra"/> and has been said by its property, too.
        /// </exception>
        public string ToJson()
        {
            var bizData = new Fields();
            Write(bizData);
            foreach (KeyValuePair<string, string> field in Extra)
            {
                if (bizData.Has(field.Key))
                {
                    throw new ArgumentException("Extra: " + field.Key + " has been said by its property, too");
                }
                bizData.Text(field.Key, field.Value);
            }
            return new JsonWriter().Text("topic", Topic).Text("request_id", RequestId).Text("app_id", AppId)
                .Raw("biz_data", bizData.End()).End();
        }

        internal abstract void Write(Fields bizData);

        /// <summary>Writes fields and remembers their names.</summary>
        internal sealed class Fields
        {
            private readonly JsonWriter writer = new JsonWriter();
            private readonly HashSet<string> names = new HashSet<string>(StringComparer.Ordinal);

            public bool Has(string name) => names.Contains(name);

            public string End() => writer.End();

            public void Text(string name, string value)
            {
                if (value != null)
                {
                    names.Add(name);
                    writer.Text(name, value);
                }
            }

            /// <summary>As it is, with all its digits: 34.50 is "34.50", under every culture.</summary>
            public void Amount(string name, decimal? value)
            {
                Text(name, value?.ToString(CultureInfo.InvariantCulture));
            }

            public void Flag(string name, bool? value)
            {
                if (value != null)
                {
                    names.Add(name);
                    writer.Flag(name, value);
                }
            }
        }
    }

    /// <summary>What all orders may say, <see cref="Sale"/>, <see cref="VoidOrder"/>, <see cref="Refund"/>,
    /// <see cref="Authorization"/>, <see cref="Completion"/> and <see cref="Cashback"/>.</summary>
    /// <remarks>
    /// <para>Every order needs an <see cref="Request.OrderNo"/> of its own, a refund included: at most 32 letters and
    /// digits, never used before.</para>
    /// <para>Amounts are in major units with their digits: <c>34.50m</c> is 34 dollars 50, and is sent as "34.50".</para>
    /// </remarks>
    public abstract class Order : Request
    {
        internal Order() { }

        /// <summary>The amount, in major units. A <see cref="VoidOrder"/> may leave it out.</summary>
        public decimal? Amount { get; set; }

        /// <summary>Three letters of ISO 4217, "USD".</summary>
        public string Currency { get; set; }

        /// <summary>In major units, not contained in the amount.</summary>
        public decimal? TipAmount { get; set; }

        /// <summary>The terminal asks the customer for a tip.</summary>
        public bool? OnScreenTip { get; set; }

        /// <summary>Cash for the customer, in major units.</summary>
        public decimal? CashbackAmount { get; set; }

        /// <summary>In major units, contained in the amount.</summary>
        public decimal? TaxAmount { get; set; }

        /// <summary>How to pay: "Visa", "Alipay".</summary>
        public string PayMethodId { get; set; }

        /// <summary>"SWIPE_CARD", "SCANQR_PAY" (the customer scans) or "BSCANQR_PAY" (the merchant scans).</summary>
        public string PayScenario { get; set; }

        /// <summary>"1" debit, "2" credit, "3" EBT, "4" gift.</summary>
        public string CardType { get; set; }

        /// <summary>Comes back unchanged with the answer.</summary>
        public string Attach { get; set; }

        /// <summary>The goods or the service.</summary>
        public string Description { get; set; }

        /// <summary>Where the gateway reports to.</summary>
        public string NotifyUrl { get; set; }

        /// <summary>After so many seconds the order may no longer be paid.</summary>
        public int? Expires { get; set; }

        /// <summary>The cashier confirms on the terminal first.</summary>
        public bool? ConfirmOnTerminal { get; set; }

        /// <summary>A void or refund needs the manager's authorization on the terminal.</summary>
        public bool? RequiredTerminalAuthentication { get; set; }

        /// <summary>The customer signs on the screen.</summary>
        public bool? OnScreenSignature { get; set; }

        /// <summary>"0" none, "1" the merchant's, "2" the customer's, "3" both.</summary>
        public string ReceiptPrintMode { get; set; }

        internal sealed override string Topic => Contract.TopicOrder;

        internal abstract string TransType { get; }

        internal virtual string Original => null;

        internal sealed override void Write(Fields bizData)
        {
            bizData.Text("trans_type", TransType);
            bizData.Text("merchant_order_no", OrderNo);
            bizData.Text("orig_merchant_order_no", Original);
            bizData.Text("price_currency", Currency);
            bizData.Amount("order_amount", Amount);
            bizData.Amount("tip_amount", TipAmount);
            bizData.Flag("on_screen_tip", OnScreenTip);
            bizData.Amount("cashback_amount", CashbackAmount);
            bizData.Text("pay_method_id", PayMethodId);
            bizData.Text("pay_scenario", PayScenario);
            bizData.Text("card_type", CardType);
            bizData.Text("attach", Attach);
            bizData.Text("description", Description);
            bizData.Text("notify_url", NotifyUrl);
            bizData.Text("expires", Expires?.ToString(CultureInfo.InvariantCulture));
            bizData.Flag("confirm_on_terminal", ConfirmOnTerminal);
            bizData.Flag("required_terminal_authentication", RequiredTerminalAuthentication);
            bizData.Flag("on_screen_signature", OnScreenSignature);
            bizData.Text("receipt_print_mode", ReceiptPrintMode);
            bizData.Amount("tax_amount", TaxAmount);
        }
    }

    /// <summary>A payment.</summary>
    /// <example><code>new Sale { OrderNo = "A1001", Amount = 34.50m, Currency = "USD" }</code></example>
    public sealed class Sale : Order
    {
        internal override string TransType => Contract.TransTypeSale;
    }

    /// <summary>Takes back a transaction of the same day, whole, before it is settled.</summary>
    /// <remarks>Not named Void, which nobody could write beside <c>using System</c>.</remarks>
    /// <example><code>new VoidOrder { OrderNo = "A1002", OriginalOrderNo = "A1001" }</code></example>
    public sealed class VoidOrder : Order
    {
        /// <summary>The number of the order to take back.</summary>
        public string OriginalOrderNo { get; set; }

        internal override string TransType => Contract.TransTypeVoid;

        internal override string Original => OriginalOrderNo;
    }

    /// <summary>Gives money back.</summary>
    /// <example><code>new Refund { OrderNo = "A1003", OriginalOrderNo = "A1001", Amount = 10.00m }</code></example>
    public sealed class Refund : Order
    {
        /// <summary>The number of the order whose money is given back.</summary>
        public string OriginalOrderNo { get; set; }

        internal override string TransType => Contract.TransTypeRefund;

        internal override string Original => OriginalOrderNo;
    }

    /// <summary>Holds an amount on the customer's card, to be taken by a <see cref="Completion"/>.</summary>
    /// <example><code>new Authorization { OrderNo = "A1004", Amount = 100.00m }</code></example>
    public sealed class Authorization : Order
    {
        internal override string TransType => Contract.TransTypeAuthorize;
    }

    /// <summary>Takes an amount that an <see cref="Authorization"/> holds.</summary>
    /// <example><code>new Completion { OrderNo = "A1005", OriginalOrderNo = "A1004", Amount = 80.00m }</code></example>
    public sealed class Completion : Order
    {
        /// <summary>The number of the authorization.</summary>
        public string OriginalOrderNo { get; set; }

        internal override string TransType => Contract.TransTypeComplete;

        internal override string Original => OriginalOrderNo;
    }

    /// <summary>A payment with cash for the customer: say <see cref="Order.CashbackAmount"/>, too.</summary>
    /// <example><code>new Cashback { OrderNo = "A1006", Amount = 10.00m, CashbackAmount = 20.00m }</code></example>
    public sealed class Cashback : Order
    {
        internal override string TransType => Contract.TransTypeCashback;
    }

    /// <summary>Asks what became of an order.</summary>
    /// <example><code>new Query { OrderNo = "A1001" }</code></example>
    public sealed class Query : Request
    {
        internal override string Topic => Contract.TopicQuery;

        internal override void Write(Fields bizData) => bizData.Text("merchant_order_no", OrderNo);
    }

    /// <summary>Gives up an order that waits on the terminal. It does not end the connection: that is
    /// <see cref="Terminal.Dispose"/>.</summary>
    /// <example><code>new Close { OrderNo = "A1001" }</code></example>
    public sealed class Close : Request
    {
        internal override string Topic => Contract.TopicClose;

        internal override void Write(Fields bizData) => bizData.Text("merchant_order_no", OrderNo);
    }
}
