"""A store of buckets, as a server of its own. What is put into it says that it is as old as it is told.

Arguments: the port to listen at (0 takes any free one), the age in seconds.
"""

import json
import logging
import sys
from datetime import timedelta

import moto.s3.models
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

port, age = int(sys.argv[1]), timedelta(seconds=int(sys.argv[2]))
now = moto.s3.models.utcnow
moto.s3.models.utcnow = lambda: now() - age

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", port, DomainDispatcherApplication(create_backend_app), threaded=True)
print(json.dumps({"port": server.port}), flush=True)
server.serve_forever()
