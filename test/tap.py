"""TAP for test scripts on the host."""
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
    return ok(got == want, what, f"got  {got!r}\nwant {want!r}")


def done():
    print(f"1..{_points}")
    sys.exit(_bad != 0)
