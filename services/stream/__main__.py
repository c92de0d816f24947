"""Runs stream."""

from services.kit.server import run
from services.stream.main import main

run("stream", main)
