from services.kit.server import run
from services.lp_manager.main import main

run("lp_manager", main)
