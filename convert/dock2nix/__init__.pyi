from dock2nix.api import Conversion as Conversion
from dock2nix.api import convert as convert
from dock2nix.api import write as write
from dock2nix.errors import Dock2nixError as Dock2nixError

__all__ = ["Conversion", "Dock2nixError", "__version__", "convert", "write"]
__version__: str
