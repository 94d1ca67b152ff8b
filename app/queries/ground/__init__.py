"""Control of the ground: areas, changes, agreement of sources, and the ground of incidents."""
