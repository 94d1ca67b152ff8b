"""Views for Jupyter; `import strikemap` is the public name of what is here (docs/python.md)."""

from app.notebook.local import Notebook
from app.notebook.picture import Picture
from app.notebook.remote import RemoteNotebook

__all__ = ["Notebook", "Picture", "RemoteNotebook"]
