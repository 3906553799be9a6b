using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: ComVisible(false)]
// Beside the assembly, beside the program and in the system's directory, where Windows would also look into the working
// directory: whoever can put a file there must not become part of the till.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
[assembly: InternalsVisibleTo("Ecrhub.Tests")]
[assembly: InternalsVisibleTo("Leaver")]
// The conformance runner reads its commands with the package's own JSON reader.
[assembly: InternalsVisibleTo("Runner")]
