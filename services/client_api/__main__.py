from services.client_api.main import main
from services.kit.server import run

run("client_api", main)
