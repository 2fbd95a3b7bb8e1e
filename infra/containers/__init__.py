"""The functions as containers: images, gateway, compose."""
