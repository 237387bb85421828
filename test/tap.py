"""TAP for test scripts on the host."""
import difflib
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
ZRUN = ROOT + "/mk/zrun"
_points = _bad = 0


def ok(good, what, detail=None):
    """One point; detail is printed when it is not good."""
    global _points, _bad
    _points += 1
    _bad += not good
    print(f"{'' if good else 'not '}ok {_points} - {what}", flush=True)
    if not good and detail is not None:
        for line in str(detail).splitlines()[:20]:
            print("# " + line[:300], flush=True)
    return good


def equal(got, want, what):
    """Of texts of many lines those are shown that differ."""
    if isinstance(got, str) and isinstance(want, str) and min(got.count("\n"), want.count("\n")) > 5:
        return ok(got == want, what, "\n".join(difflib.unified_diff(want.splitlines(), got.splitlines(), "want", "got", "", "", 0, "")))
    return ok(got == want, what, f"got  {got!r}\nwant {want!r}")


def done():
    print(f"1..{_points}")
    sys.exit(_bad != 0)
