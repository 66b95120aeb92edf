"""Looks at the stores and changes none: for whoever runs a migration."""
