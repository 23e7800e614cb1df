"""Source code for a process of its own that measures the most memory it took."""

# Without /proc, as on macOS, the peak cannot be forgotten. On Linux it must be: `ru_maxrss` of a
# process begins with that of the process that started it.
PEAK = """
import os, sys

def peak():
    if os.path.exists("/proc/self/status"):
        with open("/proc/self/status") as status:
            return int(status.read().split("VmHWM:")[1].split()[0]) * 1024
    import resource
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

def forget():
    "The peak so far, where that is possible."
    if os.path.exists("/proc/self/clear_refs"):
        with open("/proc/self/clear_refs", "w") as references:
            references.write("5")
"""
