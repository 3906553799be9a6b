using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Ecrhub
{
    /// <summary>What a JSON value is.</summary>
    internal enum JsonKind
    {
        Null,
        Boolean,
        Number,
        Text,
        Array,
        Object,
    }

    /// <summary>One JSON value. It stays the text it was written as until somebody asks: numbers keep their digits.</summary>
    internal struct JsonValue
    {
        private readonly string raw;

        internal JsonValue(JsonKind kind, string raw)
        {
            Kind = kind;
            this.raw = raw;
        }

        public JsonKind Kind { get; }

        /// <summary>As it was written.</summary>
        public string Raw => raw ?? "null";

        /// <summary>The string's text.</summary>
        public string Text => JsonReader.Unescape(raw);
    }

    /// <summary>An object's members. Of a name that comes twice the last counts.</summary>
    internal sealed class JsonMembers
    {
        internal static readonly JsonMembers None = new JsonMembers(new Dictionary<string, JsonValue>());

        private readonly Dictionary<string, JsonValue> members;

        internal JsonMembers(Dictionary<string, JsonValue> members)
        {
            this.members = members;
        }

        public IEnumerable<KeyValuePair<string, JsonValue>> All => members;

        public bool Has(string name) => members.ContainsKey(name);

        /// <summary>The value of this name; null where there is none.</summary>
        public JsonValue Get(string name)
        {
            members.TryGetValue(name, out JsonValue value);
            return value;
        }

        /// <summary>A string's text; null for all else.</summary>
        public string Text(string name)
        {
            JsonValue value = Get(name);
            return value.Kind == JsonKind.Text ? value.Text : null;
        }

        public bool Flag(string name)
        {
            JsonValue value = Get(name);
            return value.Kind == JsonKind.Boolean && value.Raw == "true";
        }

        /// <summary>A whole number; null for all else.</summary>
        public long? Number(string name)
        {
            JsonValue value = Get(name);
            return value.Kind == JsonKind.Number
                && long.TryParse(value.Raw, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
                ? number
                : (long?)null;
        }

        /// <summary>The text of an object; null for all else.</summary>
        public string ObjectText(string name)
        {
            JsonValue value = Get(name);
            return value.Kind == JsonKind.Object ? value.Raw : null;
        }

        public JsonMembers Object(string name) => JsonReader.MembersOrNone(ObjectText(name));
    }

    /// <summary>Reads JSON one level at a time. Nothing recurses, so no depth of nesting ends the process, and what nobody
    /// asks for is never taken apart.</summary>
    /// <remarks>The base library's reader (System.Runtime.Serialization.Json) gives XML nodes, from which the text of a
    /// nested object, which the caller is owed as it came, cannot be had; and on .NET Core it loads OpenSSL.</remarks>
    internal sealed class JsonReader
    {
        private readonly string text;
        private int at;

        private JsonReader(string text)
        {
            this.text = text;
        }

        /// <summary>The members of an object.</summary>
        /// <exception cref="FormatException">It is no JSON object.</exception>
        public static JsonMembers Members(string json)
        {
            var reader = new JsonReader(json);
            JsonMembers members = reader.ReadObject();
            reader.ExpectEnd();
            return members;
        }

        /// <summary>The members of an object, and none of what is no object.</summary>
        public static JsonMembers MembersOrNone(string json)
        {
            if (json == null)
            {
                return JsonMembers.None;
            }
            try
            {
                return Members(json);
            }
            catch (FormatException)
            {
                return JsonMembers.None;
            }
        }

        /// <summary>The values of an array.</summary>
        /// <exception cref="FormatException">It is no JSON array.</exception>
        public static List<JsonValue> Array(string json)
        {
            var reader = new JsonReader(json);
            List<JsonValue> values = reader.ReadArray();
            reader.ExpectEnd();
            return values;
        }

        private JsonMembers ReadObject()
        {
            var members = new Dictionary<string, JsonValue>(StringComparer.Ordinal);
            Expect('{');
            if (!Accept('}'))
            {
                do
                {
                    SkipBlanks();
                    string name = Unescape(ReadString());
                    Expect(':');
                    members[name] = ReadValue();
                }
                while (Accept(','));
                Expect('}');
            }
            return new JsonMembers(members);
        }

        private List<JsonValue> ReadArray()
        {
            var values = new List<JsonValue>();
            Expect('[');
            if (!Accept(']'))
            {
                do
                {
                    values.Add(ReadValue());
                }
                while (Accept(','));
                Expect(']');
            }
            return values;
        }

        private JsonValue ReadValue()
        {
            SkipBlanks();
            int start = at;
            JsonKind kind = SkipValue();
            return new JsonValue(kind, text.Substring(start, at - start));
        }

        private JsonKind SkipValue()
        {
            switch (Peek())
            {
                case '"': ReadString(); return JsonKind.Text;
                case '{': SkipNested(); return JsonKind.Object;
                case '[': SkipNested(); return JsonKind.Array;
                case 't': ExpectWord("true"); return JsonKind.Boolean;
                case 'f': ExpectWord("false"); return JsonKind.Boolean;
                case 'n': ExpectWord("null"); return JsonKind.Null;
                default: SkipNumber(); return JsonKind.Number;
            }
        }

        /// <summary>Goes behind the bracket that belongs to the one at hand. What lies between is judged when somebody
        /// reads it.</summary>
        private void SkipNested()
        {
            var open = new Stack<char>();
            do
            {
                char c = Peek();
                if (c == '"')
                {
                    ReadString();
                    continue;
                }
                at++;
                if (c == '{' || c == '[')
                {
                    open.Push(c == '{' ? '}' : ']');
                }
                else if ((c == '}' || c == ']') && open.Pop() != c)
                {
                    at--;
                    throw Fault("a bracket that was never opened");
                }
            }
            while (open.Count > 0);
        }

        /// <summary>The string at hand with its quotes and escapes.</summary>
        private string ReadString()
        {
            int start = at;
            if (Peek() != '"')
            {
                throw Fault("a string expected");
            }
            at++;
            for (char c = Peek(); c != '"'; c = Peek())
            {
                if (c < ' ')
                {
                    throw Fault("a control character in a string");
                }
                at++;
                if (c == '\\')
                {
                    SkipEscape();
                }
            }
            at++;
            return text.Substring(start, at - start);
        }

        private void SkipEscape()
        {
            char c = Peek();
            if ("\"\\/bfnrtu".IndexOf(c) < 0)
            {
                throw Fault("an escape that is none");
            }
            at++;
            for (int digits = 0; c == 'u' && digits < 4; digits++, at++)
            {
                if (Digit(Peek()) < 0)
                {
                    throw Fault("\\u without four digits");
                }
            }
        }

        private static int Digit(char c) => "0123456789abcdef".IndexOf(char.ToLowerInvariant(c));

        private void SkipNumber()
        {
            AcceptHere('-');
            if (!AcceptHere('0'))
            {
                SkipDigits();
            }
            if (AcceptHere('.'))
            {
                SkipDigits();
            }
            if (AcceptHere('e') || AcceptHere('E'))
            {
                if (!AcceptHere('+'))
                {
                    AcceptHere('-');
                }
                SkipDigits();
            }
        }

        private void SkipDigits()
        {
            int start = at;
            while (at < text.Length && text[at] >= '0' && text[at] <= '9')
            {
                at++;
            }
            if (at == start)
            {
                throw Fault("a value expected");
            }
        }

        private void SkipBlanks()
        {
            while (at < text.Length && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t'))
            {
                at++;
            }
        }

        private char Peek()
        {
            if (at >= text.Length)
            {
                at = text.Length;
                throw Fault("it ends too early");
            }
            return text[at];
        }

        private bool AcceptHere(char c)
        {
            bool isThere = at < text.Length && text[at] == c;
            at += isThere ? 1 : 0;
            return isThere;
        }

        private bool Accept(char c)
        {
            SkipBlanks();
            return AcceptHere(c);
        }

        private void Expect(char c)
        {
            if (!Accept(c))
            {
                throw Fault("'" + c + "' expected");
            }
        }

        private void ExpectWord(string word)
        {
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0)
            {
                throw Fault("a value expected");
            }
            at += word.Length;
        }

        private void ExpectEnd()
        {
            SkipBlanks();
            if (at < text.Length)
            {
                throw Fault("something behind the end");
            }
        }

        private FormatException Fault(string what)
        {
            return new FormatException("not the JSON expected: " + what + ", at character "
                + at.ToString(CultureInfo.InvariantCulture));
        }

        /// <summary>The text of a string that was read, with its quotes. Half a surrogate pair stays what it is.</summary>
        public static string Unescape(string quoted)
        {
            if (quoted.IndexOf('\\') < 0)
            {
                return quoted.Substring(1, quoted.Length - 2);
            }
            var plain = new StringBuilder(quoted.Length);
            for (int i = 1; i < quoted.Length - 1; i++)
            {
                if (quoted[i] != '\\')
                {
                    plain.Append(quoted[i]);
                }
                else if (quoted[++i] != 'u')
                {
                    plain.Append(Escaped(quoted[i]));
                }
                else
                {
                    plain.Append(Unit(quoted, i + 1));
                    i += 4;
                }
            }
            return plain.ToString();
        }

        private static char Unit(string quoted, int start)
        {
            int value = 0;
            for (int i = start; i < start + 4; i++)
            {
                value = (value * 16) + Digit(quoted[i]);
            }
            return (char)value;
        }

        private static char Escaped(char c)
        {
            switch (c)
            {
                case 'b': return '\b';
                case 'f': return '\f';
                case 'n': return '\n';
                case 'r': return '\r';
                case 't': return '\t';
                default: return c;
            }
        }
    }

    /// <summary>Writes an object, member by member, in the order in which they are said.</summary>
    internal sealed class JsonWriter
    {
        private readonly StringBuilder text = new StringBuilder("{");

        /// <summary>A string; nothing when it is null.</summary>
        public JsonWriter Text(string name, string value)
        {
            return value == null ? this : Raw(name, Quote(value));
        }

        /// <summary>A list of strings; nothing when it is null.</summary>
        public JsonWriter Texts(string name, IEnumerable<string> values)
        {
            return values == null ? this : Raw(name, "[" + string.Join(",", values.Select(Quote)) + "]");
        }

        /// <summary>true or false; nothing when it is null.</summary>
        public JsonWriter Flag(string name, bool? value)
        {
            return value == null ? this : Raw(name, value.Value ? "true" : "false");
        }

        /// <summary>A whole number; nothing when it is null.</summary>
        public JsonWriter Number(string name, long? value)
        {
            return value == null ? this : Raw(name, value.Value.ToString(CultureInfo.InvariantCulture));
        }

        /// <summary>Any value's JSON text.</summary>
        public JsonWriter Raw(string name, string json)
        {
            if (text.Length > 1)
            {
                text.Append(',');
            }
            text.Append(Quote(name)).Append(':').Append(json);
            return this;
        }

        public string End() => text.Append('}').ToString();

        /// <summary>A text as a JSON string.</summary>
        public static string Quote(string value)
        {
            var quoted = new StringBuilder(value.Length + 2).Append('"');
            foreach (char c in value)
            {
                if (c == '"' || c == '\\')
                {
                    quoted.Append('\\').Append(c);
                }
                else if (c < ' ')
                {
                    quoted.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                }
                else
                {
                    quoted.Append(c);
                }
            }
            return quoted.Append('"').ToString();
        }
    }
}
