"""A terminal in software for as long as a test needs one."""

import re
import subprocess
import threading
from pathlib import Path


class Simulator:
    """`with Simulator(program) as url:`; the program may be one for another machine, behind an emulator."""

    # On ports that are free, and for customers who do not think long.
    QUICK = ("--port", "0", "--control-port", "0", "--think-ms", "20")

    def __init__(self, program: Path, *before: str, arguments: tuple[str, ...] = QUICK) -> None:
        self.command = [*before, str(program), *arguments]

    def __enter__(self) -> str:
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = []
        for line in self.process.stdout:
            said.append(line)
            address = re.match(r"listening on (ws://\S+)", line)
            if address:
                # It must not wait for somebody to read what it says.
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return address[1]
        self.process.wait()
        raise SystemExit(f"the simulator did not start: {' '.join(self.command)}\n{''.join(said)}")

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
