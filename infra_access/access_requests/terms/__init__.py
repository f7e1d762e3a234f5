"""Terms: what a route offers, what both sides accept, and the frameworks that stand above them."""
