"""The native CPU runtime: networks of 3 x 3 convolutions in C++, faster than PyTorch and as exact.

``build`` compiles ``src`` at installation, ``library`` loads the result, ``describe`` has the
operations that a network is made of, ``stream`` runs them over rows of an image, and ``kernels``
chooses by the processor, after ``self_test``. ``rrdbnet``, ``srvgg`` and ``ffdnet`` describe one
architecture each; their objects in ``networks.architectures`` name them.
"""
