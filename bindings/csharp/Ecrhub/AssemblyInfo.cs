using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: ComVisible(false)]
[assembly: InternalsVisibleTo("Ecrhub.Tests")]
[assembly: InternalsVisibleTo("Leaver")]
// The conformance runner reads its commands with the package's own JSON reader.
[assembly: InternalsVisibleTo("Runner")]
