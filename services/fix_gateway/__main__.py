from services.fix_gateway.main import main
from services.kit.server import run

run("fix_gateway", main)
