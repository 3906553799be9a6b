#!/usr/bin/env python3
"""The gate of the ABI lets additions through and nothing else: each case is a header as somebody might leave it."""

import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/dist"))

import abi  # noqa: E402
import tools  # noqa: E402

BASELINE = ROOT / "abi/ecrhub-1.h"


def complaints(old: str = "", new: str = "") -> str:
    """What the gate says when `old` stands as `new` in the header, once."""
    header = BASELINE.read_text()
    assert header.count(old) == 1 or not old, f"{header.count(old)} times in the baseline: {old}"
    with tempfile.TemporaryDirectory() as scratch:
        today = Path(scratch) / "ecrhub.h"
        today.write_text(header.replace(old, new) if old else header)
        return "\n".join(abi.complaints(BASELINE, today, None, Path(scratch)))


class Gate(unittest.TestCase):
    def test_the_same_header_passes(self):
        self.assertEqual(complaints(), "")

    def test_a_new_function_passes(self):
        added = (
            "int32_t ecrhub_shutdown(void);\nint32_t ecrhub_new(ecrhub_handle handle, uintptr_t *out_handle);"
        )
        self.assertEqual(complaints("int32_t ecrhub_shutdown(void);", added), "")

    def test_a_new_constant_passes(self):
        self.assertEqual(complaints("#define ECRHUB_OK 0", "#define ECRHUB_OK 0\n#define ECRHUB_ERR_NEW -14"), "")

    def test_another_name_of_a_parameter_passes(self):
        self.assertEqual(
            complaints("int32_t ecrhub_wake(ecrhub_handle handle);", "int32_t ecrhub_wake(ecrhub_handle h);"), ""
        )

    def test_a_function_that_is_gone_is_refused(self):
        said = complaints("int32_t ecrhub_wake(ecrhub_handle handle);", "")
        self.assertIn("Removed function", said)
        self.assertIn("ecrhub_wake", said)

    def test_a_narrower_parameter_is_refused(self):
        said = complaints("int32_t ecrhub_wake(ecrhub_handle handle);", "int32_t ecrhub_wake(uint32_t handle);")
        self.assertIn("ecrhub_wake", said)
        self.assertIn("parameter 1", said)

    def test_one_parameter_more_is_refused(self):
        said = complaints(
            "int32_t ecrhub_wake(ecrhub_handle handle);", "int32_t ecrhub_wake(ecrhub_handle handle, int32_t why);"
        )
        self.assertIn("parameter 2", said)

    def test_another_return_type_is_refused(self):
        said = complaints("uint32_t ecrhub_abi_version(void);", "uint64_t ecrhub_abi_version(void);")
        self.assertIn("return type changed", said)

    def test_a_narrower_handle_is_refused(self):
        said = complaints("typedef uint64_t ecrhub_handle;", "typedef uint32_t ecrhub_handle;")
        self.assertIn("ecrhub_handle", said)

    def test_another_callback_is_refused(self):
        said = complaints(
            "typedef void (*ecrhub_log_fn)(int32_t level, const char *message, void *user_data);",
            "typedef void (*ecrhub_log_fn)(int32_t level, const char *message);",
        )
        self.assertIn("ecrhub_set_log", said)

    def test_another_number_of_a_status_is_refused(self):
        said = complaints("#define ECRHUB_ERR_BUSY -8", "#define ECRHUB_ERR_BUSY -9")
        self.assertEqual(said, "ECRHUB_ERR_BUSY was -8 and is -9")

    def test_an_outcome_that_is_gone_is_refused(self):
        said = complaints('#define ECRHUB_OUTCOME_REFUSED "refused"', "")
        self.assertEqual(said, 'ECRHUB_OUTCOME_REFUSED was "refused" and is gone')

    def test_a_library_without_one_of_the_functions_is_refused(self):
        baseline = BASELINE.read_text()
        with tempfile.TemporaryDirectory() as scratch:
            short = Path(scratch) / "short.h"
            short.write_text(baseline.replace("int32_t ecrhub_wake(ecrhub_handle handle);", ""))
            whole, lacking = (abi.stubs(header, Path(scratch), header.stem) for header in (BASELINE, short))
            self.assertEqual(abi.missing_symbols(baseline, whole), [])
            self.assertEqual(abi.missing_symbols(baseline, lacking), ["ecrhub_wake"])


if __name__ == "__main__":
    tools.apt(tools.APT_ABI)
    unittest.main()
