from services.bbook.main import main
from services.kit.server import run

run("bbook", main)
