"""Pages of the fleet, a file for each part of its work."""
