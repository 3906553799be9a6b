// Makes an assembly that was compiled against the .NET Framework one for .NET Standard 2.0: every reference leads to
// netstandard instead of mscorlib, System and System.Core.
//
//     Retarget.exe in.dll out.dll netstandard.dll
//
// The last one is the facade that comes with the .NET Framework and with Mono. What it does not list is not in .NET
// Standard 2.0, and is refused. The compiler cannot do this itself: it follows the facade's forwards.
using System;
using System.Collections.Generic;
using System.Linq;
using Mono.Cecil;

internal static class Retarget
{
    private static int Main(string[] arguments)
    {
        if (arguments.Length != 3)
        {
            Console.Error.WriteLine("usage: Retarget.exe in.dll out.dll netstandard.dll");
            return 2;
        }
        using (ModuleDefinition module = ModuleDefinition.ReadModule(arguments[0]))
        using (ModuleDefinition facade = ModuleDefinition.ReadModule(arguments[2]))
        {
            var known = new HashSet<string>(facade.ExportedTypes.Select(type => type.FullName));
            List<string> missing = Move(module, facade.Assembly.Name, known);
            foreach (string type in missing)
            {
                Console.Error.WriteLine("not in .NET Standard 2.0: " + type);
            }
            if (missing.Count > 0)
            {
                return 1;
            }
            // The same input makes the same bytes.
            module.Write(arguments[1], new WriterParameters { Timestamp = 0, DeterministicMvid = true });
            return 0;
        }
    }

    private static List<string> Move(ModuleDefinition module, AssemblyNameDefinition facade, HashSet<string> known)
    {
        var standard = new AssemblyNameReference(facade.Name, new Version(2, 0, 0, 0)) { PublicKeyToken = facade.PublicKeyToken };
        List<AssemblyNameReference> before = module.AssemblyReferences.ToList();
        module.AssemblyReferences.Add(standard);
        var missing = new List<string>();
        foreach (TypeReference type in module.GetTypeReferences().Where(type => type.Scope is AssemblyNameReference))
        {
            if (!known.Contains(type.FullName))
            {
                missing.Add(type.FullName);
            }
            if (!type.IsNested)
            {
                type.Scope = standard;
            }
        }
        before.ForEach(reference => module.AssemblyReferences.Remove(reference));
        return missing;
    }
}
