"""The window. Imports core; nothing imports it but main.py."""
