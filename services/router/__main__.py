from services.kit.server import run
from services.router.main import main

run("router", main)
