"""Service orders: work without a slot, such as samples sent by mail, in a queue with a promised turnaround."""
