"""python measured.py COMMAND …: runs it and prints its seconds, processor seconds and peak memory as JSON.

A process of its own because a child's peak memory is at least that of the parent it was started from; so this one stays small.
"""

import json
import os
import subprocess
import sys
import time

if __name__ == "__main__":
    start = time.perf_counter()
    child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    spent = {"seconds": time.perf_counter() - start, "cpu_seconds": usage.ru_utime + usage.ru_stime}
    print(json.dumps(spent | {"peak_gib": usage.ru_maxrss / 2**20}))
    sys.exit(1 if status else 0)
