from services.identity.main import main
from services.kit.server import run

run("identity", main)
