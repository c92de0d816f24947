from services.kit.server import run
from services.reference.main import main

run("reference", main)
