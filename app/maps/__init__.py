"""The Folium page: objects in Python, one JSON block in the page, no generated code."""
