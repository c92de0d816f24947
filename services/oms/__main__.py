from services.kit.server import run
from services.oms.main import main

run("oms", main)
