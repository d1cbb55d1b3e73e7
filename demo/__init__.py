"""A small restaurant: orders come in over HTTP, a kitchen cooks them."""
