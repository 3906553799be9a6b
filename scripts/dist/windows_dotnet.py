"""The .NET package on .NET for Windows, under Wine: its assembly and the DLL side by side, as a program's folder has them."""

import re
import shutil
from pathlib import Path

import tools
from checks import must, said, with_variables
from common import ROOT, TARGET

ASSEMBLIES = ["Ecrhub.Net.dll", "Till.exe", "Till.runtimeconfig.json"]
# What the example is told, in the order of its steps; the same as the tills in C and Python.
OUTCOMES = ["approved", "declined", "approved", "cancelled", "refused"]


def a_till(library: Path, scratch: Path, in_wine: tuple[str, str], simulator) -> str:
    """Gives what it was told."""
    tools.apt(tools.APT_DOTNET)
    said(ROOT / "scripts/build-csharp", cwd=ROOT)
    folder = scratch / "csharp"
    folder.mkdir()
    for name in ASSEMBLIES:
        shutil.copyfile(TARGET / "csharp" / name, folder / name)
    shutil.copyfile(library, folder / library.name)
    # Windows takes no notice of case: two names that differ in nothing else are one file there.
    names = [path.name.lower() for path in folder.iterdir()]
    must(len(names) == len(set(names)), f"one of {names} would replace another")
    quiet = with_variables(DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1, COMPlus_EnableDiagnostics=0)
    with simulator as url:
        shown = said(*in_wine, tools.dotnet_for_windows(), "Till.exe", url, "test", cwd=folder, env=quiet, seconds=300)
    told = re.findall(r"^  ([a-z_]+): (?!\d)", shown, re.M)
    must([word for word in told if word in OUTCOMES] == OUTCOMES, shown)
    return " ".join(OUTCOMES)
