"""A cluster by hand: `python -m tests.cluster`, until Ctrl-C."""

import sys
import threading

from tests.cluster import Cluster, ClusterMissing

try:
    with Cluster() as cluster:
        print(f"KB_ENGINE={cluster.engine_url('servicebook')}", flush=True)
        print(f"Log: {cluster.log}. Stop with Ctrl-C.", file=sys.stderr)
        threading.Event().wait()
except ClusterMissing as missing:
    sys.exit(f"No cluster: {missing}")
except KeyboardInterrupt:
    pass
