// Runs the NUnit tests of an assembly where nunit-console does not run, on .NET (Core): the same fixtures, each test in a
// fixture of its own, and a line at the end.
//
//     dotnet PlainRunner.exe Ecrhub.Tests.dll [part of a test's name]
//
// It knows what the tests use: TestFixture, Test, TestCase, SetUp, TearDown. What else NUnit has it refuses, so that no
// test is skipped in silence.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using NUnit.Framework;

internal static class PlainRunner
{
    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly Type[] Known =
    {
        typeof(TestAttribute), typeof(TestCaseAttribute), typeof(SetUpAttribute), typeof(TearDownAttribute),
    };

    private static int passed;
    private static int failed;

    private static int Main(string[] arguments)
    {
        if (arguments.Length < 1)
        {
            Console.Error.WriteLine("usage: PlainRunner.exe tests.dll [part of a test's name]");
            return 2;
        }
        Assembly tests = Assembly.LoadFrom(Path.GetFullPath(arguments[0]));
        string part = arguments.Length > 1 ? arguments[1] : "";
        foreach (Type fixture in tests.GetTypes().Where(type => type.IsDefined(typeof(TestFixtureAttribute), true) && !type.IsAbstract))
        {
            foreach (MethodInfo method in fixture.GetMethods(Any).Where(method => IsTest(method)))
            {
                RunAll(fixture, method, part);
            }
        }
        Console.WriteLine("{0}: {1} passed, {2} failed", Runtime(), passed, failed);
        return failed == 0 && passed > 0 ? 0 : 1;
    }

    private static string Runtime()
    {
        return (string)Type.GetType("System.Runtime.InteropServices.RuntimeInformation, System.Runtime.InteropServices.RuntimeInformation")
            .GetProperty("FrameworkDescription").GetValue(null, null);
    }

    private static bool IsTest(MethodInfo method)
    {
        foreach (Attribute attribute in method.GetCustomAttributes(true))
        {
            if (attribute.GetType().Namespace == typeof(TestAttribute).Namespace && !Known.Contains(attribute.GetType()))
            {
                throw new NotSupportedException(method + " has an attribute that is not known here: " + attribute);
            }
        }
        bool isTest = method.IsDefined(typeof(TestAttribute), true) || method.IsDefined(typeof(TestCaseAttribute), true);
        if (isTest && method.ReturnType != typeof(void))
        {
            throw new NotSupportedException(method + " returns something that nobody would wait for here");
        }
        return isTest;
    }

    private static void RunAll(Type fixture, MethodInfo method, string part)
    {
        IEnumerable<object[]> cases = method.GetCustomAttributes(typeof(TestCaseAttribute), true)
            .Select(attribute => ((TestCaseAttribute)attribute).Arguments).DefaultIfEmpty(new object[0]);
        foreach (object[] values in cases)
        {
            string name = fixture.Name + "." + method.Name + (values.Length == 0 ? "" : "(" + string.Join(", ", values) + ")");
            if (name.Contains(part))
            {
                RunOne(fixture, method, values, name);
            }
        }
    }

    private static void RunOne(Type fixture, MethodInfo method, object[] values, string name)
    {
        object instance = Activator.CreateInstance(fixture);
        Exception error = Caught(() => CallAll(instance, typeof(SetUpAttribute)))
            ?? Caught(() => method.Invoke(instance, values));
        error = Caught(() => CallAll(instance, typeof(TearDownAttribute))) ?? error;
        if (error == null)
        {
            passed++;
            return;
        }
        failed++;
        Console.WriteLine("FAILED " + name + "\n" + error);
    }

    private static void CallAll(object instance, Type attribute)
    {
        foreach (MethodInfo method in instance.GetType().GetMethods(Any).Where(method => method.IsDefined(attribute, true)))
        {
            method.Invoke(instance, null);
        }
    }

    private static Exception Caught(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (TargetInvocationException error)
        {
            return error.InnerException;
        }
    }
}
