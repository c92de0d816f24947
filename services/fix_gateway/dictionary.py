"""The FIX 4.4 dictionary that QuickFIX validates with: the one of its package, and what providers add to it."""

import sys
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree

from services.kit.config import ConfigError

# Providers put MDEntryID (278) into full refreshes, which the standard does not have there. Without it in the
# dictionary QuickFIX would end the repeating group at that tag and refuse the rest.
ADDITIONS = (("MDFullGrp", "NoMDEntries", "MDEntryID"),)


def installed_dictionary() -> Path:
    """The FIX44.xml that came with QuickFIX. Raises `ConfigError` if it is not there."""
    places = [Path(sys.prefix) / "share" / "quickfix" / "FIX44.xml"]
    try:
        files = metadata.files("quickfix") or []
    except metadata.PackageNotFoundError:
        files = []
    places += [Path(str(file.locate())) for file in files if file.name == "FIX44.xml"]
    for place in places:
        if place.is_file():
            return place.resolve()
    raise ConfigError(f"QuickFIX's dictionary is not installed; looked for {', '.join(map(str, places))}")


def write_dictionary(folder: Path) -> Path:
    """Writes the dictionary with our additions into the folder; gives its path."""
    tree = ElementTree.parse(installed_dictionary())  # noqa: S314 -- a file of our own environment
    for component, group, field in ADDITIONS:
        element = tree.find(f"./components/component[@name='{component}']/group[@name='{group}']")
        if element is None:
            raise ConfigError(f"QuickFIX's dictionary has no group {group} in {component}")
        element.append(ElementTree.Element("field", {"name": field, "required": "N"}))
    path = folder / "FIX44.xml"
    tree.write(path)
    return path
