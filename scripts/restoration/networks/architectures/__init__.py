"""The network architectures, a module each; ``networks.registry`` lists them."""
