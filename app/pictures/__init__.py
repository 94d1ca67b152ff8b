"""Pictures of a published View: tiles, figures, archives."""
