"""The supervisor as a process of its own; `tradeloom up` starts it."""

import os
import sys

# The supervisor makes processes while it speaks gRPC; they only ever exec.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from local.daemon import main

sys.exit(main(sys.argv[1:]))
