using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using NUnit.Framework;

namespace Ecrhub.Tests
{
    /// <summary>The package's JSON reader, over the answers that fuzzing the library has come to: it takes what serde_json
    /// takes, reads the same values, and refuses the rest with its own exception.</summary>
    [TestFixture]
    public sealed class JsonCorpusTests
    {
        [Test]
        public void EveryAnswerOfTheCorpusIsReadAsTheLibraryReadsIt()
        {
            string fuzz = Environment.GetEnvironmentVariable("ECRHUB_FUZZ");
            Assert.IsNotNull(fuzz, "ECRHUB_FUZZ names the folder fuzz of the repository");
            int compared = 0;
            foreach (string line in File.ReadAllLines(Path.Combine(fuzz, "expected", "answers.txt")))
            {
                string name = line.Substring(0, line.IndexOf(' '));
                string expected = line.Substring(name.Length + 1);
                // Without the library's lenient ear for a byte order mark, which ReadAllText would have.
                string json = Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(fuzz, "corpus", "answers", name)));
                string found = Read(json);
                if (expected == "refused" || expected.Length == 16)
                {
                    Assert.AreEqual(expected, found, name);
                    compared++;
                }
            }
            Assert.Greater(compared, 0);
        }

        private static string Read(string json)
        {
            try
            {
                return Digest(JsonReader.Members(json)).ToString("x16");
            }
            catch (FormatException)
            {
                return "refused";
            }
        }

        /// <summary>As fuzz/targets/src/digest.rs has it. What nobody asks for is not judged by the reader, so all is asked for.</summary>
        private static ulong Digest(JsonMembers members)
        {
            ulong sum = 0;
            foreach (KeyValuePair<string, JsonValue> member in members.All)
            {
                unchecked
                {
                    sum += Fnv(member.Key + ":" + Digest(member.Value).ToString("x16"));
                }
            }
            return Fnv("{" + sum.ToString("x16"));
        }

        private static ulong Digest(JsonValue value)
        {
            switch (value.Kind)
            {
                case JsonKind.Object: return Digest(JsonReader.Members(value.Raw));
                case JsonKind.Array:
                    return Fnv("[" + string.Join(",", JsonReader.Array(value.Raw).Select(each => Digest(each).ToString("x16"))));
                case JsonKind.Text: return Fnv("\"" + value.Text);
                default: return Fnv(value.Raw);
            }
        }

        private static ulong Fnv(string text)
        {
            ulong hash = 0xcbf29ce484222325;
            foreach (byte b in Encoding.UTF8.GetBytes(text))
            {
                unchecked
                {
                    hash = (hash ^ b) * 0x100000001b3;
                }
            }
            return hash;
        }
    }
}
