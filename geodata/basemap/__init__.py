"""What lies under the data: land, lakes, rivers, borders and places."""
