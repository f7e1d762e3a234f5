"""Events stored in the writer's own transaction, delivered afterwards by the worker."""
