"""Finding time: the earliest slots over all facilities that one person may have, each with its decision."""
