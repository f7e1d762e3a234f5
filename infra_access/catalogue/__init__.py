"""What exists and where: organisations, facilities, instruments, their resources, and the search over them."""
