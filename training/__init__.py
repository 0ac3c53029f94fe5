"""How our own small networks are trained: data, training, evaluation; not part of the package."""
